// The summary of judged items: means with their intervals (methods 5.12).
import { bootstrapMean, mean, wilsonInterval } from '../metrics/statistics.ts';
import type { ItemResult, Measurement } from '../shared/records.ts';

/** Summarises at least one item. The bootstrap uses a fixed seed: equal items give equal intervals. */
export function summarize(items: readonly ItemResult[]): Measurement {
  const strict = items.map((item) => item.strict);
  const binary = strict.every((score) => score === 0 || score === 1);
  const right = strict.filter((score) => score === 1).length;
  const margins = items.flatMap((item) => item.refusalMargin ?? []);
  const interval = binary ? wilsonInterval(right, items.length) : bootstrapMean(strict, { seed: 0 });
  return {
    score: interval.value,
    lo: interval.lo,
    hi: interval.hi,
    lenient: mean(items.map((item) => item.lenient)),
    parseRate: mean(items.map((item) => (item.parsed ? 1 : 0))),
    n: items.length,
    rates: meanRates(items),
    ...(margins.length === 0 ? {} : { refusalMargin: mean(margins) }),
  };
}

function meanRates(items: readonly ItemResult[]): Record<string, number> {
  const values = new Map<string, number[]>();
  for (const { rates = {} } of items) {
    for (const [name, value] of Object.entries(rates)) {
      const list = values.get(name);
      if (list) list.push(value);
      else values.set(name, [value]);
    }
  }
  return Object.fromEntries([...values].map(([name, list]) => [name, mean(list)]));
}
