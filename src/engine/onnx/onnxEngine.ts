// The embedded engine: the Engine verbs on onnxruntime-node. Verbs on one engine run one after another.
import { mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { chooseDevice, defaultThreads } from './device.ts';
import { Decoder } from './decoder.ts';
import { Executor, tensorOf, type Slot } from './executor.ts';
import type { LoraConfig } from './weights.ts';
import { LoadedModel } from './loadedModel.ts';
import { adapterTensors, newAdapterTensors, readAdapter, writeAdapter } from './adapter.ts';
import { mergedTensors } from './mergeAdapter.ts';
import { ModelSessions } from './modelSessions.ts';
import { readState, writeState } from './state.ts';
import { Scorer } from './scorer.ts';
import { Trainer } from './trainer.ts';
import { toDevice } from './transfer.ts';
import { readModelFolder, writeModelFolder } from '../model/modelFolder.ts';
import { selectTrainable } from '../model/parameters.ts';
import type {
  CallOptions,
  Completion,
  Engine,
  ForwardBackwardRequest,
  ForwardBackwardResult,
  LoadRequest,
  ModelInfo,
  OptimStepRequest,
  OptimStepResult,
  RestoreRequest,
  SampleRequest,
  SaveRequest,
  ScoreRequest,
  SequenceScore,
} from '../engine.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase, type Words } from '../../shared/phrase.ts';

interface Entry {
  model: LoadedModel;
  sessions: ModelSessions;
  scorer: Scorer;
  decoder: Decoder;
  trainer: Trainer | undefined;
}

/** An engine in this process. Its runs block the thread: use `startEngine` (client.ts) anywhere but in tests and tools. */
export function createOnnxEngine(): Engine {
  return new OnnxEngine();
}

class OnnxEngine implements Engine {
  private readonly entries = new Map<number, Entry>();
  private nextId = 1;
  private last: Promise<unknown> = Promise.resolve();

  async load(request: LoadRequest, options: CallOptions = {}): Promise<ModelInfo> {
    return this.inTurn(options, async () => {
      const choice = await chooseDevice(request.device ?? 'auto');
      const threads = request.threads ?? defaultThreads();
      const executor = new Executor(choice.provider, threads);
      const files = await readModelFolder(request.folder);
      const adapter = request.adapter ? await readAdapter(request.adapter, files.spec) : undefined;
      const lora: LoraConfig | undefined =
        adapter?.lora ?? (request.trainable?.kind === 'lora' ? request.trainable : undefined);
      const tensors = new Map(files.tensors);
      if (lora) {
        const fresh = adapter?.tensors ?? newAdapterTensors(files.spec, lora, request.seed ?? 0);
        for (const [name, tensor] of fresh) tensors.set(name, tensor);
      }
      const slots = new Map<string, Slot>(
        [...tensors].map(([name, t]) => [name, { tensor: tensorOf(t.data, t.shape) }]),
      );
      await toDevice(executor, slots.values());
      const trainable = trainableNames(request, files.spec, lora);
      const model = new LoadedModel(request.folder, files.spec, executor, slots, lora, trainable, files.weightsHash);
      const trainer = request.trainable ? new Trainer(model) : undefined;
      const id = this.nextId++;
      const sessions = new ModelSessions(model);
      const scorer = new Scorer(model, sessions);
      this.entries.set(id, { model, sessions, scorer, decoder: new Decoder(model, sessions), trainer });
      return describe(id, model, choice.reason);
    });
  }

  async score(request: ScoreRequest, options: CallOptions = {}): Promise<SequenceScore[]> {
    return this.inTurn(options, () => {
      const baseline = request.baseline === undefined ? undefined : this.entry(request.baseline);
      const { model, scorer } = this.entry(request.model);
      if (baseline && baseline.model.spec.vocabulary !== model.spec.vocabulary) {
        throw new LabError(
          'usage',
          phrase(
            'the baseline has a vocabulary of {0}, the model one of {1}',
            baseline.model.spec.vocabulary,
            model.spec.vocabulary,
          ),
        );
      }
      return scorer.score(request, baseline?.scorer, options);
    });
  }

  async sample(request: SampleRequest, options: CallOptions = {}): Promise<Completion[]> {
    return this.inTurn(options, () => this.entry(request.model).decoder.sample(request, options));
  }

  async forwardBackward(request: ForwardBackwardRequest, options: CallOptions = {}): Promise<ForwardBackwardResult> {
    return this.inTurn(options, () => this.trainer(request.model).forwardBackward(request));
  }

  async optimStep(request: OptimStepRequest, options: CallOptions = {}): Promise<OptimStepResult> {
    return this.inTurn(options, () => this.trainer(request.model).optimStep(request));
  }

  async save(request: SaveRequest, options: CallOptions = {}): Promise<void> {
    return this.inTurn(options, async () => {
      const { model, trainer } = this.entry(request.model);
      const partial = `${request.folder}.part`;
      await rm(partial, { recursive: true, force: true });
      await mkdir(partial, { recursive: true });
      if (request.what === 'model')
        await writeModelFolder(partial, model.folder, model.spec, await mergedTensors(model));
      else if (request.what === 'adapter') await writeAdapter(partial, model, await adapterTensors(model));
      else await writeState(partial, model, requireTrainer(trainer, request.model));
      // The folder appears whole or not at all.
      await rm(request.folder, { recursive: true, force: true });
      await mkdir(path.dirname(request.folder), { recursive: true });
      await rename(partial, request.folder);
    });
  }

  async restore(request: RestoreRequest, options: CallOptions = {}): Promise<void> {
    return this.inTurn(options, async () => {
      const { model, trainer } = this.entry(request.model);
      await readState(request.folder, model, requireTrainer(trainer, request.model));
    });
  }

  async dispose(id?: number): Promise<void> {
    await this.inTurn({}, async () => {
      for (const key of id === undefined ? [...this.entries.keys()] : [id]) {
        const entry = this.entries.get(key);
        this.entries.delete(key);
        await Promise.all([entry?.sessions.release(), entry?.scorer.release(), entry?.trainer?.release()]);
      }
    });
  }

  private entry(id: number): Entry {
    const entry = this.entries.get(id);
    if (!entry) throw new LabError('usage', phrase('no model {0} is loaded', id));
    return entry;
  }

  private trainer(id: number): Trainer {
    return requireTrainer(this.entry(id).trainer, id);
  }

  private inTurn<T>(options: CallOptions, work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(() => {
      options.signal?.throwIfAborted();
      return work();
    });
    this.last = turn.catch(() => undefined); // the caller gets the error; the next verb only waits
    return turn;
  }
}

function requireTrainer(trainer: Trainer | undefined, id: number): Trainer {
  if (trainer) return trainer;
  throw new LabError('usage', phrase('model {0} was loaded without a trainable set', id));
}

function trainableNames(request: LoadRequest, spec: LoadedModel['spec'], lora: LoraConfig | undefined): string[] {
  if (!request.trainable) return [];
  if (request.trainable.kind !== 'lora') {
    const names = selectTrainable(spec, request.trainable);
    if (names.length === 0)
      throw new LabError('usage', phrase('the trainable set selects no tensor'), {
        remedy: phrase('Check roles and layers.'),
      });
    return names;
  }
  return [...newAdapterTensors(spec, lora!, 0).keys()];
}

function describe(id: number, model: LoadedModel, deviceReason: Words): ModelInfo {
  const { spec, executor } = model;
  return {
    id,
    architecture: spec.architecture,
    parameters: model.parameters,
    trainableParameters: model.trainableParameters,
    layers: spec.layers,
    vocabularySize: spec.vocabulary,
    contextLength: spec.context,
    device: executor.provider,
    deviceReason,
    threads: executor.threads,
    weightsHash: model.weightsHash,
  };
}
