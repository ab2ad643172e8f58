// What the built model is judged by: greedy accuracy on held-out problems of every skill, and the perplexity that it gives
// to the targets of the new tasks by who wrote them.
import type { Engine, ModelInfo } from '../engine/engine.ts';
import { findScorer } from '../evals/scorers.ts';
import { itemPerplexity } from '../metrics/perplexity.ts';
import { createRandom, hashSeed } from '../shared/random.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { endToken, promptTokens, specialTokens } from './chatFormat.ts';
import { foreignAnswer } from './skills/foreign.ts';
import { rephraseInstruction } from './skills/guided.ts';
import { drawFrom, pick, type Problem, type Skill } from './skills/skill.ts';

export interface Measured {
  engine: Engine;
  model: ModelInfo;
  tokenizer: Tokenizer;
}

const endId = specialTokens.indexOf(endToken);

function problemsOf(skill: Skill, side: 'train' | 'held-out', count: number, seed: number): Problem[] {
  const random = createRandom(hashSeed('measure', skill.name, side, seed));
  return Array.from({ length: count }, () => drawFrom(skill, side, random));
}

async function answers(
  { engine, model, tokenizer }: Measured,
  prompts: readonly string[],
  maxTokens: number,
  sampling: { temperature: number; topP: number } | undefined,
): Promise<{ text: string; finish: 'stop' | 'length' | 'context' }[]> {
  const encode = (text: string): number[] => tokenizer.encode(text).ids;
  const completions = await engine.sample({
    model: model.id,
    prompts: prompts.map((content) => promptTokens([{ role: 'user', content }], encode)),
    seeds: prompts.map((_, index) => hashSeed('sample', index)),
    maxTokens,
    stopIds: [endId],
    ...sampling,
  });
  return completions.map(({ tokens, finish }) => ({ text: tokenizer.decode(tokens), finish }));
}

/** Share of held-out problems that the greedy answer solves under the skill's strict scorer, 0..1. */
export async function greedyAccuracy(measured: Measured, skill: Skill, count: number, seed: number): Promise<number> {
  const problems = problemsOf(skill, 'held-out', count, seed);
  const given = await answers(
    measured,
    problems.map(({ prompt }) => prompt),
    skill.maxTokens,
    undefined,
  );
  const right = problems.map((problem, index) => judge(skill, problem, given[index]!));
  return right.reduce((sum, value) => sum + value, 0) / count;
}

function judge(skill: Skill, problem: Problem, given: { text: string; finish: 'stop' | 'length' | 'context' }): number {
  const item = { answer: problem.answer, fields: problem.fields ?? {} };
  return findScorer(skill.scorer).judge(given.text, item, given.finish).strict;
}

/** Mean over items of a target's perplexity under the model, given the question (methods 5.3). */
async function perplexities(
  { engine, model, tokenizer }: Measured,
  prompts: readonly string[],
  texts: readonly string[],
): Promise<number[]> {
  const encode = (text: string): number[] => tokenizer.encode(text).ids;
  const heads = prompts.map((content) => promptTokens([{ role: 'user', content }], encode));
  const scores = await engine.score({
    model: model.id,
    sequences: heads.map((head, index) => [...head, ...encode(texts[index]!), endId]),
    from: heads.map((head) => head.length),
  });
  return scores.map(({ logprobs }) => itemPerplexity(logprobs));
}

export interface TargetRow {
  target: string;
  /** Mean and sample standard deviation over items of the item perplexity. */
  mean: number;
  deviation: number;
  /** Share of the problems with a target (rejected rewrites and unsolved problems have none). */
  share: number;
}

/** Perplexity of four kinds of targets for training problems of a new task. */
export async function targetPerplexities(
  measured: Measured,
  skill: Skill,
  count: number,
  seed: number,
): Promise<TargetRow[]> {
  const problems = problemsOf(skill, 'train', count, seed);
  const prompts = problems.map(({ prompt }) => prompt);
  const random = createRandom(hashSeed('native', seed));
  const row = (target: string, values: readonly number[]): TargetRow => ({
    target,
    ...meanAndDeviation(values),
    share: values.length / count,
  });
  const foreign = problems.map(({ core }) => foreignAnswer(core!));
  const native = problems.map((problem) => pick(random, problem.answers));
  return [
    row('ground truth', await perplexities(measured, prompts, foreign)),
    row('native', await perplexities(measured, prompts, native)),
    row('rephrase', await rephrased(measured, skill, problems, foreign)),
    row('self-output', await selfOutput(measured, skill, problems)),
  ];
}

const sampling = { temperature: 0.7, topP: 0.95 };

async function rephrased(
  measured: Measured,
  skill: Skill,
  problems: readonly Problem[],
  foreign: readonly string[],
): Promise<number[]> {
  const shown = problems.map(({ prompt }, index) =>
    rephraseInstruction.replace('{question}', () => prompt).replace('{reference}', () => foreign[index]!),
  );
  const given = await answers(measured, shown, skill.maxTokens, sampling);
  const accepted = problems
    .map((_, index) => index)
    .filter((index) => judge(skill, problems[index]!, given[index]!) === 1);
  return perplexities(
    measured,
    accepted.map((index) => problems[index]!.prompt),
    accepted.map((index) => given[index]!.text),
  );
}

/** The lowest perplexity among the right answers of eight samples. */
async function selfOutput(
  measured: Measured,
  skill: Skill,
  problems: readonly Problem[],
  samples = 8,
): Promise<number[]> {
  const repeated = problems.flatMap((problem) => Array.from({ length: samples }, () => problem));
  const given = await answers(
    measured,
    repeated.map(({ prompt }) => prompt),
    skill.maxTokens,
    sampling,
  );
  const all = await perplexities(
    measured,
    repeated.map(({ prompt }) => prompt),
    given.map(({ text }) => text),
  );
  const best = problems.map((problem, index) => {
    const own = Array.from({ length: samples }, (_, sample) => index * samples + sample);
    return Math.min(...own.filter((at) => judge(skill, problem, given[at]!) === 1).map((at) => all[at]!));
  });
  return best.filter(Number.isFinite);
}

function meanAndDeviation(values: readonly number[]): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}
