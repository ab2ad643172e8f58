import { describe, expect, it } from 'vitest';
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
