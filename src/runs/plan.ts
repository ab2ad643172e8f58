// The deterministic list of work of an experiment: the base is measured first, then every trial (arm x learning rate x
// seed) goes through the stages. Seeds are the outermost loop, so that all arms can be compared as early as possible.
import type { Experiment, ResolvedArm } from '../shared/experiment.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import type { RunData, TrialKey } from '../shared/records.ts';
import { trialFolder } from './runFolder.ts';

/** One chain of trainings. */
export interface Trial extends TrialKey {
  armIndex: number;
  /** Folder name inside `items/`, `checkpoints/` and `state/`. */
  folder: string;
}

/** The untouched base as a row of the matrix. */
export const baseKey: TrialKey = { arm: 'base', lr: 0, seed: 0 };

/** One piece of work. `stage` is 1-based, 0 for the base. */
export type Work =
  | { kind: 'evaluate'; key: TrialKey; stage: number; benchmark: string; size: number }
  | { kind: 'targets'; key: TrialKey; stage: number; generates: boolean; size: number }
  | { kind: 'train'; key: TrialKey; stage: number; size: number }
  | { kind: 'drift'; key: TrialKey; stage: number; text: 'new-task' | 'neutral'; size: number };

/** All trials, in the order in which they are carried out. */
export function listTrials(experiment: Experiment, arms: readonly ResolvedArm[]): Trial[] {
  return experiment.seeds.flatMap((seed) =>
    arms.flatMap((arm, armIndex) =>
      arm.learningRates.map((lr) => {
        const key = { arm: arm.name, lr, seed };
        return { ...key, armIndex, folder: trialFolder(key, armIndex) };
      }),
    ),
  );
}

/** Texts on which the drift from the base is measured after a stage. */
export function driftTexts(experiment: Experiment): ('new-task' | 'neutral')[] {
  return experiment.neutralText === undefined ? ['new-task'] : ['new-task', 'neutral'];
}

/** How much there is to do, for the plan and the time left. */
export interface Sizes {
  /** Rows per stage, items per benchmark. */
  rows: readonly number[];
  items: ReadonlyMap<string, number>;
}

/** Everything an experiment has to do. `size` is in items, rows or steps. */
export function listWork(experiment: Experiment, arms: readonly ResolvedArm[], sizes: Sizes): Work[] {
  const evaluations = (key: TrialKey, stage: number): Work[] =>
    experiment.benchmarks.map(({ name }) => ({
      kind: 'evaluate',
      key,
      stage,
      benchmark: name,
      size: sizes.items.get(name) ?? 0,
    }));
  const targetsSeen = new Set<string>();
  const stageWork = (trial: Trial): Work[] =>
    experiment.stages.flatMap((stage, index): Work[] => {
      const number = index + 1;
      const { targets } = arms[trial.armIndex] as ResolvedArm;
      const targetKey = JSON.stringify([trial.arm, trial.seed, number]);
      const rows = sizes.rows[index] ?? 0;
      const work: Work[] = [];
      if (!targetsSeen.has(targetKey)) {
        const samples = targets.kind === 'self-output' ? targets.samples : 1;
        const generates = targets.kind === 'self-output' || targets.kind === 'rephrase';
        work.push({ kind: 'targets', key: trial, stage: number, generates, size: rows * samples });
      }
      targetsSeen.add(targetKey);
      work.push({ kind: 'train', key: trial, stage: number, size: stage.steps });
      work.push(...evaluations(trial, number));
      for (const text of driftTexts(experiment)) {
        work.push({ kind: 'drift', key: trial, stage: number, text, size: 1 });
      }
      return work;
    });
  return [...evaluations(baseKey, 0), ...listTrials(experiment, arms).flatMap(stageWork)];
}

/** Rough seconds for a unit of every kind of work; only their ratios mean something. */
const secondsPerUnit: { [Kind in Work['kind']]: number } = { evaluate: 0.01, targets: 0.005, train: 0.05, drift: 0.3 };

/** A rough cost of a piece of work, for shares and for the time left before anything was measured. */
export function roughCost(work: Work): number {
  return secondsPerUnit[work.kind] * Math.max(1, work.size);
}

/**
 * How much of the planned work is done, 0..1: every piece counts by its rough cost. `doneOf` tells the share of a piece.
 * The one definition of how far a run is; time comes into it nowhere, so it cannot go back.
 */
export function shareDone(plan: readonly Work[], doneOf: (work: Work, index: number) => number): number {
  let done = 0;
  let all = 0;
  plan.forEach((work, index) => {
    const cost = roughCost(work);
    all += cost;
    done += cost * doneOf(work, index);
  });
  return all === 0 ? 0 : done / all;
}

/** Whether the records of a run already hold a piece of work. */
export function isDone(work: Work, run: Pick<RunData, 'cells' | 'targets' | 'checkpoints' | 'drift'>): boolean {
  const { key, stage } = work;
  switch (work.kind) {
    case 'evaluate':
      return run.cells.some((cell) => sameKey(cell, key) && cell.stage === stage && cell.benchmark === work.benchmark);
    case 'targets':
      return run.targets.some((one) => one.arm === key.arm && one.seed === key.seed && one.stage === stage);
    case 'train':
      return run.checkpoints.some((one) => one.what === 'final' && sameKey(one, key) && one.stage === stage);
    case 'drift':
      return run.drift.some((one) => sameKey(one, key) && one.stage === stage && one.text === work.text);
    default:
      return work satisfies never;
  }
}

/** Whether two records belong to the same trial. */
export function sameKey(one: TrialKey, other: TrialKey): boolean {
  return one.arm === other.arm && one.lr === other.lr && one.seed === other.seed;
}

/** A piece of work in words. */
export function describeWork(work: Work, stageNames: readonly string[]): Phrase {
  const { arm, lr, seed } = work.key;
  const stage = [work.stage, stageNames[work.stage - 1] ?? ''] as const;
  const trial =
    work.stage === 0
      ? phrase('base')
      : phrase('{0} · {1} · seed {2}, stage {3} {4}', arm, formatRate(lr), seed, ...stage);
  switch (work.kind) {
    case 'evaluate':
      return phrase('measure {0} ({1})', work.benchmark, trial);
    case 'targets':
      return work.generates
        ? phrase('write targets ({0} · seed {1}, stage {2} {3})', arm, seed, ...stage)
        : phrase('score targets ({0} · seed {1}, stage {2} {3})', arm, seed, ...stage);
    case 'train':
      return phrase('train ({0})', trial);
    case 'drift':
      return work.text === 'neutral'
        ? phrase('compare with the base on neutral text ({0})', trial)
        : phrase('compare with the base on new-task text ({0})', trial);
    default:
      return work satisfies never;
  }
}

/** A learning rate as people write it: 3e-4, 0.05, 0. */
export function formatRate(rate: number): string {
  return rate !== 0 && rate < 0.01 ? rate.toExponential() : String(rate);
}
