import { describe, expect, it } from 'vitest';
import { cosine, PredictionDriftAccumulator, weightDrift } from './drift.ts';
import { forgettingPerGain, hypervolume, paretoSet, retentionAtGain } from './plane.ts';

describe('learning-forgetting plane (methods 5.6)', () => {
  const points = [
    { x: 0.4, y: -0.4 },
    { x: 0.3, y: -0.1 },
    { x: 0.2, y: -0.2 },
    { x: 0, y: 0 },
  ];

  it('Pareto set', () => {
    expect(paretoSet(points)).toEqual([0, 1, 3]);
    expect(paretoSet([points[0]!, points[0]!])).toEqual([0, 1]);
  });

  it('hypervolume above (0, -1) by hand', () => {
    // .4 wide up to -.4, then .3 wide from -.4 to -.1; (.2, -.2) adds nothing.
    expect(hypervolume(points)).toBeCloseTo(0.4 * 0.6 + 0.3 * 0.3, 12);
    expect(hypervolume([])).toBe(0);
    expect(hypervolume([{ x: -0.1, y: 0 }])).toBe(0);
  });

  it('retention at matched learning interpolates the sweep where it first reaches the gain', () => {
    const curve = [
      { x: 0, y: 0 },
      { x: 0.2, y: -0.1 },
      { x: 0.6, y: -0.5 },
      { x: 0.1, y: -0.9 },
    ];
    expect(retentionAtGain(curve, 0.4)).toBeCloseTo(-0.3, 12);
    expect(retentionAtGain(curve, 0)).toBe(0);
    expect(retentionAtGain(curve, 0.7)).toBeNull();
    expect(retentionAtGain([], 0.1)).toBeNull();
  });

  it('forgetting per unit of learning', () => {
    expect(forgettingPerGain({ x: 0.4, y: -0.2 })).toBeCloseTo(0.5, 12);
    expect(forgettingPerGain({ x: 0, y: -0.2 })).toBeNull();
  });
});

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
