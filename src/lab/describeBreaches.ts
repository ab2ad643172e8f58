// Benchmarks below the forgetting budget, in words.
import type { Breach } from '../runs/guard.ts';
import { formatRate } from '../runs/plan.ts';

/** A line for each. */
export function describeBreaches(breaches: readonly Breach[]): string[] {
  const points = (value: number): string => (100 * value).toFixed(1);
  return breaches.map(({ benchmark, arm, lr, seed, change, lo, hi }) => {
    const trial = `${arm} · ${formatRate(lr)} · seed ${seed}`;
    return `Forgetting budget: ${trial} lost ${points(-change)} points on ${benchmark} [${points(lo)}, ${points(hi)}]`;
  });
}
