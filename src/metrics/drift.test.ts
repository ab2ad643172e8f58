import { describe, expect, it } from 'vitest';
import { PredictionDriftAccumulator } from './drift.ts';

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
});
