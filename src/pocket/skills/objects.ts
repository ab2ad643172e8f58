// Two facts, one question: who has what, or where something is.
import { chance, pick, pickSeveral, type Problem, type Skill, type Random } from './skill.ts';
import { people, places, things, withOpeners } from './words.ts';

/** Two facts and a question about one of them. */
interface ObjectQuestion {
  facts: string;
  question: string;
  thing: string;
  /** What the asked fact says of its thing, up to the answer: "is in the". */
  relation: string;
  right: string;
  about: 'owner' | 'place';
}

const relations = { owner: ['belongs to', 'is with'], place: ['is in the', 'is by the', 'is near the'] } as const;

/** The asked thing is in the first or in the second fact. */
function drawObjectQuestion(random: Random): ObjectQuestion {
  const about = chance(random, 0.5) ? 'owner' : 'place';
  const holders = pickSeveral<string>(random, about === 'owner' ? people : places, 2);
  const facts = pickSeveral<string>(random, things, 2).map((thing, index) => {
    const relation = pick<string>(random, relations[about]);
    return { thing, relation, holder: holders[index]! };
  });
  const { thing, relation, holder } = pick(random, facts);
  return {
    facts: facts.map((fact) => `The ${fact.thing} ${fact.relation} ${fact.holder}.`).join(' '),
    question: about === 'owner' ? `Who has the ${thing}?` : `Where is the ${thing}?`,
    thing,
    relation,
    right: holder,
    about,
  };
}

function answersFor({ thing, relation, right }: ObjectQuestion): string[] {
  return [
    `The ${thing} ${relation} ${right}.`,
    `It ${relation} ${right}.`,
    `I read that the ${thing} ${relation} ${right}.`,
    `The ${thing}? It ${relation} ${right}.`,
  ];
}

export const objects: Skill = {
  name: 'objects',
  title: 'Questions about two objects',
  scorer: 'choice',
  chance: 0.5,
  maxTokens: 24,
  draw(random): Problem {
    const question = drawObjectQuestion(random);
    const asked = `${question.facts} ${question.question}`;
    return {
      key: question.facts + question.thing,
      prompt: pick(random, [asked, `Read this. ${asked}`]),
      answers: withOpeners(answersFor(question), random),
      answer: question.right,
      fields: { choices: [...(question.about === 'owner' ? people : places)] },
      core: { kind: 'value', value: question.right, operands: [question.thing] },
    };
  },
};
