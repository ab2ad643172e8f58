import { expect, test } from 'vitest';
import { experimentSchema } from '../shared/experiment.ts';
import { inEnglish, phrase } from '../shared/phrase.ts';
import type { CellRecord, RunConfig } from '../shared/records.ts';
import { resolveArm } from '../recipes/presets.ts';
import { listWork } from '../runs/plan.ts';
import { RunFollower } from './runFollower.ts';

const experiment = experimentSchema.parse({
  name: 'x',
  model: 'm',
  stages: [{ name: 'first', dataset: 'd', steps: 10 }],
  arms: [{ name: 'a' }],
  benchmarks: [{ name: 'b', data: 'f', scorer: 'exact' }],
});
const arms = experiment.arms.map((arm) => resolveArm(arm, experiment));
const config = { experiment, arms } as unknown as RunConfig;
const work = listWork(experiment, arms, { rows: [5], items: new Map([['b', 20]]) });
const cell = { kind: 'cell', arm: 'base', lr: 0, seed: 0, stage: 0, benchmark: 'b', score: 0.5, rates: {} };

test('follows a run: what is going on, how much is done, how long it takes', () => {
  const follower = new RunFollower();
  const done = work.map(() => false);
  follower.take({ kind: 'plan', folder: 'f', config, work, done, cells: [], resumed: false }, 0);
  expect(follower.progress()).toBeUndefined();
  follower.take({ kind: 'work', index: 0, state: 'begin' }, 0);
  follower.take({ kind: 'progress', done: 10, total: 20, tokens: 100 }, 2);
  expect(follower.progress()).toMatchObject({
    activity: phrase('measure {0} ({1})', 'b', phrase('base')),
    share: 0.5,
    done: 0,
    tokensPerSecond: 50,
  });
  follower.take(cell as unknown as CellRecord, 4);
  follower.take({ kind: 'work', index: 0, state: 'end' }, 4);
  expect(work.map(({ kind }) => kind)).toEqual(['evaluate', 'targets', 'train', 'evaluate', 'drift']);
  follower.take({ kind: 'work', index: 3, state: 'begin' }, 4);
  const state = follower.progress();
  expect(state).toMatchObject({ done: 1, total: 5 });
  expect(state && inEnglish(state.activity)).toBe('measure b (a · 3e-4 · seed 0, stage 1 first)');
  expect(state?.stage).toEqual({ index: 1, count: 1, name: 'first' });
  // The same benchmark took 4 s; the other pieces have to come on top.
  expect(state?.secondsLeft).toBeGreaterThan(4);
  expect(state?.cells).toEqual([cell]);
});
