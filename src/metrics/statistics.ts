// Intervals and tests for scores (methods 5.12): Wilson, exact McNemar, and a seeded bootstrap over items for means and for
// paired differences. Bootstrap draws are shared by all series of one length, so a whole matrix costs about a second.
import { createRandom } from '../shared/random.ts';

/** A value with its 95 % interval. */
export interface Interval {
  value: number;
  lo: number;
  hi: number;
}

/** Numbers to summarise. */
export type Series = readonly number[] | Float64Array;

/** Resamples of every bootstrap (methods 5.12). */
export const bootstrapResamples = 10_000;

/** 97.5 % point of the normal distribution. */
const z95 = 1.959963984540054;

/** Arithmetic mean; NaN of nothing, so callers decide what an empty series means. */
export function mean(values: Series): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** Sample standard deviation (n - 1 in the denominator); 0 below two values. */
export function sampleStd(values: Series): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  let squares = 0;
  for (const value of values) squares += (value - centre) ** 2;
  return Math.sqrt(squares / (values.length - 1));
}

/** Wilson's 95 % interval of a share (methods 5.12). */
export function wilsonInterval(successes: number, n: number): Interval {
  if (n <= 0) throw new RangeError('a Wilson interval needs at least one item');
  const p = successes / n;
  const z2 = z95 * z95;
  const centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (z95 / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  // Exactly 0 and 1 at the ends, where rounding leaves a little over.
  const lo = successes === 0 ? 0 : Math.max(0, centre - half);
  const hi = successes === n ? 1 : Math.min(1, centre + half);
  return { value: p, lo, hi };
}

/**
 * Exact two-sided McNemar p of two checkpoints on the same items (methods 5.12). `lost` items went from right to wrong,
 * `gained` from wrong to right; items that did not change say nothing.
 */
export function mcnemarExact(lost: number, gained: number): number {
  const n = lost + gained;
  if (n === 0) return 1;
  let tail = 0;
  let logChoose = 0; // ln C(n, k)
  for (let k = 0; k <= Math.min(lost, gained); k++) {
    if (k > 0) logChoose += Math.log(n - k + 1) - Math.log(k);
    tail += Math.exp(logChoose - n * Math.LN2);
  }
  return Math.min(1, 2 * tail);
}

/** Draws of item indices, [resample][item] flat. Cached by length: equal lengths share their draws. */
const drawCache = new Map<string, Uint32Array>();
const drawCacheLimit = 32_000_000;
let drawCacheSize = 0;

function draws(length: number, resamples: number, seed: number): Uint32Array {
  const key = `${length} ${resamples} ${seed}`;
  const cached = drawCache.get(key);
  if (cached) return cached;
  const random = createRandom(seed);
  const indices = new Uint32Array(length * resamples);
  for (let k = 0; k < indices.length; k++) indices[k] = Math.floor(random() * length);
  if (drawCacheSize + indices.length > drawCacheLimit) {
    drawCache.clear();
    drawCacheSize = 0;
  }
  if (indices.length <= drawCacheLimit) {
    drawCache.set(key, indices);
    drawCacheSize += indices.length;
  }
  return indices;
}

export interface BootstrapOptions {
  seed?: number;
  resamples?: number;
}

/** Means of `resamples` draws with replacement. Sums in item order of the draw, so the result is the same everywhere. */
export function bootstrapMeans(values: Series, options: BootstrapOptions = {}): Float64Array {
  const { seed = 0, resamples = bootstrapResamples } = options;
  const n = values.length;
  if (n === 0) throw new RangeError('a bootstrap needs at least one item');
  const source = Float64Array.from(values);
  const indices = draws(n, resamples, seed);
  const means = new Float64Array(resamples);
  for (let resample = 0, at = 0; resample < resamples; resample++) {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += source[indices[at++]!]!;
    means[resample] = sum / n;
  }
  return means;
}

/** Percentile `share` of sorted values, interpolated linearly between neighbours. */
function percentile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (at - below) * (sorted[above]! - sorted[below]!);
}

function percentileInterval(value: number, distribution: Float64Array): Interval {
  const sorted = Float64Array.from(distribution).sort();
  return { value, lo: percentile(sorted, 0.025), hi: percentile(sorted, 0.975) };
}

/** Mean with the 95 % percentile interval of a bootstrap over items. */
export function bootstrapMean(values: Series, options: BootstrapOptions = {}): Interval {
  return percentileInterval(mean(values), bootstrapMeans(values, options));
}

/** after - before, item by item. The two series must list the same items in the same order. */
export function pairedDifferences(before: Series, after: Series): Float64Array {
  if (before.length !== after.length) {
    throw new RangeError(`paired series differ in length: ${before.length} and ${after.length}`);
  }
  return Float64Array.from(before, (value, item) => after[item]! - value);
}

/** Mean of after - before on the same items, with the 95 % interval of a paired bootstrap over items. */
export function pairedBootstrap(before: Series, after: Series, options: BootstrapOptions = {}): Interval {
  return bootstrapMean(pairedDifferences(before, after), options);
}

/**
 * Mean over groups (benchmarks) of the group means, each group resampled on its own. Groups of one length share their
 * draws; shifting the resamples by a group-dependent amount pairs every resample with a different one and so keeps the
 * groups independent.
 */
export function bootstrapMeanOfMeans(groups: readonly Series[], options: BootstrapOptions = {}): Interval {
  if (groups.length === 0) throw new RangeError('a bootstrap over groups needs at least one group');
  const { resamples = bootstrapResamples } = options;
  const total = new Float64Array(resamples);
  groups.forEach((values, group) => {
    const means = bootstrapMeans(values, options);
    const shift = Math.floor((group * resamples) / groups.length);
    for (let resample = 0; resample < resamples; resample++) {
      total[resample]! += means[(resample + shift) % resamples]! / groups.length;
    }
  });
  return percentileInterval(mean(groups.map(mean)), total);
}

/** Whether an interval leaves out zero. */
export function excludesZero(interval: { lo: number; hi: number }): boolean {
  return interval.lo > 0 || interval.hi < 0;
}
