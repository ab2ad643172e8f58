import { describe, expect, test } from 'vitest';
import { createRandom } from '../shared/random.ts';
import { createBatches } from './batches.ts';
import { permutation } from './random.ts';

describe('createBatches', () => {
  test('every pass visits every example once', () => {
    const batches = createBatches(7, 3, 5);
    const seen = [1, 2, 3, 4, 5, 6, 7].flatMap(batches);
    for (const pass of [0, 1, 2]) {
      const indices = seen.slice(pass * 7, pass * 7 + 7).sort((a, b) => a - b);
      expect(indices).toEqual([0, 1, 2, 3, 4, 5, 6]);
    }
  });

  test('a step does not depend on the steps before it', () => {
    const whole = createBatches(50, 8, 3);
    const inOrder = Array.from({ length: 20 }, (_, index) => whole(index + 1));
    expect(createBatches(50, 8, 3)(17)).toEqual(inOrder[16]);
    expect(whole(2)).toEqual(inOrder[1]);
  });

  test('seeds and passes give different orders', () => {
    expect(createBatches(50, 50, 1)(1)).not.toEqual(createBatches(50, 50, 2)(1));
    const batches = createBatches(50, 50, 1);
    expect(batches(1)).not.toEqual(batches(2));
  });
});

test('permutation keeps every index', () => {
  const identity = Array.from({ length: 100 }, (_, index) => index);
  const shuffled = permutation(100, createRandom(4));
  expect(shuffled).not.toEqual(identity);
  expect(shuffled.sort((a, b) => a - b)).toEqual(identity);
});
