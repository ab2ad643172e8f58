// Which stretches of text are coloured how: the hardest tokens first, never more than the editor draws without effort.
import type { DatasetRow } from '../../shared/protocol/lab/datasets.ts';
import type { TextRange } from '../../shared/protocol/lab/experiments.ts';

/** Decorations of one editor at a time. */
export const mostDecorations = 1000;

/** Bins 1 to 4 of difficulty (bin 0 is not marked), tokens that the row's mask leaves out, and context. */
export type ColourKind = 'bin1' | 'bin2' | 'bin3' | 'bin4' | 'masked' | 'context';

export const colourKinds: readonly ColourKind[] = ['bin1', 'bin2', 'bin3', 'bin4', 'masked', 'context'];

/** What is drawn first when not everything can be. */
const order: readonly ColourKind[] = ['bin4', 'bin3', 'masked', 'context', 'bin2', 'bin1'];

/**
 * Characters around a visible range that count as visible: at its ends the editor leaves out the wrapped lines of which only
 * a part is seen.
 */
const around = 500;

/**
 * Ranges by kind for rows, within what is visible. Of a long line that is wrapped the editor says which part is seen; of one
 * that is not it gives the whole. Where there is more than the editor draws, the least hard tokens are left out.
 */
export function planColours(
  rows: readonly DatasetRow[],
  visible: readonly TextRange[],
): Record<ColourKind, TextRange[]> {
  const planned: Record<ColourKind, Planned[]> = { bin1: [], bin2: [], bin3: [], bin4: [], masked: [], context: [] };
  const isVisible = (range: TextRange): boolean => visible.some((seen) => overlap(range, seen));
  for (const { marks = [], context = [] } of rows) {
    for (const { line, start, end, bin, masked, logprob } of marks) {
      if (bin === 0 && !masked) continue;
      const range = { start: { line, character: start }, end: { line, character: end } };
      if (isVisible(range)) planned[masked ? 'masked' : (`bin${bin}` as ColourKind)].push({ range, logprob });
    }
    for (const range of context) if (isVisible(range)) planned.context.push({ range, logprob: 0 });
  }
  const plan: Record<ColourKind, TextRange[]> = { bin1: [], bin2: [], bin3: [], bin4: [], masked: [], context: [] };
  let left = mostDecorations;
  for (const kind of order) {
    const all = planned[kind];
    const drawn = all.length <= left ? all : all.sort((a, b) => a.logprob - b.logprob).slice(0, left);
    plan[kind] = drawn.map(({ range }) => range);
    left -= drawn.length;
  }
  return plan;
}

interface Planned {
  range: TextRange;
  logprob: number;
}

function overlap({ start, end }: TextRange, seen: TextRange): boolean {
  const { line: first, character: from } = seen.start;
  const { line: last, character: to } = seen.end;
  const endsBefore = end.line < first || (end.line === first && end.character < from - around);
  const beginsBehind = start.line > last || (start.line === last && start.character > to + around);
  return !endsBefore && !beginsBehind;
}
