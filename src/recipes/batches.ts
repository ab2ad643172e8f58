// Which examples a step trains on. A step's batch depends only on (seed, step), never on what ran before, so that a
// resumed training sees what the uninterrupted one would have seen.
import { createRandom, hashSeed } from '../shared/random.ts';
import { permutation } from './random.ts';

/** Gives the example indices of a 1-based step: consecutive pieces of one shuffled pass after another. */
export function createBatches(count: number, batchSize: number, seed: number): (step: number) => number[] {
  let cachedEpoch = -1;
  let order: number[] = [];
  const at = (position: number): number => {
    const epoch = Math.floor(position / count);
    if (epoch !== cachedEpoch) {
      order = permutation(count, createRandom(hashSeed('order', seed, epoch)));
      cachedEpoch = epoch;
    }
    return order[position % count] as number;
  };
  return (step) => Array.from({ length: batchSize }, (_, offset) => at((step - 1) * batchSize + offset));
}
