// Benchmarks below the forgetting budget, in words.
import type { Breach } from '../runs/guard.ts';
import { formatRate } from '../runs/plan.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';

/** A line for each. */
export function describeBreaches(breaches: readonly Breach[]): Phrase[] {
  const points = (value: number): string => (100 * value).toFixed(1);
  return breaches.map(({ benchmark, arm, lr, seed, change, lo, hi }) => {
    return phrase(
      'Forgetting budget: {0} lost {1} points on {2} [{3}, {4}]',
      phrase('{0} · {1} · seed {2}', arm, formatRate(lr), seed),
      points(-change),
      benchmark,
      points(lo),
      points(hi),
    );
  });
}
