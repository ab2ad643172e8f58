import { describe, expect, it } from 'vitest';
import { difficultyBin } from './difficulty.ts';

const ln = Math.log;

describe('difficulty bins', () => {
  it('has its steps at .9, .4, .1 and .01; the step at .4 is where STM begins', () => {
    expect([1, 0.9, 0.89, 0.4, 0.39, 0.1, 0.09, 0.01, 0.0099].map((p) => difficultyBin(ln(p)))).toEqual([
      0, 0, 1, 1, 2, 2, 3, 3, 4,
    ]);
    expect(difficultyBin(-Infinity)).toBe(4);
  });
});
