// Trains one stage of a trial and leaves its final model on disk. State checkpoints make it resumable: only the newest
// is kept, and a checkpoint counts once its line is written, after its folder is complete.
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadRequest, ModelInfo, TrainableSet } from '../engine/engine.ts';
import { mergeLinear } from '../recipes/merge.ts';
import { toSequences } from '../recipes/rows.ts';
import type { TargetRow } from '../recipes/rows.ts';
import { train } from '../recipes/train.ts';
import type { StepMetric } from '../recipes/train.ts';
import { LabError, onOneLine } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { ResolvedArm, Stage, Trainable } from '../shared/experiment.ts';
import { hashSeed } from '../shared/random.ts';
import type { CheckpointRecord } from '../shared/records.ts';
import { fileError } from './files.ts';
import { sameKey } from './plan.ts';
import type { Trial } from './plan.ts';
import type { Prober } from './probe.ts';
import { removeSaved } from './runFolder.ts';
import { log, record, RunStopped } from './session.ts';
import type { Session } from './session.ts';

/** Folder of a stage's final model, relative to the run. */
export function finalFolder(trial: Trial, stage: number): string {
  return `checkpoints/${trial.folder}/stage-${stage}`;
}

/** Whether a stage's final model is written down and there. */
export async function hasFinal(session: Session, trial: Trial, stage: number): Promise<boolean> {
  const written = session.run.checkpoints.some(
    (one) => one.what === 'final' && sameKey(one, trial) && one.stage === stage,
  );
  if (!written) return false;
  const there = await access(join(session.folder, finalFolder(trial, stage), 'config.json')).then(
    () => true,
    () => false,
  );
  if (!there)
    await log(session, 'warning', phrase('{0} is gone; the stage is trained again', finalFolder(trial, stage)));
  return there;
}

/** Loads the model after a stage (0: the base); a damaged checkpoint is named with what to do about it. */
export async function loadStage(
  session: Session,
  trial: Trial,
  stage: number,
  training: Pick<LoadRequest, 'trainable' | 'seed'> = {},
): Promise<ModelInfo> {
  const { model, device } = session.config;
  const folder = stage === 0 ? model.folder : join(session.folder, finalFolder(trial, stage));
  try {
    return await session.engine.load({
      folder,
      device: device.name as ModelInfo['device'],
      threads: device.threads,
      ...training,
    });
  } catch (error) {
    const damaged =
      error instanceof LabError && ['safetensors-invalid', 'file-not-found', 'model-invalid'].includes(error.code);
    if (stage === 0 || !damaged) throw error;
    throw new LabError(
      'checkpoint-invalid',
      phrase('The checkpoint {0} cannot be read: {1}', folder, error.words.message),
      {
        remedy: phrase('Remove the folder and resume: the stage is trained again to the same weights'),
        cause: error,
      },
    );
  }
}

/**
 * Trains a stage from the model before it, or from its newest state checkpoint, and saves the final model. `prober`
 * measures the model in between; what is trained is the same with it and without.
 */
export async function trainStage(
  session: Session,
  trial: Trial,
  stageNumber: number,
  rows: readonly TargetRow[],
  prober?: Prober,
): Promise<void> {
  const { engine, config } = session;
  const arm = config.arms[trial.armIndex] as ResolvedArm;
  const stage = config.experiment.stages[stageNumber - 1] as Stage;
  const model = await loadStage(session, trial, stageNumber - 1, {
    trainable: toTrainableSet(arm.trainable),
    seed: hashSeed('weights', trial.seed, stageNumber),
  });
  try {
    const startStep = await restoreState(session, trial, stageNumber, model.id, stage.steps);
    const probe = (step: number): Promise<void> | undefined =>
      prober?.probe(model.id, trial, stageNumber, { step, steps: stage.steps });
    if (startStep === 0) await probe(0);
    const done = await train({
      engine,
      model: model.id,
      sequences: toSequences(rows, session.side),
      training: config.experiment.training,
      learningRate: trial.lr,
      steps: stage.steps,
      seed: hashSeed('data', trial.seed, stageNumber),
      startStep,
      stop: session.stop,
      abort: session.abort,
      onStep: async (metric) => {
        await recordStep(session, trial, stageNumber, stage.steps, metric);
        await probe(metric.step);
      },
      onCheckpoint: (step) => saveState(session, trial, stageNumber, model.id, step),
    });
    if (done < stage.steps) throw new RunStopped();
    await saveFinal(session, trial, stageNumber, model.id, arm);
  } finally {
    await engine.dispose(model.id).catch(() => {
      // A dead engine has nothing to free; the error that killed it is already on its way.
    });
  }
}

function toTrainableSet(trainable: Trainable): TrainableSet {
  if (trainable.kind === 'full') return { kind: 'full' };
  if (trainable.kind === 'lora') {
    return { kind: 'lora', rank: trainable.rank, alpha: trainable.alpha, targets: [...trainable.targets] };
  }
  return {
    kind: trainable.kind,
    ...(trainable.roles === undefined ? {} : { roles: trainable.roles }),
    ...(trainable.layers === undefined ? {} : { layers: trainable.layers }),
  };
}

async function recordStep(
  session: Session,
  trial: Trial,
  stage: number,
  steps: number,
  metric: StepMetric,
): Promise<void> {
  await record(session, {
    kind: 'metric',
    arm: trial.arm,
    lr: trial.lr,
    seed: trial.seed,
    stage,
    step: metric.step,
    steps,
    'train/loss': metric.loss,
    'train/grad_norm': metric.gradNorm,
    'train/lr': metric.learningRate,
    'train/tokens': metric.tokens,
    'train/tokens_per_second': Math.round(metric.tokens / Math.max(metric.seconds, 1e-6)),
    at: new Date().toISOString(),
  });
}

function states(session: Session, trial: Trial, stage: number): CheckpointRecord[] {
  return session.run.checkpoints.filter((one) => one.what === 'state' && sameKey(one, trial) && one.stage === stage);
}

/** Loads the newest state and returns its step; an unreadable one is said, and the stage begins again. */
async function restoreState(
  session: Session,
  trial: Trial,
  stage: number,
  model: number,
  steps: number,
): Promise<number> {
  const newest = states(session, trial, stage).at(-1);
  if (!newest || newest.step > steps) return 0;
  try {
    await session.engine.restore({ model, folder: join(session.folder, newest.folder) });
    return newest.step;
  } catch (error) {
    const mendable = error instanceof LabError && error.code !== 'engine-died';
    if (!mendable) throw error;
    const message = phrase(
      'The checkpoint {0} cannot be read ({1}); stage {2} of {3} is trained again from its first step',
      newest.folder,
      onOneLine(error.words),
      stage,
      trial.arm,
    );
    await log(session, 'warning', message);
    // A failed restore may have left the model half changed.
    throw new UnreadableState(newest);
  }
}

/** The newest state of a stage is damaged: forget it and train the stage from its beginning. */
export class UnreadableState extends Error {
  readonly checkpoint: CheckpointRecord;

  constructor(checkpoint: CheckpointRecord) {
    super(`unreadable checkpoint ${checkpoint.folder}`);
    this.checkpoint = checkpoint;
  }
}

/** Drops all states of a stage from disk and memory. */
export async function forgetStates(session: Session, trial: Trial, stage: number): Promise<void> {
  const forgotten = new Set(states(session, trial, stage));
  session.run.checkpoints = session.run.checkpoints.filter((one) => !forgotten.has(one));
  await removeSaved(session.folder, stateFolder(trial, stage));
}

function stateFolder(trial: Trial, stage: number): string {
  return `state/${trial.folder}/stage-${stage}`;
}

async function saveState(session: Session, trial: Trial, stage: number, model: number, step: number): Promise<void> {
  const older = states(session, trial, stage).map((one) => one.folder);
  const folder = `${stateFolder(trial, stage)}/step-${step}`;
  await saveWhole(session, folder, (target) => session.engine.save({ model, folder: target, what: 'state' }));
  const { arm, lr, seed } = trial;
  await record(session, { kind: 'checkpoint', arm, lr, seed, stage, step, what: 'state', folder });
  for (const path of older) if (path !== folder) await removeSaved(session.folder, path);
}

async function saveFinal(
  session: Session,
  trial: Trial,
  stage: number,
  model: number,
  resolved: ResolvedArm,
): Promise<void> {
  const folder = finalFolder(trial, stage);
  const { weightStep } = resolved;
  if (weightStep.kind === 'none') {
    await saveWhole(session, folder, async (target) => {
      await session.engine.save({ model, folder: target, what: 'model' });
      // The same change by itself, a few megabytes, for everything that reads PEFT's layout.
      if (resolved.trainable.kind === 'lora') {
        await session.engine.save({ model, folder: join(target, 'adapter'), what: 'adapter' });
      }
    });
  } else {
    // The weight step belongs to the stage: the next stage continues from the merged weights.
    const tuned = join(session.folder, `${folder}-tuned`);
    await session.engine.save({ model, folder: tuned, what: 'model' });
    const base = session.config.model.folder;
    await saveWhole(session, folder, (target) => mergeLinear({ base, tuned, lambda: weightStep.lambda, out: target }));
    await rm(tuned, { recursive: true, force: true });
  }
  const { arm, lr, seed } = trial;
  const { steps } = session.config.experiment.stages[stage - 1] as Stage;
  await record(session, { kind: 'checkpoint', arm, lr, seed, stage, step: steps, what: 'final', folder });
  await forgetStates(session, trial, stage);
}

/** Saves into a folder beside the target and renames it, so that a folder with this name is always complete. */
async function saveWhole(session: Session, path: string, save: (folder: string) => Promise<void>): Promise<void> {
  const target = join(session.folder, path);
  const partial = `${target}.partial`;
  try {
    await rm(partial, { recursive: true, force: true });
    await mkdir(partial, { recursive: true });
    await save(partial);
    await rm(target, { recursive: true, force: true });
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => {
      // The error below is the one to tell.
    });
    throw fileError(error, 'write', target);
  }
}
