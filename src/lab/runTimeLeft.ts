// How long a run will still take, from its records and its plan alone: for runs that nobody in this workspace follows, those
// of a terminal among them. Learns from the durations in the records as the follower learns from its clock.
import { isDone, sameKey } from '../runs/plan.ts';
import type { Work } from '../runs/plan.ts';
import type { MetricRecord } from '../shared/records.ts';
import { estimatePlan } from './runSummary.ts';
import { groupRecords } from './recordGroups.ts';
import type { WorkRecords } from './recordGroups.ts';
import type { RunRecords } from './runReader.ts';
import { createTimeLeft } from './timeLeft.ts';

/** Seconds that are left; undefined before the first duration is known, 0 when everything is done. */
export function secondsLeftOf(run: RunRecords, plan: readonly Work[] = estimatePlan(run)): number | undefined {
  const time = createTimeLeft();
  const left: Work[] = [];
  const recordsOf = groupRecords(run);
  let known = false;
  for (const work of plan) {
    const records = recordsOf(work.key, work.stage);
    const done = isDone(work, records);
    const took = secondsOf(records, work, done);
    if (took) time.finished(took.work, took.seconds);
    known ||= took !== undefined;
    if (!done) left.push(work);
  }
  if (left.length === 0) return 0;
  const [current] = left as [Work];
  const step = lastStep(recordsOf(current.key, current.stage), current);
  return known ? time.estimate(left, step ? Math.min(1, step.step / step.steps) : 0) : undefined;
}

/** What a piece of work took, as far as it has come. */
function secondsOf(run: WorkRecords, work: Work, done: boolean): { work: Work; seconds: number } | undefined {
  const { key } = work;
  if (work.kind === 'train') {
    const last = lastStep(run, work);
    if (!last || last.step === 0 || last['train/tokens_per_second'] <= 0) return undefined;
    const secondsPerStep = last['train/tokens'] / last['train/tokens_per_second'];
    return { work: { ...work, size: last.step }, seconds: last.step * secondsPerStep };
  }
  if (!done) return undefined;
  const record =
    work.kind === 'evaluate'
      ? run.cells.find((cell) => sameKey(cell, key) && cell.benchmark === work.benchmark)
      : work.kind === 'targets'
        ? run.targets[0]
        : undefined;
  return record && { work, seconds: record.seconds };
}

function lastStep(run: WorkRecords, work: Work): MetricRecord | undefined {
  if (work.kind !== 'train') return undefined;
  return run.lastSteps.find((one) => sameKey(one, work.key));
}
