// Runs two sides in turn, A B A B, and compares them by the median of the ratios of neighbours, so that a machine that
// slows down or speeds up in between disturbs both alike.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Measure, Side } from './sides.ts';

export interface Comparison {
  /** Median seconds of one call. */
  ours: number;
  peer: number | undefined;
  /** Median of ours / peer over the rounds, in seconds. */
  ratio: number | undefined;
  rounds: number;
}

/** A sample lasts at least this long, by repeating short calls. */
const SAMPLE_SECONDS = 0.6;
const ROUNDS = 9;
/** Calls this slow are not repeated as often. */
const SLOW_SECONDS = 3;
const SLOW_ROUNDS = 5;
/** Threads of one side may still spin for a moment after its work is done. */
const REST_MS = 100;

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Warm-up of both sides is not counted. */
export async function compare(measure: Measure, ours: Side, peer: Side | undefined): Promise<Comparison> {
  const sides = peer ? [ours, peer] : [ours];
  const warm: number[] = [];
  for (const times of [1, 2]) {
    const timings = [];
    for (const side of sides) timings.push(await side.run(measure, times));
    requireSameWork(
      measure,
      timings.map((timing) => timing.value),
    );
    warm.push(Math.max(...timings.map((timing) => timing.seconds / times)));
  }
  const call = warm.at(-1)!;
  const times = Math.max(1, Math.ceil(SAMPLE_SECONDS / call));
  const rounds = call > SLOW_SECONDS ? SLOW_ROUNDS : ROUNDS;
  ours.parts?.clear();
  const samples: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    const sample: number[] = [];
    for (const side of sides) {
      await sleep(REST_MS);
      sample.push((await side.run(measure, times)).seconds / times);
    }
    samples.push(sample);
  }
  const column = (index: number) => median(samples.map((sample) => sample[index]!));
  if (!peer) return { ours: column(0), peer: undefined, ratio: undefined, rounds };
  return { ours: column(0), peer: column(1), ratio: median(samples.map(([a, b]) => a! / b!)), rounds };
}

/** Both sides start from the same weights and do the same: their losses agree, or the comparison means nothing. */
function requireSameWork(measure: Measure, values: readonly number[]): void {
  const [ours, peer] = values;
  if (peer === undefined || Math.abs(ours! - peer) <= 1e-3 * Math.abs(peer)) return;
  throw new Error(`${measure}: the two sides computed different things (${ours} and ${peer})`);
}
