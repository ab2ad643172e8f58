import { describe, expect, it } from 'vitest';
import { itemPerplexity, TargetStatisticsAccumulator } from './perplexity.ts';

const ln = Math.log;

describe('perplexity', () => {
  it('is exp of the mean nll', () => {
    expect(itemPerplexity([ln(0.5), ln(0.125)])).toBeCloseTo(4, 12);
    expect(() => itemPerplexity([])).toThrow(RangeError);
  });

  it('statistics of two targets by hand', () => {
    const accumulator = new TargetStatisticsAccumulator();
    expect(accumulator.add([ln(0.5), ln(0.5)])).toBeCloseTo(2, 12);
    expect(accumulator.add([ln(0.01), ln(1), ln(1), ln(0.0001)])).toBeCloseTo(10 ** 1.5, 10);
    const statistics = accumulator.finish();
    const high = 10 ** 1.5;
    expect(statistics.items).toBe(2);
    expect(statistics.tokens).toBe(6);
    expect(statistics.pplMean).toBeCloseTo((2 + high) / 2, 10);
    expect(statistics.pplVariance).toBeCloseTo((high - 2) ** 2 / 2, 8);
    expect(statistics.pplStd).toBeCloseTo((high - 2) / Math.SQRT2, 8);
    expect(statistics.corpusPpl).toBeCloseTo((4 * 1e6) ** (1 / 6), 8);
    expect(statistics.lengthMean).toBe(3);
    expect(statistics.lengthStd).toBeCloseTo(Math.SQRT2, 12);
    expect(statistics.hardShare).toEqual({ '2.5': 2 / 6, '10': 2 / 6, '25': 2 / 6, '1000': 1 / 6 });
  });

  it('a single target has no spread; none has no statistics', () => {
    const accumulator = new TargetStatisticsAccumulator();
    expect(() => accumulator.finish()).toThrow(RangeError);
    accumulator.add(Float64Array.of(-1));
    expect(accumulator.finish()).toMatchObject({ pplStd: 0, pplVariance: 0, items: 1 });
  });
});
