import { describe, expect, it } from 'vitest';
import { cosine, PredictionDriftAccumulator, weightDrift } from './drift.ts';

describe('drift', () => {
  it('token means over sequences of different length; the base itself has KL 0', () => {
    const accumulator = new PredictionDriftAccumulator();
    accumulator.add({
      crossEntropy: [1, 2],
      baselineEntropy: [1, 1],
      hardCrossEntropy: [0.5, 1.5],
      agree: [true, false],
    });
    accumulator.add({ crossEntropy: [3], baselineEntropy: [1], hardCrossEntropy: [4], agree: [true] });
    expect(accumulator.finish()).toEqual({
      crossEntropy: 2,
      baselineEntropy: 1,
      kl: 1,
      hardCrossEntropy: 2,
      agreement: 2 / 3,
      tokens: 3,
    });
    expect(() => new PredictionDriftAccumulator().finish()).toThrow(RangeError);
  });

  it('weight drift by hand', () => {
    const drift = weightDrift(Float32Array.of(3, 4, 0, 1), Float32Array.of(3, 4, 2, 1.000001));
    expect(drift.l2).toBeCloseTo(2, 6);
    expect(drift.relative).toBeCloseTo(2 / Math.sqrt(26), 6);
    expect(drift.changedShare).toBe(0.25);
    expect(weightDrift(Float32Array.of(1), Float32Array.of(1))).toMatchObject({ l2: 0, relative: 0, changedShare: 0 });
    expect(() => weightDrift(new Float32Array(1), new Float32Array(2))).toThrow(RangeError);
  });

  it('cosine', () => {
    expect(cosine(Float32Array.of(1, 0), Float32Array.of(1, 1))).toBeCloseTo(Math.SQRT1_2, 6);
    expect(cosine(Float32Array.of(0, 0), Float32Array.of(1, 1))).toBe(0);
  });
});
