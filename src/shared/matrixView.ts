// The forgetting matrix as a view model: one block per arm and learning rate, rows base and stages, columns benchmarks.
// Report, terminal and editor draw the same one; report/matrix.ts makes it.
import type { Words } from './phrase.ts';
import type { CellRecord, Measurement } from './records.ts';

export type ColumnRole = 'target' | 'skill' | 'safety' | 'format';

export interface MatrixColumn {
  benchmark: string;
  /** `target` when a stage teaches it, whatever its group says. */
  role: ColumnRole;
  scorer: string;
  /** Counts towards the forgetting budget. */
  guarded: boolean;
  chance: number;
  /** Stages (1-based) that teach this benchmark. */
  taughtAt: number[];
  /** Why this column cannot show forgetting. */
  insensitive?: Words;
}

/** A difference to the base, in score units (0..1). */
export interface Change {
  value: number;
  /** 95 % interval of a paired bootstrap over items; absent when there are no paired items. */
  lo?: number;
  hi?: number;
  /** The interval leaves out zero. */
  significant?: boolean;
  /** The same under lenient scoring. */
  lenient: number;
  /** Answers that went from right to wrong and back; only for single seeds with 0/1 scores. */
  flips?: { lost: number; gained: number; p: number };
  /** Why there is no interval. */
  note?: Words;
}

/** Means over the seeds, and what has changed against the base. */
export interface MeasuredCell extends Measurement {
  kind: 'measured';
  protocol: string;
  /** Against the base; absent on the base row and where not comparable. */
  change?: Change;
  /** Seeds averaged. */
  seeds: number;
  /** Sample deviation of the score over seeds. */
  seedStd?: number;
  /** Why it must not be compared with the base. */
  notComparable?: Words;
  /** Fell by more than the budget with an interval that leaves out zero, on a guarded benchmark. */
  breach: boolean;
  /** The records behind it, one per seed. */
  records: CellRecord[];
}

export type MatrixCell = MeasuredCell | { kind: 'missing'; reason: Words };

/** Mean change over several columns. */
export interface Total {
  value: number;
  lo?: number;
  hi?: number;
  significant?: boolean;
  lenient: number;
  /** Benchmarks that count. */
  benchmarks: string[];
}

export interface MatrixRow {
  stage: number;
  label: Words;
  /** In the order of the columns. */
  cells: MatrixCell[];
  /** Mean change over the targets taught so far. */
  gained?: Total;
  /** Mean change over the old skills (everything that no stage teaches and that can show forgetting). */
  forgot?: Total;
}

export interface MatrixBlock {
  arm: string;
  lr: number;
  /** Seeds of this view. */
  seeds: number[];
  rows: MatrixRow[];
}

export interface MatrixView {
  columns: MatrixColumn[];
  base: MatrixRow;
  blocks: MatrixBlock[];
  /** Change at which the colour scale ends: the largest absolute change, at least 0.1 (noise stays pale), at most 0.5. */
  clip: number;
}
