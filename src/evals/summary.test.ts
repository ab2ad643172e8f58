import { describe, expect, it } from 'vitest';
import type { ItemResult } from '../shared/records.ts';
import { summarize } from './summary.ts';

function item(strict: number, lenient: number, parsed: boolean, rates?: Record<string, number>): ItemResult {
  return { index: 0, strict, lenient, parsed, output: '', finish: 'stop', ...(rates ? { rates } : {}) };
}

describe('summarize', () => {
  it('gives Wilson intervals for items that are right or wrong', () => {
    const items = [item(1, 1, true), item(0, 1, false), item(1, 1, true), item(0, 0, true)];
    const { score, lo, hi, lenient, parseRate, n } = summarize(items);
    expect({ score, lenient, parseRate, n }).toEqual({ score: 0.5, lenient: 0.75, parseRate: 0.75, n: 4 });
    // Wilson for 2 of 4 with z = 1.96: centre .5, half width z/2 * sqrt(1/(n + z^2)) = .98 * sqrt(1/7.8415)
    expect(lo).toBeCloseTo(0.15, 3);
    expect(hi).toBeCloseTo(0.85, 3);
  });

  it('gives seeded bootstrap intervals otherwise', () => {
    const graded = [0.2, 0.4, 0.9, 1].map((strict) => item(strict, 1, true));
    const summary = summarize(graded);
    expect(summary.score).toBeCloseTo(0.625, 12);
    expect(summary.lo).toBeGreaterThan(0.2);
    expect(summary.lo).toBeLessThan(summary.score);
    expect(summary.hi).toBeGreaterThan(summary.score);
    expect(summarize(graded)).toEqual(summary);
  });

  it('averages each rate over the items that carry it', () => {
    const items = [item(1, 1, true, { a: 1, b: 0 }), item(1, 1, true, { a: 0 }), item(1, 1, true)];
    expect(summarize(items).rates).toEqual({ a: 0.5, b: 0 });
  });
});
