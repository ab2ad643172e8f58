// Which answer tokens are trained on (methods 2.11, arXiv 2501.14315). Masked tokens stay in the context; only their
// loss is left out. Masks are decided once, from the base model's token probabilities, and never recomputed.
import { alignAnswer, placeInAnswer } from '../data/alignAnswer.ts';
import type { TokenMask } from '../shared/experiment.ts';
import { createRandom, hashSeed } from '../shared/random.ts';
import { permutation } from './random.ts';

/** The answer tokens of one target as a mask sees them. */
export interface MaskableTarget {
  /** Natural log probability of every answer token under the base model. */
  logprobs: readonly number[];
  /** Index of the end-of-turn token among the answer tokens, -1 if there is none. */
  endIndex: number;
}

/** One mask over a set of targets: `masked[target][token]` is true where the loss is left out. */
export interface MaskResult {
  masked: boolean[][];
  /** Share of answer tokens masked, end-of-turn tokens included. */
  share: number;
  /** Share of end-of-turn tokens masked; 0 when there are none. */
  eosShare: number;
  /** Share of end-of-turn tokens that the rule would mask if they were not protected. */
  eosShareUnprotected: number;
}

/** Applies a mask rule to all targets of a stage. `seed` only matters for the random control. */
export function maskTargets(targets: readonly MaskableTarget[], rule: TokenMask, seed: number): MaskResult {
  switch (rule.kind) {
    case 'none':
      return summarise(
        targets,
        targets.map((target) => target.logprobs.map(() => false)),
        0,
      );
    case 'stm': {
      const masked = targets.map((target) => hardTokens(target, rule.tau, rule.protectEos));
      return summarise(targets, masked, hardEosShare(targets, rule.tau));
    }
    case 'random':
      return summarise(targets, randomTokens(targets, rule, seed), 0);
    default:
      return rule satisfies never;
  }
}

/** A mask with further tokens left out: those that the rows of a dataset mask themselves, `own[target][token]`. */
export function withOwnMasks(
  targets: readonly MaskableTarget[],
  result: MaskResult,
  own: readonly (readonly boolean[])[],
): MaskResult {
  const masked = result.masked.map((row, target) => row.map((left, token) => left || own[target]?.[token] === true));
  return summarise(targets, masked, result.eosShareUnprotected);
}

/** Tokens whose perplexity exp(-logprob) is above tau. */
function hardTokens(target: MaskableTarget, tau: number, protectEos: boolean): boolean[] {
  const threshold = -Math.log(tau);
  return target.logprobs.map((logprob, index) => logprob < threshold && !(protectEos && index === target.endIndex));
}

/**
 * Masks an exact number of tokens drawn uniformly from all targets together: the given share, or as many as STM would
 * mask on the same targets, so that the control differs from STM in nothing but the choice of tokens.
 */
function randomTokens(
  targets: readonly MaskableTarget[],
  rule: Extract<TokenMask, { kind: 'random' }>,
  seed: number,
): boolean[][] {
  const candidates: [target: number, token: number][] = [];
  let tokens = 0;
  let hard = 0;
  targets.forEach((target, index) => {
    tokens += target.logprobs.length;
    hard += hardTokens(target, rule.tau, rule.protectEos).filter(Boolean).length;
    target.logprobs.forEach((_, token) => {
      if (!(rule.protectEos && token === target.endIndex)) candidates.push([index, token]);
    });
  });
  const wanted = Math.min(candidates.length, rule.rate === 'stm' ? hard : Math.round(rule.rate * tokens));
  const masked = targets.map((target) => target.logprobs.map(() => false));
  const order = permutation(candidates.length, createRandom(hashSeed('mask', seed)));
  for (const choice of order.slice(0, wanted)) {
    const [target, token] = candidates[choice] as [number, number];
    (masked[target] as boolean[])[token] = true;
  }
  return masked;
}

function hardEosShare(targets: readonly MaskableTarget[], tau: number): number {
  const ends = targets.filter((target) => target.endIndex >= 0);
  const hard = ends.filter((target) => (target.logprobs[target.endIndex] as number) < -Math.log(tau));
  return ends.length === 0 ? 0 : hard.length / ends.length;
}

function summarise(targets: readonly MaskableTarget[], masked: boolean[][], eosShareUnprotected: number): MaskResult {
  let tokens = 0;
  let left = 0;
  let ends = 0;
  let endsLeft = 0;
  masked.forEach((row, index) => {
    const { endIndex } = targets[index] as MaskableTarget;
    tokens += row.length;
    left += row.filter(Boolean).length;
    if (endIndex >= 0) ends++;
    if (endIndex >= 0 && row[endIndex]) endsLeft++;
  });
  return {
    masked,
    share: tokens === 0 ? 0 : left / tokens,
    eosShare: ends === 0 ? 0 : endsLeft / ends,
    eosShareUnprotected,
  };
}

/** The answer tokens of one target with their places in the text that was scored. */
export interface AnswerTokens {
  text: string;
  /** UTF-16 offsets in `text`. */
  starts: readonly number[];
  ends: readonly number[];
  endIndex: number;
}

/**
 * Joins masked tokens into spans of UTF-16 offsets in the answer as the dataset has it. The end of turn and what a template
 * writes around the answer have no span. Characters are whole: one masked byte of a character masks it.
 */
export function maskSpans(
  masked: readonly boolean[],
  tokens: AnswerTokens,
  answer: string,
): [start: number, end: number][] {
  const spans: [number, number][] = [];
  if (!masked.includes(true)) return spans;
  const places = placesInAnswer(tokens, answer) ?? [];
  for (const [index, place] of places.entries()) {
    if (!masked[index] || !place) continue;
    const [start, end] = place;
    const last = spans.at(-1);
    if (last && last[1] >= start) last[1] = Math.max(last[1], end);
    else spans.push([start, end]);
  }
  return spans;
}

/** Per token its stretch of the answer, if it has one; undefined where the template has written something else altogether. */
function placesInAnswer(
  tokens: AnswerTokens,
  answer: string,
): ([start: number, end: number] | undefined)[] | undefined {
  const alignment = alignAnswer(answer, tokens.text);
  return (
    alignment &&
    tokens.starts.map((_, index) => {
      if (index === tokens.endIndex) return undefined;
      const [from, to] = charactersOf(tokens, index);
      const [start, end] = [placeInAnswer(alignment, from), placeInAnswer(alignment, to)];
      return start < end ? [start, end] : undefined;
    })
  );
}

/**
 * The characters of a token. Of the tokens that share a character only the first has it in its offsets; an empty one belongs
 * to the character before it, and at the beginning to the first.
 */
function charactersOf({ text, starts, ends }: AnswerTokens, index: number): [start: number, end: number] {
  const [start, end] = [starts[index] as number, ends[index] as number];
  if (end > start) return [start, end];
  if (start === 0) return [0, (text.codePointAt(0) ?? 0) > 0xffff ? 2 : 1];
  return [start - ((text.codePointAt(start - 2) ?? 0) > 0xffff ? 2 : 1), start];
}

/** The spans of a row's `mask` column, as `forgetting-lab targets` writes it; none when it is absent or damaged. */
export function spansOfColumn(value: unknown): [start: number, end: number][] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (span): span is [number, number] =>
      Array.isArray(span) && span.length === 2 && span.every((bound) => Number.isInteger(bound)),
  );
}

/**
 * The tokens that spans of the answer leave out: the way back from `maskSpans`, whatever tokenizer wrote them. A token that
 * is only partly inside is left out as well, so that nothing masked is trained on; where the template has written something
 * else altogether, the spans have no place and every token is left out.
 */
export function tokensInSpans(
  spans: readonly (readonly [start: number, end: number])[],
  tokens: AnswerTokens,
  answer: string,
): boolean[] {
  if (spans.length === 0) return tokens.starts.map(() => false);
  const places = placesInAnswer(tokens, answer);
  if (!places) return tokens.starts.map(() => true);
  return places.map((place) => place !== undefined && spans.some(([from, to]) => place[0] < to && place[1] > from));
}
