import { expect, test } from 'vitest';
import { drawReplay, replayCounts } from './mix.ts';

test('the replayed share is split evenly over previous tasks', () => {
  expect(replayCounts(1000, 0.1, 1)).toEqual([100]);
  expect(replayCounts(1000, 0.05, 3)).toEqual([17, 17, 16]);
});

test('draws distinct old examples, by seed', () => {
  const old = Array.from({ length: 50 }, (_, index) => `old ${index}`);
  const drawn = drawReplay([old], 200, 0.1, 1);
  expect(drawn).toHaveLength(20);
  expect(new Set(drawn).size).toBe(20);
  expect(drawReplay([old], 200, 0.1, 1)).toEqual(drawn);
  expect(drawReplay([old], 200, 0.1, 2)).not.toEqual(drawn);
});

test('a small buffer gives all it has', () => {
  expect(
    drawReplay(
      [
        ['a', 'b'],
        ['c', 'd', 'e', 'f'],
      ],
      8,
      1,
      0,
    ),
  ).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
});
