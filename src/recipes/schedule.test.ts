import { describe, expect, test } from 'vitest';
import { learningRateAt } from './schedule.ts';

describe('learningRateAt', () => {
  test('rises linearly over the warm-up and stays', () => {
    const rates = [1, 2, 3, 4, 10].map((step) => learningRateAt(step, 10, 1, { warmup: 0.4, schedule: 'constant' }));
    expect(rates).toEqual([0.25, 0.5, 0.75, 1, 1]);
  });

  test('falls linearly from the peak, without a step at zero', () => {
    const rates = [1, 2, 3, 4].map((step) => learningRateAt(step, 4, 2, { warmup: 0, schedule: 'linear' }));
    expect(rates).toEqual([2, 1.5, 1, 0.5]);
  });

  test('follows a half cosine', () => {
    const rates = [1, 2, 3, 4].map((step) => learningRateAt(step, 4, 1, { warmup: 0, schedule: 'cosine' }));
    expect(rates[0]).toBe(1);
    expect(rates[1]).toBeCloseTo((1 + Math.SQRT1_2) / 2, 12);
    expect(rates[2]).toBeCloseTo(0.5, 12);
  });

  test('a peak of zero stays zero', () => {
    expect(learningRateAt(1, 10, 0, { warmup: 0.5, schedule: 'cosine' })).toBe(0);
    expect(learningRateAt(9, 10, 0, { warmup: 0.5, schedule: 'cosine' })).toBe(0);
  });
});
