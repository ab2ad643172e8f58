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

/** Ranges by kind for rows, within the lines that are visible. */
export function planColours(
  rows: readonly DatasetRow[],
  visible: readonly { from: number; to: number }[],
): Record<ColourKind, TextRange[]> {
  const plan: Record<ColourKind, TextRange[]> = { bin1: [], bin2: [], bin3: [], bin4: [], masked: [], context: [] };
  const isVisible = (line: number): boolean => visible.some(({ from, to }) => from <= line && line <= to);
  for (const { marks = [], context = [] } of rows) {
    for (const { line, start, end, bin, masked } of marks) {
      if ((bin === 0 && !masked) || !isVisible(line)) continue;
      const kind: ColourKind = masked ? 'masked' : (`bin${bin}` as ColourKind);
      plan[kind].push({ start: { line, character: start }, end: { line, character: end } });
    }
    plan.context.push(...context.filter(({ start }) => isVisible(start.line)));
  }
  let left = mostDecorations;
  for (const kind of order) {
    plan[kind] = plan[kind].slice(0, left);
    left -= plan[kind].length;
  }
  return plan;
}
