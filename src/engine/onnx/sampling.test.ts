import { describe, expect, it } from 'vitest';
import { drawToken } from './sampling.ts';

/** Probabilities .5, .3, .15, .05 in mixed order: ids 2, 0, 3, 1. */
const logprobs = Float32Array.from([0.3, 0.05, 0.5, 0.15], Math.log);
const plain = { temperature: 1, topP: 1, topK: 0 };

/** Share of each id over an even grid of uniform numbers. */
function shares(settings: typeof plain): number[] {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 1000; i++) counts[drawToken(logprobs, settings, (i + 0.5) / 1000)]! += 1;
  return counts.map((count) => count / 1000);
}

const near = (actual: number[], expected: number[]) =>
  actual.forEach((share, id) => expect(share).toBeCloseTo(expected[id]!, 2));

describe('drawToken', () => {
  it('follows the distribution', () => near(shares(plain), [0.3, 0.05, 0.5, 0.15]));

  it('sharpens by temperature: p^(1/T), renormalised', () => {
    const squares = [0.09, 0.0025, 0.25, 0.0225].map((p) => p / 0.365);
    near(shares({ ...plain, temperature: 0.5 }), squares);
  });

  it('keeps the k most probable', () => near(shares({ ...plain, topK: 2 }), [0.375, 0, 0.625, 0]));

  it('keeps the smallest set that reaches p', () => {
    near(shares({ ...plain, topP: 0.5 }), [0, 0, 1, 0]);
    near(shares({ ...plain, topP: 0.6 }), [0.375, 0, 0.625, 0]);
    near(shares({ ...plain, topP: 0.94 }), [0.3 / 0.95, 0, 0.5 / 0.95, 0.15 / 0.95]);
  });

  it('applies top-p to what top-k left', () => near(shares({ ...plain, topK: 2, topP: 0.6 }), [0, 0, 1, 0]));

  it('draws the last token for the largest uniform number', () => {
    expect(drawToken(logprobs, plain, 1 - 2 ** -53)).toBe(3);
  });
});
