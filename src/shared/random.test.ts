import { expect, test } from 'vitest';
import { createRandom, hashSeed, nextUint32 } from './random.ts';

test('xoshiro128** gives the numbers of the reference implementation for the state 1, 2, 3, 4', () => {
  const state = Uint32Array.of(1, 2, 3, 4);
  const numbers = Array.from({ length: 6 }, () => nextUint32(state));
  expect(numbers).toEqual([11520, 0, 5927040, 70819200, 2031721883, 1637235492]);
});

test('equal seeds repeat, different seeds differ, numbers are uniform in [0, 1)', () => {
  const draw = (seed: number): number[] => {
    const random = createRandom(seed);
    return Array.from({ length: 20_000 }, () => random());
  };
  const numbers = draw(7);
  expect(draw(7)).toEqual(numbers);
  for (const other of [0, 1, -1, 8, 0.5, 2 ** 40, 2 ** 53 - 1]) expect(draw(other)[0]).not.toBe(numbers[0]);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
  const variance = numbers.reduce((sum, x) => sum + (x - mean) ** 2, 0) / numbers.length;
  // Standard error of the mean is 0.002, of the variance 0.0005: five of them.
  expect(Math.abs(mean - 1 / 2)).toBeLessThan(0.01);
  expect(Math.abs(variance - 1 / 12)).toBeLessThan(0.003);
});

test('hashSeed depends on every part, its kind and its place', () => {
  const seeds = [
    hashSeed(),
    hashSeed(1),
    hashSeed('1'),
    hashSeed(1, 2),
    hashSeed(2, 1),
    hashSeed(12),
    hashSeed('a', 'b'),
    hashSeed('ab'),
  ];
  expect(new Set(seeds).size).toBe(seeds.length);
  expect(hashSeed('epoch', 3, 1)).toBe(hashSeed('epoch', 3, 1));
  for (const seed of seeds) expect(Number.isSafeInteger(seed) && seed >= 0).toBe(true);
});
