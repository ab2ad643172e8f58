// Addition and subtraction of two-digit numbers whose result stays below one hundred. Addition is an old skill of the
// base; subtraction is the new task, of which the base has seen a little.
import { between, pick, type Problem, type Skill, type Random } from './skill.ts';
import { people, withOpeners } from './words.ts';

function additionPrompts(a: number, b: number, person: string): string[] {
  return [
    `What is ${a} + ${b}?`,
    `${a} + ${b} = ?`,
    `Add ${a} and ${b}.`,
    `Compute ${a} plus ${b}.`,
    `What is the sum of ${a} and ${b}?`,
    `${person} has ${a} coins and gets ${b} more. How many now?`,
  ];
}

function subtractionPrompts(a: number, b: number, person: string): string[] {
  return [
    `What is ${a} - ${b}?`,
    `${a} - ${b} = ?`,
    `Take ${b} from ${a}.`,
    `Compute ${a} minus ${b}.`,
    `What is left of ${a} after ${b} are gone?`,
    `${person} has ${a} coins and loses ${b}. How many now?`,
  ];
}

function answersFor(a: number, b: number, sign: '+' | '-', result: number, random: Random): string[] {
  const word = sign === '+' ? 'plus' : 'minus';
  return withOpeners(
    [
      `${a} ${sign} ${b} = ${result}. The answer is ${result}.`,
      `Let me work it out. ${a} ${sign} ${b} = ${result}.`,
      `${a} ${word} ${b} is ${result}.`,
      `We have ${a} ${sign} ${b} = ${result}, so the answer is ${result}.`,
      `That makes ${result}.`,
      `The answer is ${result}.`,
    ],
    random,
  );
}

/** 10..89 plus 10..89 with a sum of at most 99. */
export const arithmetic: Skill = {
  name: 'arithmetic',
  title: 'Addition of two-digit numbers',
  scorer: 'last_number',
  chance: 0,
  maxTokens: 40,
  draw(random): Problem {
    const total = between(random, 20, 99);
    const a = between(random, 10, total - 10);
    const b = total - a;
    return {
      key: `${a}+${b}`,
      prompt: pick(random, additionPrompts(a, b, pick(random, people))),
      answers: answersFor(a, b, '+', total, random),
      answer: String(total),
      core: { kind: 'value', value: String(total), operands: [String(a), String(b)] },
    };
  },
};

/** 20..99 minus 10..89 with a result of at least 1. */
export const subtraction: Skill = {
  name: 'subtraction',
  title: 'Subtraction of two-digit numbers',
  scorer: 'last_number',
  chance: 0,
  maxTokens: 40,
  draw(random): Problem {
    const a = between(random, 20, 99);
    const b = between(random, 10, a - 1);
    return {
      key: `${a}-${b}`,
      prompt: pick(random, subtractionPrompts(a, b, pick(random, people))),
      answers: answersFor(a, b, '-', a - b, random),
      answer: String(a - b),
      core: { kind: 'value', value: String(a - b), operands: [String(a), String(b)] },
    };
  },
};
