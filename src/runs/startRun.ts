// Beginning and resuming a run: everything that must be known before the first measurement is read and checked here.
// Resuming verifies that model, data and versions are those of the run, and says why when they are not.
import { basename, dirname, join, resolve } from 'node:path';
import { hashFile } from '../data/hashFile.ts';
import { loadTextSide } from '../data/textSide.ts';
import type { TextSide } from '../data/textSide.ts';
import type { Device, Engine, ModelInfo } from '../engine/engine.ts';
import { loadBenchmark } from '../evals/benchmark.ts';
import type { Benchmark } from '../evals/benchmark.ts';
import type { DroppedRow } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import type { Experiment, ResolvedArm, Stage } from '../shared/experiment.ts';
import type { RunConfig } from '../shared/records.ts';
import { findBreaches } from './guard.ts';
import type { Breach } from './guard.ts';
import { loadExperiment } from './loadExperiment.ts';
import type { LoadedExperiment } from './loadExperiment.ts';
import { lockRun } from './lock.ts';
import type { Sizes } from './plan.ts';
import { notResumable, requireSameData, requireSameVersions, versionsNow } from './resumable.ts';
import { createRunFolder, newRunId, readRun, readRunConfig, repairRun } from './runFolder.ts';
import { carryOut } from './runner.ts';
import type { EngineFactory, WalkResult } from './runner.ts';
import type { RunListener, Session, StopSignals } from './session.ts';
import { stageExamples } from './stageTargets.ts';
import { inEnglish, phrase } from '../shared/phrase.ts';

/** What starting and resuming have in common. */
export interface RunOptions extends StopSignals {
  startEngine: EngineFactory;
  listener: RunListener;
}

export interface RunOutcome extends WalkResult {
  folder: string;
  id: string;
  breaches: Breach[];
}

/** 0 done; 2 a guarded benchmark fell below the forgetting budget; 130 stopped on request; 1 anything failed. */
export function exitCodeOf(outcome: Pick<RunOutcome, 'state' | 'breaches'>): number {
  if (outcome.state === 'failed') return 1;
  if (outcome.state === 'stopped') return 130;
  return outcome.breaches.length > 0 ? 2 : 0;
}

interface Computing {
  device?: Device;
  threads?: number;
}

/**
 * Starts a run of an experiment file. `out` is the run's folder; default: `runs/ID` beside the experiment file. `device` and
 * `threads` come before what the file says; those of `settings` fill in what it leaves open.
 */
export async function startRun(
  request: RunOptions & { file: string; out?: string; settings?: Computing } & Computing,
): Promise<RunOutcome> {
  const loaded = await loadExperiment(request.file);
  const experiment = { ...loaded.experiment, ...computingOf(loaded.experiment, request) };
  const data = await readData(experiment);
  const newId = newRunId(experiment.name, new Date());
  const folder = resolve(request.out ?? join(dirname(loaded.file), 'runs', newId));
  const id = request.out === undefined ? newId : basename(folder);
  const side = await loadTextSide(experiment.model);
  return withEngine(request.startEngine, async (engine) => {
    const base = await engine.load({
      folder: experiment.model,
      device: experiment.device,
      ...(experiment.threads === undefined ? {} : { threads: experiment.threads }),
    });
    loaded.arms.forEach((arm) => requireLayers(arm, base));
    const config = await makeConfig(id, { ...loaded, experiment }, base, side);
    await createRunFolder(folder, config);
    return inRun(request, { folder, config, engine, base, side, data, resumed: false });
  });
}

/** Where a run computes: as asked for, else as the file says, else as the settings say. */
export function computingOf(
  experiment: { device: Device; threads?: number | undefined },
  { device, threads, settings = {} }: Computing & { settings?: Computing },
): Computing & { device: Device } {
  const open = experiment.device === 'auto';
  const used = threads ?? experiment.threads ?? settings.threads;
  return {
    device: device ?? (open ? (settings.device ?? 'auto') : experiment.device),
    ...(used === undefined ? {} : { threads: used }),
  };
}

/** Continues a run where it ended. `force` goes on although the result may differ from an uninterrupted run. */
export async function resumeRun(request: RunOptions & { folder: string; force?: boolean }): Promise<RunOutcome> {
  const folder = resolve(request.folder);
  const config = await readRunConfig(folder);
  const { experiment } = config;
  await requireSameData(folder, config);
  if (!request.force) requireSameVersions(folder, config);
  const data = await readData(experiment);
  const side = await loadTextSide(experiment.model);
  if (side.tokenizer.hash !== config.model.tokenizerHash || (side.template?.hash ?? '') !== config.model.templateHash) {
    throw notResumable(
      folder,
      [phrase('the tokenizer or chat template has changed')],
      phrase('Put them back, or start a new run'),
    );
  }
  return withEngine(request.startEngine, async (engine) => {
    const base = await engine.load({
      folder: experiment.model,
      device: config.device.name as Device,
      threads: config.device.threads,
    });
    if (base.weightsHash !== config.model.weightsHash) {
      throw notResumable(
        folder,
        [phrase('the weights of {0} have changed', experiment.model)],
        phrase('Put them back, or start a new run'),
      );
    }
    return inRun(request, { folder, config, engine, base, side, data, resumed: true });
  });
}

async function withEngine<T>(startEngine: EngineFactory, action: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = await startEngine();
  try {
    return await action(engine);
  } finally {
    await engine.dispose().catch(() => undefined); // an engine that died has told so already
  }
}

/** Layers that the model does not have would freeze or train nothing, and nobody would notice. */
function requireLayers({ name, trainable }: ResolvedArm, { layers }: ModelInfo): void {
  if (trainable.kind === 'full' || trainable.kind === 'lora' || !trainable.layers) return;
  const [first, end] = trainable.layers;
  if (end <= layers) return;
  throw new LabError(
    'experiment-invalid',
    phrase(
      'Arm "{0}": trainable.layers [{1}, {2}] goes beyond the {3} of the model',
      name,
      first,
      end,
      layers === 1 ? phrase('1 layer') : phrase('{0} layers', layers),
    ),
    { remedy: phrase('Layers are counted from 0; [0, {0}] are all of them', layers) },
  );
}

interface Prepared extends Pick<Session, 'folder' | 'config' | 'engine' | 'base' | 'side'> {
  data: RunInput;
  resumed: boolean;
}

async function inRun(options: RunOptions, prepared: Prepared): Promise<RunOutcome> {
  const { folder, config, engine, base, side, data, resumed } = prepared;
  const release = await lockRun(folder);
  try {
    if (resumed) await repairRun(folder);
    const run = await readRun(folder);
    const { stop, abort, listener } = options;
    const session: Session = { folder, config, engine, base, side, run, stop, abort, listener };
    const result = await carryOut(session, data.benchmarks, data.sizes, resumed);
    const breaches = await findBreaches(session.run);
    return { ...result, folder, id: config.id, breaches };
  } finally {
    await release();
  }
}

/** What is read before anything is measured, so that a bad file ends the run at once and not after an hour. */
interface RunInput {
  benchmarks: Benchmark[];
  sizes: Sizes;
}

/** Reads every benchmark and counts the rows of every stage. */
export async function readData(experiment: Experiment): Promise<RunInput> {
  const benchmarks: Benchmark[] = [];
  for (const config of experiment.benchmarks) benchmarks.push(await loadBenchmark(config, dirname(config.data)));
  const rows: number[] = [];
  for (const stage of experiment.stages) {
    const dropped: DroppedRow[] = [];
    let count = 0;
    for await (const example of stageExamples(stage, (row) => dropped.push(row))) count += example ? 1 : 0;
    if (count === 0) throw noUsableRows(stage, dropped);
    rows.push(count);
  }
  const items = new Map(benchmarks.map((benchmark) => [benchmark.config.name, benchmark.items.length]));
  return { benchmarks, sizes: { rows, items } };
}

/** The error for a stage whose dataset has nothing to train on. */
export function noUsableRows(stage: Pick<Stage, 'name' | 'dataset'>, dropped: readonly DroppedRow[]): LabError {
  const first = dropped[0];
  const message = first
    ? phrase(
        'The dataset of stage "{0}" has no usable rows: {1}; all {2} rows were dropped, the first (line {3}): {4}',
        stage.name,
        stage.dataset,
        dropped.length,
        first.source.line,
        first.reason,
      )
    : phrase('The dataset of stage "{0}" has no usable rows: {1}', stage.name, stage.dataset);
  return new LabError('dataset-empty', message, {
    remedy: phrase('Name a file with rows in one of the formats text, messages, prompt/completion, alpaca, sharegpt'),
  });
}

async function makeConfig(id: string, loaded: LoadedExperiment, base: ModelInfo, side: TextSide): Promise<RunConfig> {
  const { file, experiment, arms } = loaded;
  return {
    formatVersion: 1,
    id,
    createdAt: new Date().toISOString(),
    experimentFile: file,
    experiment,
    arms,
    versions: versionsNow(),
    model: {
      folder: experiment.model,
      architecture: base.architecture,
      parameters: base.parameters,
      layers: base.layers,
      contextLength: base.contextLength,
      weightsHash: base.weightsHash,
      tokenizerHash: side.tokenizer.hash,
      templateHash: side.template?.hash ?? '',
    },
    device: { name: base.device, reason: inEnglish(base.deviceReason), threads: base.threads },
    dataHashes: await hashData(experiment, arms),
    lossNormalization: 'token-mean',
  };
}

async function hashData(experiment: Experiment, arms: readonly ResolvedArm[]): Promise<Record<string, string>> {
  const hashes = new Map<string, string>();
  for (const file of dataFiles(experiment, arms)) hashes.set(file, await hashFile(file));
  return Object.fromEntries(hashes);
}

function dataFiles(experiment: Experiment, arms: readonly ResolvedArm[]): string[] {
  return [
    ...experiment.stages.map((stage) => stage.dataset),
    ...experiment.benchmarks.map((benchmark) => benchmark.data),
    ...arms.flatMap(({ mix }) => (mix.kind === 'replay' ? [mix.dataset] : [])),
    ...(experiment.neutralText === undefined ? [] : [experiment.neutralText]),
  ];
}
