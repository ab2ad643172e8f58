// The same numbers as a table.
import { armStyles } from '../../src/shared/arms.ts';
import type { MatrixBlock } from '../../src/shared/matrixView.ts';
import type { HeatmapData } from '../../src/shared/protocol/lab/runs.ts';
import { armLabel } from '../ui/arm.ts';
import { el } from '../ui/dom.ts';
import type { Child } from '../ui/dom.ts';
import { say, text } from '../ui/host.ts';
import { table } from '../ui/table.ts';
import type { TableRow } from '../ui/table.ts';
import { blockTitle, cellLines } from './describe.ts';
import { rowsOf, showCell, showTotal } from './model.ts';
import type { CellKey, Mode } from './model.ts';

/** A table with every number of the picture; a number is a button where answers can be listed. */
export function numbersTable(
  data: HeatmapData,
  blocks: readonly MatrixBlock[],
  mode: Mode,
  onSelect: (key: CellKey) => void,
): HTMLElement {
  const { view } = data;
  const styles = armStyles(data.config.arms);
  const columns = [
    { label: text('arm') },
    { label: text('stage') },
    ...view.columns.map((column) => ({ label: column.benchmark, number: true })),
    { label: text('gained'), number: true, title: say(data.definitions.gained) },
    { label: text('forgot'), number: true, title: say(data.definitions.forgot) },
  ];
  const rows = blocks.flatMap((block) =>
    rowsOf(view, block).map((row): TableRow => {
      const cells = view.columns.map((column, k): Child => {
        const key = { arm: block.arm, lr: block.lr, stage: row.stage, benchmark: column.benchmark };
        return numberOf(data, block, row.stage, k, mode, () => onSelect(key));
      });
      const totals = row.stage === 0 ? ['', ''] : [showTotal(row.gained).text, showTotal(row.forgot).text];
      return {
        head: armLabel(styles, block.arm, blockTitle(data, block)),
        cells: [say(row.label), ...cells, ...totals],
      };
    }),
  );
  const caption = {
    score: text('Scores'),
    base: text('Change against the base, in points'),
    best: text('Change against the best score so far, in points'),
  };
  return table(caption[mode], columns, rows);
}

function numberOf(
  data: HeatmapData,
  block: MatrixBlock,
  stage: number,
  column: number,
  mode: Mode,
  onSelect: () => void,
): Child {
  const shown = showCell(data.view, block, stage, column, mode);
  const title = cellLines(data, block, stage, column, mode).join('\n');
  const quiet = shown.muted ? 'quiet' : undefined;
  const aside = shown.kind === 'hatched' ? ` ${text('(not comparable)')}` : '';
  if (stage === 0 || shown.kind === 'missing') return el('span', { class: quiet, title }, shown.text, aside);
  return el(
    'button',
    { type: 'button', class: ['number-link', quiet].filter(Boolean).join(' '), title, on: { click: onSelect } },
    shown.text,
    shown.muted && shown.kind === 'change' && el('span', { class: 'unseen' }, ` ${text('interval includes zero')}`),
    aside,
  );
}
