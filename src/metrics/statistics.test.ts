import { describe, expect, it } from 'vitest';
import {
  bootstrapMean,
  bootstrapMeanOfMeans,
  excludesZero,
  mcnemarExact,
  mean,
  pairedBootstrap,
  sampleStd,
  wilsonInterval,
} from './statistics.ts';

describe('moments', () => {
  it('mean and sample deviation', () => {
    expect(mean([1, 2, 3, 6])).toBe(3);
    expect(sampleStd([1, 2, 3, 6])).toBeCloseTo(Math.sqrt(14 / 3), 12);
    expect(sampleStd([5])).toBe(0);
  });
});

describe('Wilson interval', () => {
  it('reproduces the textbook values of 8 of 10', () => {
    // p = .8, z = 1.96: centre .7167, half .2265
    const interval = wilsonInterval(8, 10);
    expect(interval.lo).toBeCloseTo(0.4902, 4);
    expect(interval.hi).toBeCloseTo(0.9433, 4);
  });

  it('stays inside [0, 1] at the ends and is not empty there', () => {
    expect(wilsonInterval(0, 20)).toMatchObject({ value: 0, lo: 0 });
    for (const n of [7, 20, 240]) expect([wilsonInterval(0, n).lo, wilsonInterval(n, n).hi]).toEqual([0, 1]);
    expect(wilsonInterval(0, 20).hi).toBeCloseTo(3.8415 / 23.8415, 4);
    expect(wilsonInterval(20, 20).hi).toBe(1);
    expect(() => wilsonInterval(0, 0)).toThrow(RangeError);
  });

  it('112 items give about 9 points, 1,319 about 2.7 (methods 5.12)', () => {
    const half = (n: number): number => (wilsonInterval(n / 2, n).hi - wilsonInterval(n / 2, n).lo) / 2;
    expect(half(112)).toBeCloseTo(0.091, 2);
    expect(half(1319)).toBeCloseTo(0.027, 3);
  });
});

describe('exact McNemar', () => {
  it('hand-worked values', () => {
    expect(mcnemarExact(0, 0)).toBe(1);
    expect(mcnemarExact(5, 0)).toBeCloseTo(2 / 32, 12);
    // 2 * (1 + 8 + 28) / 256
    expect(mcnemarExact(2, 6)).toBeCloseTo(74 / 256, 12);
    expect(mcnemarExact(6, 2)).toBeCloseTo(74 / 256, 12);
    expect(mcnemarExact(4, 4)).toBe(1);
  });

  it('does not underflow on large counts', () => {
    const p = mcnemarExact(1500, 1300);
    expect(p).toBeGreaterThan(1e-5);
    expect(p).toBeLessThan(1e-3);
  });
});

describe('bootstrap', () => {
  const half = Array.from({ length: 100 }, (_, item) => item % 2);

  it('matches the normal interval of a share of one half with 100 items', () => {
    const interval = bootstrapMean(half);
    expect(interval.value).toBe(0.5);
    expect(interval.lo).toBeCloseTo(0.5 - 1.96 * 0.05, 1);
    expect(interval.hi).toBeCloseTo(0.5 + 1.96 * 0.05, 1);
  });

  it('is the same for the same seed and differs for another', () => {
    const values = Array.from({ length: 57 }, (_, item) => Math.sin(item));
    expect(bootstrapMean(values, { seed: 3 })).toEqual(bootstrapMean(values, { seed: 3 }));
    expect(bootstrapMean(values, { seed: 3 }).lo).not.toBe(bootstrapMean(values, { seed: 4 }).lo);
  });

  it('paired differences are far narrower than two separate intervals', () => {
    const after = half.map((value, item) => (item < 10 ? 0 : value));
    const paired = pairedBootstrap(half, after);
    expect(paired.value).toBeCloseTo(-0.05, 12);
    expect(paired.hi).toBeLessThan(0);
    expect(paired.hi - paired.lo).toBeLessThan(0.1);
    expect(excludesZero(paired)).toBe(true);
    expect(pairedBootstrap(half, half)).toEqual({ value: 0, lo: 0, hi: 0 });
    expect(excludesZero({ lo: 0, hi: 0 })).toBe(false);
    expect(() => pairedBootstrap(half, [1])).toThrow(/differ in length/);
  });

  it('the mean over k independent benchmarks has about 1/sqrt(k) of the width', () => {
    const one = bootstrapMean(half);
    const four = bootstrapMeanOfMeans([half, half, half, half]);
    expect(four.value).toBe(0.5);
    expect((four.hi - four.lo) / (one.hi - one.lo)).toBeGreaterThan(0.45);
    expect((four.hi - four.lo) / (one.hi - one.lo)).toBeLessThan(0.55);
  });

  it('weighs benchmarks equally whatever their size', () => {
    expect(bootstrapMeanOfMeans([[1, 1, 1, 1], [0]]).value).toBe(0.5);
  });

  it('refuses nothing', () => {
    expect(() => bootstrapMean([])).toThrow(RangeError);
    expect(() => bootstrapMeanOfMeans([])).toThrow(RangeError);
  });
});
