// Carries out an experiment: the base first, then every trial through its stages. What is written down is never done
// again, so starting and resuming are the same walk over the same plan.
import type { Engine } from '../engine/engine.ts';
import type { Benchmark } from '../evals/benchmark.ts';
import { errorLine, LabError, onOneLine } from '../shared/errors.ts';
import { joinedBySemicolon, phrase } from '../shared/phrase.ts';
import type { Phrase, Words } from '../shared/phrase.ts';
import type { TargetRow } from '../recipes/rows.ts';
import { measureCell, measureDrift } from './measure.ts';
import { baseKey, isDone, listTrials, listWork } from './plan.ts';
import type { Sizes, Trial, Work } from './plan.ts';
import { Prober } from './probe.ts';
import { writePlan } from './planFile.ts';
import { log, RunStopped, setStatus, stoppedOnRequest, throwIfStopped } from './session.ts';
import type { Session } from './session.ts';
import { forgetStates, hasFinal, loadStage, trainStage, UnreadableState } from './stageTraining.ts';
import { stageTargets } from './stageTargets.ts';

/** How a run ended. */
export interface WalkResult {
  state: 'done' | 'stopped' | 'failed';
  /** Why it stopped or failed. */
  reason?: Words;
  error?: unknown;
}

/** Does everything that is left of a run and writes down how it ended. Errors become the run's state. */
export async function carryOut(
  session: Session,
  benchmarks: readonly Benchmark[],
  sizes: Sizes,
  resumed: boolean,
): Promise<WalkResult> {
  const { config, folder, run, listener } = session;
  const work = listWork(config.experiment, config.arms, sizes);
  await writePlan(folder, work);
  await setStatus(session, 'running', resumed ? 'resumed' : 'started');
  const done = work.map((one) => isDone(one, run));
  listener({ kind: 'plan', folder, config, work, done, cells: [...run.cells], resumed });
  const result = await walk(session, new Walk(session, benchmarks, work));
  // A full disk must not hide the reason behind a second error.
  await setStatus(session, result.state, result.reason).catch(() => undefined);
  return result;
}

async function walk(session: Session, steps: Walk): Promise<WalkResult> {
  try {
    await steps.measureBase();
    const failures: Phrase[] = [];
    let firstError: unknown;
    for (const trial of listTrials(session.config.experiment, session.config.arms)) {
      try {
        await steps.runTrial(trial);
      } catch (error) {
        // A learning rate that diverges is a result of a sweep: the other trials go on.
        if (!(error instanceof LabError && error.code === 'loss-not-finite')) throw error;
        const { arm, lr, seed } = trial;
        const message = phrase('{0} at learning rate {1}, seed {2}: {3}', arm, lr, seed, onOneLine(error.words));
        await log(session, 'error', message);
        failures.push(message);
        firstError ??= error;
      }
    }
    if (failures.length > 0) return { state: 'failed', reason: joinedBySemicolon(failures), error: firstError };
    return { state: 'done' };
  } catch (error) {
    return await endOf(session, error);
  }
}

async function endOf(session: Session, error: unknown): Promise<WalkResult> {
  const stopped = session.stop.aborted || session.abort.aborted;
  const isStop = error instanceof RunStopped || (error as Error | undefined)?.name === 'AbortError';
  if (stopped && isStop) return { state: 'stopped', reason: stoppedOnRequest };
  const reason = errorLine(error);
  await log(session, 'error', reason).catch(() => undefined);
  return { state: 'failed', reason, error };
}

/** One pass over the plan. */
class Walk {
  private readonly session: Session;
  private readonly benchmarks: readonly Benchmark[];
  private readonly work: readonly Work[];
  private readonly prober: Prober | undefined;

  constructor(session: Session, benchmarks: readonly Benchmark[], work: readonly Work[]) {
    const { probes } = session.config.experiment;
    this.prober = probes && new Prober(session, benchmarks, probes);
    this.session = session;
    this.benchmarks = benchmarks;
    this.work = work;
  }

  async measureBase(): Promise<void> {
    const { session } = this;
    for (const benchmark of this.benchmarks) {
      await this.unlessDone(
        (one) => one.kind === 'evaluate' && one.stage === 0 && one.benchmark === benchmark.config.name,
        () => measureCell(session, session.base, benchmark, { ...baseKey, stage: 0, folder: 'base' }),
      );
    }
    const warned = session.run.log.some((entry) => entry.message.includes('is at chance for the base'));
    for (const cell of session.run.cells) {
      if (warned || cell.stage !== 0 || !cell.insensitive) continue;
      const message = phrase(
        '{0} is at chance for the base ({1}) and cannot show forgetting',
        cell.benchmark,
        cell.score.toFixed(2),
      );
      await log(session, 'warning', message);
    }
  }

  async runTrial(trial: Trial): Promise<void> {
    for (let stage = 1; stage <= this.session.config.experiment.stages.length; stage++) {
      if (this.isStageDone(trial, stage)) continue;
      await this.prepareAndTrain(trial, stage);
      await this.measureStage(trial, stage);
    }
  }

  /** Everything of a stage is written down; its model may be gone, as nothing needs it unless a later stage does. */
  private isStageDone(trial: Trial, stage: number): boolean {
    const left = this.work.filter(
      (one) => belongsTo(one, trial) && one.stage >= stage && !isDone(one, this.session.run),
    );
    const needsModel = left.some((one) => one.stage > stage && one.kind === 'train');
    return !needsModel && left.every((one) => one.stage > stage);
  }

  private async prepareAndTrain(trial: Trial, stage: number): Promise<void> {
    const { session } = this;
    if (await hasFinal(session, trial, stage)) return;
    throwIfStopped(session);
    let rows: TargetRow[] = [];
    const targets = this.work.findIndex(
      (one) =>
        one.kind === 'targets' && one.key.arm === trial.arm && one.key.seed === trial.seed && one.stage === stage,
    );
    await this.during(targets, async () => {
      rows = await stageTargets(session, trial, stage);
    });
    throwIfStopped(session);
    const train = this.work.findIndex((one) => one.kind === 'train' && belongsTo(one, trial) && one.stage === stage);
    await this.during(train, () => this.trainOnce(trial, stage, rows));
  }

  private async trainOnce(trial: Trial, stage: number, rows: readonly TargetRow[]): Promise<void> {
    try {
      await trainStage(this.session, trial, stage, rows, this.prober);
    } catch (error) {
      if (!(error instanceof UnreadableState)) throw error;
      await forgetStates(this.session, trial, stage);
      await trainStage(this.session, trial, stage, rows, this.prober);
    }
  }

  private async measureStage(trial: Trial, stage: number): Promise<void> {
    const { session } = this;
    const left = this.work.some((one) => belongsTo(one, trial) && one.stage === stage && !isDone(one, session.run));
    if (!left) return;
    throwIfStopped(session);
    const model = await loadStage(session, trial, stage);
    try {
      for (const benchmark of this.benchmarks) {
        await this.unlessDone(
          (one) =>
            one.kind === 'evaluate' &&
            belongsTo(one, trial) &&
            one.stage === stage &&
            one.benchmark === benchmark.config.name,
          () => measureCell(session, model, benchmark, { ...trial, stage, folder: trial.folder }),
        );
      }
      for (const text of ['new-task', 'neutral'] as const) {
        await this.unlessDone(
          (one) => one.kind === 'drift' && belongsTo(one, trial) && one.stage === stage && one.text === text,
          () => measureDrift(session, model, { ...trial, stage }, text),
        );
      }
    } finally {
      await session.engine.dispose(model.id).catch(() => undefined); // a dead engine has nothing to free
    }
  }

  /** Does the piece of work that fits, unless it is written down or not in the plan. */
  private async unlessDone(fits: (work: Work) => boolean, action: () => Promise<void>): Promise<void> {
    const index = this.work.findIndex(fits);
    const one = this.work[index];
    if (!one || isDone(one, this.session.run)) return;
    throwIfStopped(this.session);
    await this.during(index, action);
  }

  private async during(index: number, action: () => Promise<void>): Promise<void> {
    this.session.listener({ kind: 'work', index, state: 'begin' });
    await action();
    this.session.listener({ kind: 'work', index, state: 'end' });
  }
}

function belongsTo(work: Work, trial: Trial): boolean {
  return work.stage > 0 && work.key.arm === trial.arm && work.key.lr === trial.lr && work.key.seed === trial.seed;
}

/** How engines are started; the command line starts one in a process of its own, tests use one in memory. */
export type EngineFactory = () => Promise<Engine>;
