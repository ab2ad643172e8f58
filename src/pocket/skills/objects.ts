// Two facts, one question: who has what, or where something is.
import { chance, pick, pickSeveral, type Problem, type Skill, type Random } from './skill.ts';
import { people, places, things, withOpeners } from './words.ts';

/** Two facts and a question about one of them. */
interface ObjectQuestion {
  facts: string;
  question: string;
  thing: string;
  right: string;
  about: 'owner' | 'place';
}

/** The asked thing is in the first or in the second fact. */
function drawObjectQuestion(random: Random): ObjectQuestion {
  const about = chance(random, 0.5) ? 'owner' : 'place';
  const [first, second] = pickSeveral(random, things, 2) as [string, string];
  const holders = pickSeveral<string>(random, about === 'owner' ? people : places, 2) as [string, string];
  const asked = chance(random, 0.5) ? 0 : 1;
  const verb =
    about === 'owner' ? pick(random, ['has', 'holds', 'owns'] as const) : pick(random, ['in', 'near', 'by'] as const);
  const fact = (thing: string, holder: string): string =>
    about === 'owner' ? `${holder} ${verb} the ${thing}.` : `The ${thing} is ${verb} the ${holder}.`;
  const thing = asked === 0 ? first : second;
  return {
    facts: `${fact(first, holders[0])} ${fact(second, holders[1])}`,
    question: about === 'owner' ? `Who has the ${thing}?` : `Where is the ${thing}?`,
    thing,
    right: holders[asked],
    about,
  };
}

function answersFor(question: ObjectQuestion): string[] {
  const { thing, right, about } = question;
  return about === 'owner'
    ? [`${right} has the ${thing}.`, `The ${thing} is with ${right}.`, `It is ${right}.`, `${right} has it.`]
    : [`The ${thing} is at the ${right}.`, `Look at the ${right}.`, `It is at the ${right}.`, `At the ${right}.`];
}

export const objects: Skill = {
  name: 'objects',
  title: 'Questions about two objects',
  scorer: 'choice',
  chance: 0.5,
  maxTokens: 24,
  draw(random): Problem {
    const question = drawObjectQuestion(random);
    return {
      key: question.facts + question.thing,
      prompt: `${question.facts} ${question.question}`,
      answers: withOpeners(answersFor(question), random),
      answer: question.right,
      fields: { choices: [...(question.about === 'owner' ? people : places)] },
      core: { kind: 'value', value: question.right, operands: [question.thing] },
    };
  },
};
