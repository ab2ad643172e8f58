// Offsets of a text as editor positions and back: zero-based lines, UTF-16 columns.
import type { TextPosition, TextRange } from '../../shared/protocol/lab/experiments.ts';

export interface TextPositions {
  at(offset: number): TextPosition;
  range(start: number, end: number): TextRange;
  /** The offset of a position; one behind the end of its line means the end of the line. */
  offset(position: TextPosition): number;
}

export function textPositions(text: string): TextPositions {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const at = (offset: number): TextPosition => {
    const line = lineOf(starts, offset);
    return { line, character: offset - (starts[line] as number) };
  };
  return {
    at,
    range: (start, end) => ({ start: at(start), end: at(end) }),
    offset: ({ line, character }) => {
      const start = starts[line];
      if (start === undefined) return text.length;
      const lineBreak = text.indexOf('\n', start);
      return Math.min(start + character, lineBreak < 0 ? text.length : lineBreak);
    },
  };
}

/** The last line that starts at or before an offset. */
function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
