// Answers wrapped in JSON under a key that the prompt names: format following on top of three other skills.
import { arithmetic } from './arithmetic.ts';
import { sentiment } from './sentiment.ts';
import { drawFrom, pick, type Problem, type Skill, type Random } from './skill.ts';
import { sorting } from './sorting.ts';

const keys = ['answer', 'result', 'label', 'value', 'output', 'reply', 'data', 'final'] as const;

interface Question {
  text: string;
  value: string | number;
  key: string;
}

/** Questions that are held out of their own skill do not appear here either. */
const sources: readonly ((random: Random) => Question)[] = [
  (random) => {
    const problem = drawFrom(arithmetic, 'train', random);
    return { text: problem.prompt, value: Number(problem.answer), key: problem.key };
  },
  (random) => {
    const problem = drawFrom(sentiment, 'train', random);
    return {
      text: `Is this review positive or negative? ${problem.key}`,
      value: String(problem.answer),
      key: problem.key,
    };
  },
  (random) => {
    const problem = drawFrom(sorting, 'train', random);
    return { text: problem.prompt, value: String(problem.answer), key: problem.key };
  },
];

export const jsonAnswers: Skill = {
  name: 'json',
  title: 'Answers in JSON',
  scorer: 'json_answer',
  chance: 0,
  maxTokens: 32,
  draw(random): Problem {
    const question = pick(random, sources)(random);
    const key = pick(random, keys);
    const value = JSON.stringify(question.value);
    const prompts = [
      `${question.text} Answer in JSON with the key "${key}".`,
      `${question.text} Reply in JSON. Key: "${key}".`,
      `${question.text} Use JSON and the key "${key}".`,
    ];
    return {
      key: `${question.key}/${key}`,
      prompt: pick(random, prompts),
      answers: [`{"${key}": ${value}}`, `{"${key}": ${value}}`, `{ "${key}": ${value} }`, `{"${key}":${value}}`],
      answer: { key, value: question.value },
      core: { kind: 'value', value: String(question.value), operands: [] },
    };
  },
};
