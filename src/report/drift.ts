// The newest measurement of the distance from the base for every trial, stage and text.
import type { DriftRecord, RunData } from '../shared/records.ts';

/** In the order in which they were measured; a resumed run may have measured one twice, the last counts. */
export function latestDrift(run: Pick<RunData, 'drift'>): DriftRecord[] {
  const latest = new Map(
    run.drift.map((record) => [
      JSON.stringify([record.arm, record.lr, record.seed, record.stage, record.text]),
      record,
    ]),
  );
  return [...latest.values()];
}
