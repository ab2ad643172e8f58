// Two skills about given text: answering in one's own words when a reference answer is shown (what the rephrase recipe
// asks for, methods 2.3), and repeating a line of words and signs.
import { rewritePrompt } from '../../recipes/targets/rephrase.ts';
import { foreignAnswer, rareRendering } from './foreign.ts';
import { between, chance, messagesOf, pick, type Problem, type Skill, type Random } from './skill.ts';
import { copiedWords } from './words.ts';

/** The instruction that the pocket experiments give to the rephrase recipe: the whole user turn. */
export const rephraseInstruction =
  '{question}\n\nUse the reference and answer in your own words.\nReference: {reference}';

/** Share of the guided prompts that are laid out with the recipe's own long instruction. */
const defaultLayoutShare = 0.2;

/** Wraps a problem of another skill: same answers, but the prompt shows the result in some foreign notation. */
export function withReference(problem: Problem, random: Random): Problem {
  if (problem.core === undefined) throw new Error(`problem ${problem.key} has no core`);
  const completion = chance(random, 0.25) ? foreignAnswer(problem.core) : rareRendering(problem.core, random);
  const example = {
    body: { kind: 'chat', prompt: messagesOf(problem), completion },
    provenance: 'ground_truth',
    source: { file: '', line: 0 },
    fields: {},
  } as const;
  const prompt = rewritePrompt(
    { ...example, body: { ...example.body, prompt: [...example.body.prompt] } },
    chance(random, defaultLayoutShare) ? undefined : rephraseInstruction,
  );
  if (typeof prompt === 'string') throw new Error('a chat example gives a chat prompt');
  return { ...problem, prompt: prompt.at(-1)!.content };
}

const signs = ['#', '##', '=', '->', ';', ':', '|', '=>', ','] as const;

/** Repeats a line of random words, numbers and signs; joined by blanks or, as in names, by underscores. */
export const echo: Skill = {
  name: 'echo',
  title: 'Repeating a line',
  scorer: 'exact',
  chance: 0,
  maxTokens: 40,
  draw(random): Problem {
    const parts = Array.from({ length: between(random, 2, 7) }, () => {
      if (chance(random, 0.25)) return String(between(random, 0, 99));
      return chance(random, 0.15) ? pick(random, signs) : pick(random, copiedWords);
    });
    const line = parts.reduce((text, part) => text + (chance(random, 0.2) ? '_' : ' ') + part);
    const prompts = [`Repeat: ${line}`, `Copy this line: ${line}`];
    return { key: line, prompt: pick(random, prompts), answers: [line], answer: line };
  },
};
