import { expect, test } from 'vitest';
import { syntheticRun } from '../report/testing/syntheticRun.ts';
import { listWork } from '../runs/plan.ts';
import type { MetricRecord } from '../shared/records.ts';
import type { RunRecords } from './runReader.ts';
import { secondsLeftOf } from './runTimeLeft.ts';

const { run } = syntheticRun();
const { experiment } = run.config;
const [arm] = run.config.arms;
const plan = listWork(experiment, [arm!], { rows: [10, 10], items: new Map() }).filter(({ kind }) => kind === 'train');
const key = { arm: arm!.name, lr: 3e-4, seed: 0 };

function records(steps: MetricRecord[]): RunRecords {
  const { folder, config } = run;
  const nothing = { cells: [], targets: [], drift: [], checkpoints: [], log: [], damagedLines: [] };
  return { folder, config, status: undefined, ...nothing, lastSteps: steps };
}

const step = (stage: number, at: number): MetricRecord => ({
  kind: 'metric',
  ...key,
  stage,
  step: at,
  steps: 40,
  'train/loss': 1,
  'train/grad_norm': 1,
  'train/lr': 3e-4,
  'train/tokens': 500,
  // A quarter of a second for a step.
  'train/tokens_per_second': 2000,
  at: '2026-01-02T03:04:05.000Z',
});

test('the rest of the training in progress and the trainings after it', () => {
  expect(plan.map(({ size }) => size)).toEqual([40, 40]);
  expect(secondsLeftOf(records([step(1, 10)]), plan)).toBeCloseTo((30 + 40) / 4);
  expect(secondsLeftOf(records([step(1, 30)]), plan)).toBeCloseTo((10 + 40) / 4);
});

test('nothing is said before anything was timed, and nothing is left at the end', () => {
  expect(secondsLeftOf(records([]), plan)).toBeUndefined();
  const final = [1, 2].map((stage) => {
    return { kind: 'checkpoint', ...key, stage, step: 40, what: 'final', folder: 'x' } as const;
  });
  expect(secondsLeftOf({ ...records([]), checkpoints: final }, plan)).toBe(0);
});

test('evaluations count by what they took', () => {
  const all = listWork(experiment, [arm!], { rows: [10, 10], items: new Map([['sorting', 100]]) });
  const sorting = all.filter((work) => work.kind === 'evaluate' && work.benchmark === 'sorting');
  const [base] = run.cells.filter((cell) => cell.benchmark === 'sorting' && cell.stage === 0);
  const measured = { ...records([]), cells: [{ ...base!, seconds: 8 }] };
  expect(secondsLeftOf(measured, sorting)).toBeCloseTo(8 * (sorting.length - 1));
});
