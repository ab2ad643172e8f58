// Tokens of the answer inside a row's raw JSON, through escapes, so that they can be coloured in the text of the file.
import type { AnswerPlace } from '../../src/shared/protocol/lab/datasetView.ts';
import type { ScoredToken } from '../../src/shared/records.ts';

/** Raw offset of every UTF-16 unit of a JSON string, and of its end, as far as the text goes. */
function unitsOf(raw: string, { start, end }: AnswerPlace): number[] {
  const at: number[] = [];
  let k = start;
  while (k < end) {
    const escape = raw[k] === '\\';
    const length = escape ? (raw[k + 1] === 'u' ? 6 : 2) : 1;
    // Cut here, or within an escape: what it would have been is not known.
    if (k + length > raw.length) break;
    at.push(k);
    k += length;
  }
  return [...at, k];
}

/** Tokens of an answer with offsets in the raw row, for the strings that the answer stands in; the row may be cut. */
export function tokensInRaw(
  raw: string,
  places: readonly AnswerPlace[],
  tokens: readonly ScoredToken[],
): ScoredToken[] {
  const found: ScoredToken[] = [];
  let before = 0;
  for (const place of places) {
    const at = unitsOf(raw, place);
    const length = at.length - 1;
    for (const token of tokens) {
      const start = Math.max(0, token.start - before);
      const end = Math.min(length, token.end - before);
      if (start < end) found.push({ ...token, start: at[start] as number, end: at[end] as number });
    }
    before += length;
    if (place.end > raw.length) break;
  }
  return found;
}
