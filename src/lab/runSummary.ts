// A run in short, from its records alone: how far every stage is, what was gained and forgotten, and how much of the work
// is on disk. Numbers come from the report's matrix, never from a computation of their own.
import { join } from 'node:path';
import { armStyles, isReferenceArm, styleOf } from '../shared/arms.ts';
import type {
  CheckpointSummary,
  RunState,
  RunSummary,
  StageSummary,
  TrialSummary,
} from '../shared/protocol/lab/runs.ts';
import type { MatrixBlock, MatrixRow, MatrixView } from '../shared/matrixView.ts';
import { joined, phrase } from '../shared/phrase.ts';
import type { Phrase, Words } from '../shared/phrase.ts';
import type { RunConfig, TrialKey } from '../shared/records.ts';
import { formatDone, formatPoints } from '../shared/words.ts';
import { exceedsBudget } from '../metrics/budget.ts';
import { headline } from '../report/headline.ts';
import { lastMeasuredRow, sketchMatrix } from '../report/matrix.ts';
import { isDone, listTrials, listWork, sameKey, shareDone } from '../runs/plan.ts';
import type { Work } from '../runs/plan.ts';
import { reasonOf } from './runState.ts';
import { groupRecords } from './recordGroups.ts';
import type { WorkRecords } from './recordGroups.ts';
import { slices } from './slices.ts';
import { requireSound } from './soundRun.ts';
import type { RunRecords } from './runReader.ts';

/** What a summary needs beside the records. */
export interface SummaryOptions {
  /** From plan.json; absent for runs of before there was one. */
  plan: readonly Work[] | undefined;
  state: Exclude<RunState, 'corrupt'>;
  /** ISO. */
  updatedAt: string;
  /** What an earlier summary of the run said. A resumed run repeats the steps after its last checkpoint; that is no way back. */
  shareBefore?: number;
}

/**
 * Summarises a run, in slices: a sweep has hundreds of trials. Rejects when its records do not fit its configuration; the run
 * is then corrupt.
 */
export async function summarizeRun(run: RunRecords, options: SummaryOptions): Promise<RunSummary> {
  requireSound(run);
  const pause = slices();
  const { config } = run;
  const plan = options.plan ?? estimatePlan(run);
  await pause();
  const progress = progressOf(run, plan);
  const share = Math.max(progress.share, options.shareBefore ?? 0);
  const views = new Map<number, MatrixView>();
  for (const seed of config.experiment.seeds) {
    await pause();
    views.set(seed, sketchMatrix(run, { seed }));
  }
  await pause();
  const recordsOf = groupRecords(run);
  const base = baseStage(run);
  const planned = new Map<string, Work[]>();
  for (const work of plan) {
    if (work.stage === 0) continue;
    const key = trialOf(work);
    const own = planned.get(key) ?? [];
    planned.set(key, own);
    own.push(work);
  }
  const trials: TrialSummary[] = [];
  for (const trial of listTrials(config.experiment, config.arms)) {
    await pause();
    const own = planned.get(trialOf({ key: trial })) ?? [];
    trials.push(trialSummary(run, own, trial, views.get(trial.seed)?.blocks ?? [], base, recordsOf));
  }
  await pause();
  const result = resultOf(config, sketchMatrix(run).blocks);
  const reason = options.state === 'interrupted' ? interruptedReason : (reasonOf(run.status) ?? '');
  const summary: RunSummary = {
    folder: run.folder,
    id: config.id,
    ...originOf(config),
    state: options.state,
    // Of a run that goes on or is done, the status only says how it began.
    ...(reason === '' || options.state === 'done' || options.state === 'running' ? {} : { reason }),
    createdAt: config.createdAt,
    updatedAt: options.updatedAt,
    model: config.experiment.model,
    trials,
    line: '',
    share,
    damagedLines: run.damagedLines.length,
    breaches: [...views.values()].reduce((sum, view) => sum + likelyBreaches(view, config), 0),
  };
  const whose = summary.state === 'done' && result && config.arms.length > 1 ? { lineArm: result.arm } : {};
  return { ...summary, ...whose, line: lineOf(summary, result?.words, progress.active) };
}

const interruptedReason = phrase('The process that worked on it is gone; resume it to go on');

/** What is not known of a run without its records. */
const nothingRead = { trials: [], share: 0, damagedLines: 0, breaches: 0 };

/** The experiment that a run is of. */
function originOf({ experiment, experimentFile }: RunConfig): Pick<RunSummary, 'experiment' | 'experimentFile'> {
  return { experiment: experiment.name, ...(experimentFile === undefined ? {} : { experimentFile }) };
}

/** A run that cannot be read, as far as anything is known about it. */
export function corruptSummary(folder: string, id: string, reason: Words, updatedAt: string): RunSummary {
  const experiment = experimentOfId(id);
  const line = phrase('cannot be read');
  return {
    ...nothingRead,
    folder,
    id,
    experiment,
    state: 'corrupt',
    reason,
    createdAt: updatedAt,
    updatedAt,
    model: '',
    line,
  };
}

/** A run whose records have not been read yet: its place in the list, and how it stands. Throws as `summarizeRun`. */
export function unreadSummary(
  run: Pick<RunRecords, 'folder' | 'config' | 'status'>,
  state: SummaryOptions['state'],
): RunSummary {
  requireSound(run);
  const { folder, config, status } = run;
  return {
    ...nothingRead,
    folder,
    id: config.id,
    ...originOf(config),
    state,
    createdAt: config.createdAt,
    updatedAt: status?.at ?? config.createdAt,
    model: config.experiment.model,
    line: phrase('not read yet'),
  };
}

/** `pocket` of `pocket-20261121-1530-ab12`: run folders are named after their experiment. */
function experimentOfId(id: string): string {
  return id.replace(/-\d{8}-\d{4}-[0-9a-f]{4}$/, '');
}

/** The same run after its process came or went. */
export function withState(summary: RunSummary, state: 'running' | 'interrupted'): RunSummary {
  if (summary.state !== 'running' && summary.state !== 'interrupted') return summary;
  const line = isInterrupted(summary.line) ? (summary.line.values[0] as Words) : summary.line;
  const now: RunSummary = { ...summary, state, line };
  delete now.reason;
  if (state === 'running') return now;
  return { ...now, reason: interruptedReason, line: interrupted(line) };
}

const interrupted = (where: Words): Phrase => phrase('interrupted, {0}', where);
const isInterrupted = (line: Words): line is Phrase => typeof line === 'object' && line.text === interrupted('').text;

/** Where a run is: the first piece of work that is not on disk. */
export interface Progress {
  /** 0..1. */
  share: number;
  active: { arm: string; lr: number; seed: number; stage: number; kind: Work['kind'] } | undefined;
}

/** Share of the work that is on disk, by rough cost; a training counts by its steps. */
export function progressOf(run: RunRecords, plan: readonly Work[]): Progress {
  let active: Progress['active'];
  const recordsOf = groupRecords(run);
  const share = shareDone(plan, (work) => {
    const records = recordsOf(work.key, work.stage);
    if (isDone(work, records)) return 1;
    const { arm, lr, seed } = work.key;
    active ??= { arm, lr, seed, stage: work.stage, kind: work.kind };
    return work.kind === 'train' ? stepShare(records, work.key, work.stage) : 0;
  });
  return { share, active };
}

function stepShare({ lastSteps }: WorkRecords, key: TrialKey, stage: number): number {
  const last = lastSteps.find((one) => sameKey(one, key) && one.stage === stage);
  return last && last.steps > 0 ? Math.min(1, last.step / last.steps) : 0;
}

/** The plan of a run that has none written down: sizes as far as its records and its configuration tell them. */
export function estimatePlan(run: RunRecords): Work[] {
  const { experiment, arms } = run.config;
  const rows = experiment.stages.map((stage, index) => {
    const made = run.targets.find((one) => one.stage === index + 1);
    return made?.statistics.items ?? stage.limit ?? 1000;
  });
  const items = new Map(
    experiment.benchmarks.map(({ name, limit }) => {
      const measured = run.cells.find((cell) => cell.benchmark === name);
      return [name, measured?.n ?? limit ?? 200];
    }),
  );
  return listWork(experiment, arms, { rows, items });
}

const trialOf = ({ key: { arm, lr, seed } }: { key: TrialKey }): string => `${lr} ${seed} ${arm}`;

/** `own`: the planned work of this trial. */
function trialSummary(
  run: RunRecords,
  own: readonly Work[],
  key: TrialKey,
  blocks: readonly MatrixBlock[],
  base: StageSummary,
  recordsOf: ReturnType<typeof groupRecords>,
): TrialSummary {
  const { arm, lr, seed } = key;
  const trained = run.config.experiment.stages.map((_, k) => stageSummary(run, own, key, k + 1, recordsOf(key, k + 1)));
  const stages = [base, ...trained];
  const state = trained.every((stage) => stage.state === 'done')
    ? 'done'
    : trained.some((stage) => stage.state !== 'waiting')
      ? 'running'
      : 'waiting';
  const row = lastTotals(blocks.find((block) => block.arm === arm && block.lr === lr));
  return {
    arm,
    lr,
    seed,
    style: styleOf(armStyles(run.config.arms), arm),
    state,
    ...(row?.gained ? { gained: row.gained.value } : {}),
    ...(row?.forgot ? { forgot: row.forgot.value } : {}),
    stages,
  };
}

/** The newest row whose means are complete. */
function lastTotals(block: MatrixBlock | undefined): MatrixRow | undefined {
  return block?.rows.findLast((row) => row.gained !== undefined || row.forgot !== undefined);
}

function baseStage(run: RunRecords): StageSummary {
  const { model, experiment } = run.config;
  const measured = run.cells.filter((cell) => cell.stage === 0).length;
  const done = measured >= experiment.benchmarks.length;
  return {
    stage: 0,
    name: 'base',
    state: done ? 'done' : measured > 0 ? 'measuring' : 'waiting',
    share: 1,
    checkpoints: [{ step: 0, what: 'final', folder: model.folder, exists: true }],
  };
}

function stageSummary(
  run: RunRecords,
  own: readonly Work[],
  key: TrialKey,
  stage: number,
  records: WorkRecords,
): StageSummary {
  const work = own.filter((one) => one.stage === stage);
  const final = records.checkpoints.some((one) => one.what === 'final' && sameKey(one, key));
  const begun = records.targets.length > 0;
  const share = final ? 1 : stepShare(records, key, stage);
  return {
    stage,
    name: run.config.experiment.stages[stage - 1]?.name ?? '',
    state: stageState(
      final && work.every((one) => isDone(one, records)),
      final,
      begun && (share > 0 || isNext(run, key)),
    ),
    share,
    checkpoints: checkpointsOf(run.folder, records, key),
  };
}

function stageState(done: boolean, final: boolean, begun: boolean): StageSummary['state'] {
  if (done) return 'done';
  if (final) return 'measuring';
  return begun ? 'training' : 'waiting';
}

/** Trials of one arm share their targets: those of a later learning rate have not begun because they are there. */
function isNext(run: RunRecords, key: TrialKey): boolean {
  const arm = run.config.arms.find((one) => one.name === key.arm);
  return arm?.learningRates[0] === key.lr;
}

/** The final model of a stage, or else its newest resumable state. */
function checkpointsOf(folder: string, { checkpoints }: WorkRecords, key: TrialKey): CheckpointSummary[] {
  const own = checkpoints.filter((one) => sameKey(one, key));
  const newest = own.findLast((one) => one.what === 'final') ?? own.at(-1);
  if (!newest) return [];
  return [{ step: newest.step, what: newest.what, folder: join(folder, newest.folder), exists: true }];
}

/**
 * Guarded cells of the last measured stages that fell by more than the budget. Without intervals this may count a drop
 * that is noise; the exact number takes its place once it has been computed.
 */
function likelyBreaches(view: MatrixView, config: RunConfig): number {
  const budget = config.experiment.forgettingBudget;
  return view.blocks.reduce((sum, block) => {
    const cells = lastMeasuredRow(block)?.cells ?? [];
    const fallen = cells.filter((cell, k) => {
      const column = view.columns[k];
      if (cell.kind !== 'measured' || !column?.guarded || column.insensitive !== undefined) return false;
      return exceedsBudget(cell.change?.value ?? 0, budget);
    });
    return sum + fallen.length;
  }, 0);
}

function gainedWords(value: number): Phrase {
  const points = formatPoints(value);
  return value < 0 ? phrase('lost {0}', points) : phrase('gained {0}', points);
}

function forgotWords(value: number): Phrase {
  const points = formatPoints(value);
  return value > 0 ? phrase('improved {0}', points) : phrase('forgot {0}', points);
}

/** `gained 8, forgot 24` of the reference arm, or of the first that has a result. */
function resultOf(config: RunConfig, blocks: MatrixBlock[]): { arm: string; words: Words } | undefined {
  const shown = headline(config, { blocks }).blocks;
  const reference = config.arms.find(isReferenceArm)?.name;
  const withTotals = shown.filter((block) => lastTotals(block));
  const block = withTotals.find(({ arm }) => arm === reference) ?? withTotals[0];
  const row = lastTotals(block);
  if (!block || !row) return undefined;
  const parts = [
    ...(row.gained ? [gainedWords(row.gained.value)] : []),
    ...(row.forgot ? [forgotWords(row.forgot.value)] : []),
  ];
  return { arm: block.arm, words: joined(parts) };
}

function lineOf(summary: RunSummary, result: Words | undefined, active: Progress['active']): Words {
  const share = formatDone(summary.share);
  const arm = active?.stage === 0 ? phrase('base') : active?.arm;
  const where = arm === undefined ? share : phrase('{0}, {1}', share, arm);
  switch (summary.state) {
    case 'done':
      return result ?? phrase('done');
    case 'running':
      return where;
    case 'interrupted':
      return interrupted(where);
    case 'stopped':
      return phrase('stopped at {0}', share);
    case 'failed':
      return phrase('failed at {0}', share);
    case 'corrupt':
      return phrase('cannot be read');
    default:
      return summary.state satisfies never;
  }
}
