// Two facts, one question: who got what, or what was left where. In the facts as in the answers, the value follows its key
// at once: a model of this size learns to look it up then, and did not with words in between (docs/pocketLab.md).
import { between, chance, pick, pickSeveral, type Problem, type Random, type Skill } from './skill.ts';
import { foods, people, things, whereabouts, withOpeners } from './words.ts';

type Topic = 'ownership' | 'place';

/** "Mia tea" or "the ring upstairs". */
interface Fact {
  key: string;
  value: string;
}

const lead: Record<Topic, string> = { ownership: 'We gave', place: 'We left' };

function drawFacts(random: Random, topic: Topic, count: number): Fact[] {
  const keys = pickSeveral<string>(random, topic === 'ownership' ? people : things, count);
  const values = pickSeveral<string>(random, topic === 'ownership' ? foods : whereabouts, count);
  const article = topic === 'ownership' ? '' : 'the ';
  return keys.map((key, index) => ({ key: article + key, value: values[index]! }));
}

/** "We gave Mia tea, Eva soup and Ben rice." */
function tell(topic: Topic, facts: readonly Fact[]): string {
  const parts = facts.map(({ key, value }) => `${key} ${value}`);
  const last = parts.pop()!;
  return `${lead[topic]} ${parts.length > 0 ? `${parts.join(', ')} and ` : ''}${last}.`;
}

const drawTopic = (random: Random): Topic => (chance(random, 0.5) ? 'ownership' : 'place');

export const objects: Skill = {
  name: 'objects',
  title: 'Questions about two objects',
  scorer: 'choice',
  chance: 0.5,
  maxTokens: 24,
  draw(random): Problem {
    const topic = drawTopic(random);
    const facts = drawFacts(random, topic, 2);
    const asked = pick(random, facts);
    const told = tell(topic, facts);
    const question = topic === 'ownership' ? `What did ${asked.key} get?` : `Where is ${asked.key}?`;
    const answer = tell(topic, [asked]);
    const small = answer[0]!.toLowerCase() + answer.slice(1);
    const answers = [answer, `I read that ${small}`, `It says: ${small}`, `I think ${small}`];
    return {
      key: `${told} ${asked.key}`,
      prompt: pick(random, [`${told} ${question}`, `Read this. ${told} ${question}`]),
      answers: withOpeners(answers, random),
      answer: asked.value,
      fields: { choices: [...(topic === 'ownership' ? foods : whereabouts)] },
      core: { kind: 'value', value: asked.value, operands: [asked.key] },
    };
  },
};

/** Three to five facts, two or three of them asked for: more practice in looking up than one question gives. */
export const factLists: Skill = {
  name: 'fact-lists',
  title: 'Questions about several objects',
  scorer: 'exact',
  chance: 0,
  maxTokens: 40,
  draw(random): Problem {
    const topic = drawTopic(random);
    const facts = drawFacts(random, topic, between(random, 3, 5));
    const asked = pickSeveral(random, facts, between(random, 2, 3));
    const answer = tell(topic, asked);
    const names = asked.map(({ key }) => key).join(' and ');
    const told = tell(topic, facts);
    return { key: told, prompt: `${told} Tell me about ${names}.`, answers: [answer], answer };
  },
};
