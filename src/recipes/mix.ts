// Experience replay (methods 2.6): old examples are drawn without replacement, evenly over the previous tasks, and
// shuffled among the new ones by the data order of the training loop.
import { createRandom, hashSeed } from '../shared/random.ts';
import { permutation } from './random.ts';

/** How many old examples join `newCount` new ones, evenly over `sources` previous tasks (earlier ones get the rest). */
export function replayCounts(newCount: number, rate: number, sources: number): number[] {
  const total = Math.round(rate * newCount);
  return Array.from({ length: sources }, (_, index) => Math.floor(total / sources) + (index < total % sources ? 1 : 0));
}

/**
 * Draws old examples for a stage. A source that has fewer than its part gives all it has; what is missing is not made
 * up from other sources, so that a small buffer stays visible in the counts.
 */
export function drawReplay<T>(sources: readonly (readonly T[])[], newCount: number, rate: number, seed: number): T[] {
  const counts = replayCounts(newCount, rate, sources.length);
  return sources.flatMap((source, index) => {
    const order = permutation(source.length, createRandom(hashSeed('replay', seed, index)));
    // In file order: which examples are drawn is random, their order is the training loop's matter.
    const drawn = order.slice(0, counts[index]).sort((a, b) => a - b);
    return drawn.map((position) => source[position] as T);
  });
}
