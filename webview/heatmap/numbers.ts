// The same numbers as a table.
import { armStyles } from '../../src/shared/arms.ts';
import type { MatrixBlock, Total } from '../../src/shared/matrixView.ts';
import type { HeatmapData } from '../../src/shared/protocol/lab/runs.ts';
import { armLabel } from '../ui/arm.ts';
import { el, fill } from '../ui/dom.ts';
import type { Child } from '../ui/dom.ts';
import { say, text } from '../ui/host.ts';
import { table } from '../ui/table.ts';
import type { ColumnGroup, TableRow } from '../ui/table.ts';
import { blockTitle, cellLines, groupTitles } from './describe.ts';
import { columnGroups, showCell, showTotal } from './model.ts';
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
  const numbers = (block: MatrixBlock, stage: number): Child[] =>
    view.columns.map(({ benchmark }, k) => {
      const key = { arm: block.arm, lr: block.lr, stage, benchmark };
      return numberOf(data, block, k, mode, key, () => onSelect(key));
    });
  const [first] = blocks;
  // The base is the same for all arms.
  const base = first ? [{ head: say(view.base.label), cells: ['', ...numbers(first, 0), '', ''] }] : [];
  const rows = blocks.flatMap((block) =>
    block.rows.map((row): TableRow => ({
      head: armLabel(styles, block.arm, blockTitle(data, block)),
      cells: [say(row.label), ...numbers(block, row.stage), totalOf(row.gained), totalOf(row.forgot)],
    })),
  );
  const caption = {
    score: text('Scores'),
    base: text('Change against the base, in points'),
    best: text('Change against the best score so far, in points'),
  };
  const titles = groupTitles();
  const groups = columnGroups(view.columns).map(({ role, from, to }): ColumnGroup => ({
    label: titles[role],
    span: to - from + 1,
  }));
  return table(caption[mode], columns, [...base, ...rows], [{ label: '', span: 2 }, ...groups, { label: '', span: 2 }]);
}

/**
 * Puts a table where another one may be. Of a table with the same rows only the cells that differ are replaced, so that a
 * click that has begun survives; the focus stays in any case.
 */
export function showNumbers(place: HTMLElement, table: HTMLElement): void {
  const { activeElement } = document;
  const focused = place.contains(activeElement) ? (activeElement as HTMLElement).dataset['cell'] : undefined;
  const rowsOf = (root: HTMLElement): number => root.querySelectorAll('tr').length;
  const cellsOf = (root: HTMLElement): Element[] => [...root.querySelectorAll('caption, th, td')];
  const [old, next] = [cellsOf(place), cellsOf(table)];
  if (old.length === next.length && rowsOf(place) === rowsOf(table)) {
    next.forEach((cell, k) => {
      if (!old[k]?.isEqualNode(cell)) old[k]?.replaceWith(cell);
    });
  } else fill(place, table);
  const button = focused === undefined ? undefined : buttonOf(place, focused);
  if (button !== document.activeElement) button?.focus({ preventScroll: true });
}

/** Where the button of a cell is, if it has one. */
export function numberAt(table: HTMLElement, key: CellKey): HTMLElement | undefined {
  return buttonOf(table, nameOf(key));
}

function buttonOf(table: HTMLElement, name: string): HTMLElement | undefined {
  const buttons = [...table.querySelectorAll<HTMLElement>('.number-link')];
  return buttons.find(({ dataset }) => dataset['cell'] === name);
}

const nameOf = ({ arm, lr, stage, benchmark }: CellKey): string => JSON.stringify([arm, lr, stage, benchmark]);

function totalOf(total: Total | undefined): Child {
  const { text: shown, tone } = showTotal(total);
  const noise = total?.significant === false && el('span', { class: 'unseen' }, ` ${text('interval includes zero')}`);
  return tone === 'muted' ? el('span', { class: 'quiet' }, shown, noise) : shown;
}

function numberOf(
  data: HeatmapData,
  block: MatrixBlock,
  column: number,
  mode: Mode,
  key: CellKey,
  onSelect: () => void,
): Child {
  const { stage } = key;
  const shown = showCell(data.view, block, stage, column, mode);
  const title = cellLines(data, block, stage, column, mode).join('\n');
  const quiet = shown.muted ? 'quiet' : undefined;
  const aside = shown.kind === 'hatched' ? ` ${text('(not comparable)')}` : '';
  if (stage === 0 || shown.kind === 'missing') return el('span', { class: quiet, title }, shown.text, aside);
  const breach = shown.kind === 'change' && shown.breach;
  const classes = ['number-link', quiet, breach && 'breach'].filter(Boolean).join(' ');
  return el(
    'button',
    { type: 'button', class: classes, title, data: { cell: nameOf(key) }, on: { click: onSelect } },
    shown.text,
    breach && el('span', { class: 'unseen' }, ` ${text('below the forgetting budget')}`),
    shown.muted && shown.kind === 'change' && el('span', { class: 'unseen' }, ` ${text('interval includes zero')}`),
    aside,
  );
}
