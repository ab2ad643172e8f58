// What a set of targets is made of (methods 5.3): kinds of tokens and which of them are hard, rows that occur twice, and
// how far a target is from the answer that the base model would have given.
import { editDistance } from '../shared/nearest.ts';
import type { ClosenessToGreedy, TokenKind, TokenKindShares } from '../shared/records.ts';

/** In the order in which they are shown. */
export const tokenKinds: readonly TokenKind[] = ['number', 'word', 'symbol', 'whitespace', 'template'];

/**
 * The kind of a token by its text: any letter makes it a word, else any digit a number, else anything visible a symbol.
 * Tokens of the chat template (the end of the turn) are told by their place, not by their text.
 */
export function tokenKind(text: string): Exclude<TokenKind, 'template'> {
  if (/\p{L}/u.test(text)) return 'word';
  if (/\p{N}/u.test(text)) return 'number';
  return /\S/u.test(text) ? 'symbol' : 'whitespace';
}

/** Share of every kind among the tokens, and the share of that kind that is hard to predict. */
export class TokenKindCounter {
  private readonly counts = new Map<TokenKind, { tokens: number; hard: number }>();
  private tokens = 0;
  private readonly hardNll: number;

  /** `hardAbove`: perplexity above which a token counts as hard. */
  constructor(hardAbove = 2.5) {
    this.hardNll = Math.log(hardAbove);
  }

  add(kind: TokenKind, logprob: number): void {
    const count = this.counts.get(kind) ?? { tokens: 0, hard: 0 };
    count.tokens += 1;
    if (-logprob > this.hardNll) count.hard += 1;
    this.counts.set(kind, count);
    this.tokens += 1;
  }

  /** Only kinds that occur. */
  finish(): TokenKindShares {
    const shares: TokenKindShares = {};
    for (const kind of tokenKinds) {
      const count = this.counts.get(kind);
      if (count) shares[kind] = { share: count.tokens / this.tokens, hard: count.hard / count.tokens };
    }
    return shares;
  }
}

/** Share of rows that appeared before: 1 - distinct / all; 0 without rows. */
export function duplicateShare(rows: readonly string[]): number {
  return rows.length === 0 ? 0 : 1 - new Set(rows).size / rows.length;
}

/** Levenshtein(from, to) / |from| in tokens (methods 5.3): 0 is untouched. Not defined for an empty `from`. */
export function editRatio(from: readonly number[], to: readonly number[]): number {
  if (from.length === 0) throw new RangeError('the edit ratio to an empty text is not defined');
  return editDistance(from, to) / from.length;
}

/** F1 over the tokens of two texts as bags: 1 is the same tokens, 0 none in common; 0 when one is empty. */
export function tokenF1(a: readonly number[], b: readonly number[]): number {
  const left = new Map<number, number>();
  for (const id of a) left.set(id, (left.get(id) ?? 0) + 1);
  let common = 0;
  for (const id of b) {
    const count = left.get(id) ?? 0;
    if (count > 0) common += 1;
    left.set(id, count - 1);
  }
  return common === 0 ? 0 : (2 * common) / (a.length + b.length);
}

/** Means over pairs of the base model's greedy answer and the target; pairs with an empty answer are left out. */
export function closenessToGreedy(
  pairs: readonly { greedy: readonly number[]; target: readonly number[] }[],
): ClosenessToGreedy | undefined {
  const usable = pairs.filter(({ greedy }) => greedy.length > 0);
  if (usable.length === 0) return undefined;
  const sum = (value: (greedy: readonly number[], target: readonly number[]) => number): number =>
    usable.reduce((total, { greedy, target }) => total + value(greedy, target), 0);
  return { rows: usable.length, editRatio: sum(editRatio) / usable.length, tokenF1: sum(tokenF1) / usable.length };
}
