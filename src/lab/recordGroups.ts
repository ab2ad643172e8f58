// Records by arm, seed and stage: so few in a group that looking through them costs nothing, however many trials a sweep has.
import type { TrialKey } from '../shared/records.ts';
import type { RunRecords } from './runReader.ts';

/** The records that tell whether a piece of work is done. */
export type WorkRecords = Pick<RunRecords, 'cells' | 'targets' | 'checkpoints' | 'drift' | 'lastSteps'>;

/** Gives the records of a trial's stage; those of the trial's other learning rates are among them, as targets are shared. */
export function groupRecords(run: WorkRecords): (key: Pick<TrialKey, 'arm' | 'seed'>, stage: number) => WorkRecords {
  const groups = new Map<string, WorkRecords>();
  const group = (arm: string, seed: number, stage: number): WorkRecords => {
    const key = `${stage} ${seed} ${arm}`;
    const known = groups.get(key) ?? { cells: [], targets: [], checkpoints: [], drift: [], lastSteps: [] };
    groups.set(key, known);
    return known;
  };
  for (const one of run.cells) group(one.arm, one.seed, one.stage).cells.push(one);
  for (const one of run.targets) group(one.arm, one.seed, one.stage).targets.push(one);
  for (const one of run.checkpoints) group(one.arm, one.seed, one.stage).checkpoints.push(one);
  for (const one of run.drift) group(one.arm, one.seed, one.stage).drift.push(one);
  for (const one of run.lastSteps) group(one.arm, one.seed, one.stage).lastSteps.push(one);
  return ({ arm, seed }, stage) => group(arm, seed, stage);
}
