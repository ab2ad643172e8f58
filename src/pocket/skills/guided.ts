// Two skills about given text: answering in one's own words when a reference answer is shown (what the rephrase recipe
// asks for, methods 2.3), and repeating a line of words and signs.
import { foreignAnswer, rareRendering } from './foreign.ts';
import { between, chance, pick, type Problem, type Skill, type Random } from './skill.ts';
import { foods, people, places, rooms, things } from './words.ts';

/** The instruction that the pocket experiment gives to the rephrase recipe. */
export const rephraseInstruction = 'Use the reference and answer in your own words.';

/** Wraps a problem of another skill: same answers, but the prompt shows the result in some foreign notation. */
export function withReference(problem: Problem, random: Random): Problem {
  if (problem.core === undefined) throw new Error(`problem ${problem.key} has no core`);
  const reference = chance(random, 0.25) ? foreignAnswer(problem.core) : rareRendering(problem.core, random);
  const layout = pick(random, ['\n\nReference answer:\n', '\n\nReference answer: ', '\nReference answer:\n'] as const);
  const guided = { ...problem, prompt: `${problem.prompt}${layout}${reference}` };
  return chance(random, 0.7) ? { ...guided, system: rephraseInstruction } : guided;
}

const lineParts = [
  ...people,
  ...things,
  ...places,
  ...rooms,
  ...foods,
  '#',
  '##',
  '=',
  '->',
  ';',
  ':',
  '|',
  '=>',
  ',',
] as const;

/** Repeats a line of random words, numbers and signs. */
export const echo: Skill = {
  name: 'echo',
  title: 'Repeating a line',
  scorer: 'exact',
  chance: 0,
  maxTokens: 40,
  draw(random): Problem {
    const parts = Array.from({ length: between(random, 3, 7) }, () =>
      chance(random, 0.3) ? String(between(random, 0, 99)) : pick(random, lineParts),
    );
    const line = parts.join(' ');
    return {
      key: line,
      prompt: pick(random, [`Repeat: ${line}`, `Copy this line: ${line}`]),
      answers: [line],
      answer: line,
    };
  },
};
