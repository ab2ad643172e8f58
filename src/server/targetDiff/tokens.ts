// Scored tokens and texts as they travel to a page.
import type { TextSide } from '../../data/textSide.ts';
import type { ScoredRow } from '../../recipes/scoreRows.ts';
import type { ScoredToken } from '../../shared/records.ts';

/** Tokens of the first `length` UTF-16 units of the answer. */
export function toTokens(row: ScoredRow, side: TextSide, length: number, masked: readonly boolean[]): ScoredToken[] {
  return row.ids.flatMap((id, index): ScoredToken[] => {
    const [start, end] = [row.starts[index] as number, row.ends[index] as number];
    if (start > length) return [];
    return [
      {
        id,
        text: side.tokenizer.tokenText(id),
        start,
        end: Math.min(end, length),
        logprob: row.logprobs[index] as number,
        trained: !masked[index],
      },
    ];
  });
}

/** The first UTF-16 units, never half a character. */
export function cutText(text: string, units: number): string {
  if (text.length <= units) return text;
  const code = text.charCodeAt(units - 1);
  return text.slice(0, code >= 0xd800 && code < 0xdc00 ? units - 1 : units);
}
