// What every cell of the heatmap shows in the three modes, and where a table has the same numbers. Pure: draws nothing.
import type {
  MatrixBlock,
  MatrixCell,
  MatrixColumn,
  MatrixRow,
  MatrixView,
  MeasuredCell,
  Total,
} from '../../src/shared/matrixView.ts';
import type { Words } from '../../src/shared/phrase.ts';
import { formatChange, formatScore } from '../../src/shared/words.ts';

/** `score`: the score itself. `base`: change against the untouched base. `best`: change against the best score before. */
export type Mode = 'score' | 'base' | 'best';

/** The best score that a trial had on a benchmark before a stage, the base included. */
export interface Best {
  cell: MeasuredCell;
  stage: number;
  label: Words;
}

/** What a cell shows. */
export interface ShownCell {
  /** `score` and `change` are coloured by their scale, `plain` (the base row of a change) is only outlined. */
  kind: 'score' | 'change' | 'plain' | 'hatched' | 'missing';
  text: string;
  /** What is coloured: a score or a change, 0..1. */
  value: number;
  /** The interval of the change includes zero. */
  muted: boolean;
  breach: boolean;
  /** Why it must not be compared, or why there is nothing. */
  reason?: Words;
  /** Against what, in mode `best`. */
  best?: Best;
}

/** Names a cell across updates. `arm` is empty for no trial. */
export interface CellKey {
  arm: string;
  lr: number;
  stage: number;
  benchmark: string;
}

export function sameCell(a: CellKey | undefined, b: CellKey | undefined): boolean {
  return a?.arm === b?.arm && a?.lr === b?.lr && a?.stage === b?.stage && a?.benchmark === b?.benchmark;
}

/** Rows of a block with the base first, as every block shows them. */
export function rowsOf(view: MatrixView, block: MatrixBlock): MatrixRow[] {
  return [view.base, ...block.rows];
}

/** The best comparable score of the rows before `stage`; the earliest of equals. */
export function bestBefore(view: MatrixView, block: MatrixBlock, stage: number, column: number): Best | undefined {
  const now = rowsOf(view, block)[stage]?.cells[column];
  if (now?.kind !== 'measured') return undefined;
  let best: Best | undefined;
  for (const row of rowsOf(view, block).slice(0, stage)) {
    const cell = row.cells[column];
    if (cell?.kind !== 'measured' || cell.protocol !== now.protocol) continue;
    if (!best || cell.score > best.cell.score) best = { cell, stage: row.stage, label: row.label };
  }
  return best;
}

/** What the cell of a row (0 is the base) and column shows. */
export function showCell(view: MatrixView, block: MatrixBlock, stage: number, column: number, mode: Mode): ShownCell {
  const cell: MatrixCell = rowsOf(view, block)[stage]?.cells[column] ?? { kind: 'missing', reason: '' };
  const head = view.columns[column];
  if (cell.kind === 'missing') {
    return { kind: 'missing', text: '\u00b7', value: 0, muted: true, breach: false, reason: cell.reason };
  }
  const common = { muted: false, breach: cell.breach };
  const score = formatScore(cell.score);
  const reason = cell.notComparable ?? head?.insensitive;
  if (mode === 'score' && cell.notComparable === undefined) {
    return { kind: 'score', text: score, value: cell.score, ...common };
  }
  if (stage === 0 && !head?.insensitive) return { kind: 'plain', text: score, value: 0, ...common };
  const change = changeOf(view, block, stage, column, mode, cell);
  if (reason !== undefined || !change) {
    const shown = cell.notComparable === undefined && change ? formatChange(change.value) : score;
    return { kind: 'hatched', text: shown, value: 0, muted: true, breach: false, ...(reason ? { reason } : {}) };
  }
  return {
    kind: 'change',
    text: formatChange(change.value),
    value: change.value,
    ...common,
    muted: change.significant === false,
    ...(change.best ? { best: change.best } : {}),
  };
}

/**
 * The change that a mode shows. Against another stage than the base there is no paired interval: the change counts as
 * clear when the intervals of the two scores do not overlap.
 */
function changeOf(
  view: MatrixView,
  block: MatrixBlock,
  stage: number,
  column: number,
  mode: Mode,
  cell: MeasuredCell,
): { value: number; significant?: boolean; best?: Best } | undefined {
  if (mode !== 'best' || stage === 0) return cell.change;
  const best = bestBefore(view, block, stage, column);
  if (!best) return undefined;
  if (best.stage === 0) return cell.change && { ...cell.change, best };
  const apart = cell.hi < best.cell.lo || cell.lo > best.cell.hi;
  return { value: cell.score - best.cell.score, significant: apart, best };
}

/** Largest absolute change that a mode shows, for the scale. */
export function largestChange(view: MatrixView, mode: Mode): number {
  let largest = 0;
  for (const block of view.blocks) {
    for (const row of block.rows) {
      view.columns.forEach((_, column) => {
        const shown = showCell(view, block, row.stage, column, mode);
        if (shown.kind === 'change') largest = Math.max(largest, Math.abs(shown.value));
      });
    }
  }
  return largest;
}

/** End of the colour scale for a largest change: at least 0.1, so that noise stays pale, at most 0.5. */
export const clipFor = (largest: number): number => Math.min(0.5, Math.max(0.1, largest));

/** `+41`, muted when the interval includes zero, a dot when not everything is measured. */
export function showTotal(total: Total | undefined): { text: string; tone: 'lost' | 'gained' | 'muted' | 'missing' } {
  if (!total) return { text: '\u00b7', tone: 'missing' };
  if (total.significant === false || total.value === 0) return { text: formatChange(total.value), tone: 'muted' };
  return { text: formatChange(total.value), tone: total.value < 0 ? 'lost' : 'gained' };
}

/** Columns of one role stand together. */
export function columnGroups(
  columns: readonly MatrixColumn[],
): { role: MatrixColumn['role']; from: number; to: number }[] {
  const groups: { role: MatrixColumn['role']; from: number; to: number }[] = [];
  columns.forEach((column, k) => {
    const last = groups.at(-1);
    if (last?.role === column.role) last.to = k;
    else groups.push({ role: column.role, from: k, to: k });
  });
  return groups;
}

/** Cells that `now` has measured and `before` had not. */
export function newlyMeasured(before: MatrixView, now: MatrixView): CellKey[] {
  const keys = (view: MatrixView): Map<string, CellKey> => {
    const found = new Map<string, CellKey>();
    for (const { arm, lr, rows } of view.blocks) {
      for (const row of rows) {
        row.cells.forEach((cell, k) => {
          if (cell.kind !== 'measured') return;
          const key = { arm, lr, stage: row.stage, benchmark: view.columns[k]?.benchmark ?? '' };
          found.set(JSON.stringify([key, cell.seeds]), key);
        });
      }
    }
    return found;
  };
  const old = keys(before);
  return [...keys(now)].filter(([key]) => !old.has(key)).map(([, key]) => key);
}
