import { sameKey } from '../runs/plan.ts';
import type { CellRecord, TrialKey } from '../shared/records.ts';

/** The last measurement of a benchmark after a stage of a trial; stage 0 is the base, which all trials share. */
export function measuredAt(
  { cells }: { cells: readonly CellRecord[] },
  { benchmark, stage, ...key }: TrialKey & { benchmark: string; stage: number },
): CellRecord | undefined {
  return cells.findLast(
    (cell) => cell.benchmark === benchmark && cell.stage === stage && (stage === 0 || sameKey(cell, key)),
  );
}
