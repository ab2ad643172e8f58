import { expect, test } from 'vitest';
import type { Work } from '../runs/plan.ts';
import { createTimeLeft } from './timeLeft.ts';

const key = { arm: 'a', lr: 1, seed: 0 };
const train = (size: number): Work => ({ kind: 'train', key, stage: 1, size });
const evaluate = (size: number): Work => ({ kind: 'evaluate', key, stage: 1, benchmark: 'b', size });

test('time left follows what the same kind of work took', () => {
  const time = createTimeLeft();
  time.finished(train(100), 10);
  expect(time.estimate([train(50), train(200)], 0)).toBeCloseTo(25);
  expect(time.estimate([train(50), train(200)], 0.5)).toBeCloseTo(22.5);
  // 100 steps were guessed at 5 s and took 10: the pace is 2, so 100 items guessed at 1 s are taken for 2.
  expect(time.estimate([evaluate(100)], 0)).toBeCloseTo(2);
});
