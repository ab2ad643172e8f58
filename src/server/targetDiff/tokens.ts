// Scored tokens and texts as they travel to a page.
import type { ScoredToken } from '../../shared/records.ts';
import { alignAnswer, placeInAnswer } from '../../data/alignAnswer.ts';
import type { RowTokens } from './scoring.ts';

/** The text that tokens are shown in, of which only the first `length` UTF-16 units are. */
export interface ShownText {
  answer: string;
  length: number;
}

/**
 * Tokens of the shown part of an answer, where they lie in it. Those that a template adds before and behind the answer have
 * no extent; there are none where a template writes something else altogether.
 */
export function toTokens(
  row: Omit<RowTokens, 'example'>,
  { answer, length }: ShownText,
  masked: readonly boolean[],
): ScoredToken[] {
  const alignment = alignAnswer(answer, row.text);
  if (!alignment) return [];
  return row.ids.flatMap((id, index): ScoredToken[] => {
    const isEnd = index === row.endIndex;
    const start = isEnd ? answer.length : placeInAnswer(alignment, row.starts[index] as number);
    const end = isEnd ? answer.length : placeInAnswer(alignment, row.ends[index] as number);
    if (start > length || (start === length && end > length)) return [];
    return [
      {
        id,
        text: row.texts[index] as string,
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
