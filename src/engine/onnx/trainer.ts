// Training state of one model: gradients, AdamW moments, and the two verbs that change them.
import type { LoadedModel } from './loadedModel.ts';
import { accumulationGraph, gradientName, optimizerGraph, trainingGraph } from './graphs.ts';
import { tensorOf, zeroSlot, type Session, type Slot } from './executor.ts';
import { packSequences, type PackedBatch } from './packing.ts';
import type {
  ForwardBackwardRequest,
  ForwardBackwardResult,
  OptimStepRequest,
  OptimStepResult,
  TrainingSequence,
} from '../engine.ts';
import type { ModelSpec } from '../model/config.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';

/** Feeds shared by training and scoring graphs. */
export function packedFeeds(batch: PackedBatch): Record<string, ReturnType<typeof tensorOf>> {
  const grid = [batch.rows, batch.length];
  const flat = [batch.predictions.length];
  return {
    tokens: tensorOf(batch.tokens, grid),
    positions: tensorOf(batch.positions, grid),
    segments: tensorOf(batch.segments, grid),
    selected: tensorOf(batch.selected, flat),
    targets: tensorOf(batch.targets, flat),
  };
}

export class Trainer {
  private readonly gradients: Map<string, Slot>;
  /** Second gradient buffer, made when a step has more than one micro-batch. */
  private scratch: Map<string, Slot> | undefined;
  readonly firstMoments: Map<string, Slot>;
  readonly secondMoments: Map<string, Slot>;
  private readonly sessions = new Map<number, Session>();
  private optimizer: Session | undefined;
  private accumulator: Session | undefined;
  private microBatches = 0;
  private weightSum = 0;
  step = 0;

  constructor(private readonly model: LoadedModel) {
    const zeros = () => new Map(model.trainable.map((name) => [name, zeroSlot(model.shapeOf(name))]));
    this.gradients = zeros();
    this.firstMoments = zeros();
    this.secondMoments = zeros();
  }

  async forwardBackward(request: ForwardBackwardRequest): Promise<ForwardBackwardResult> {
    const { sequences } = request;
    checkSequences(sequences, this.model.spec);
    const batch = packSequences(
      sequences.map((sequence) => sequence.tokens),
      (sequence, position) => sequences[sequence]!.weights[position] !== 0,
    );
    const weights = Float32Array.from(batch.predictions, (p) => sequences[p.sequence]!.weights[p.position]!);
    const weightSum = weights.reduce((a, b) => a + b, 0);
    const tokens = sequences.reduce((sum, sequence) => sum + sequence.tokens.length, 0);
    if (batch.predictions.length === 0) return { lossSum: 0, weightSum: 0, tokens };
    const lossSum = await this.run(batch, weights);
    this.weightSum += weightSum;
    return { lossSum, weightSum, tokens };
  }

  private async run(batch: PackedBatch, weights: Float32Array): Promise<number> {
    const first = this.microBatches === 0;
    const target = first ? this.gradients : (this.scratch ??= this.emptyScratch());
    const session = await this.session(batch.length);
    const feeds = {
      ...this.model.weightFeeds(),
      ...packedFeeds(batch),
      tokenWeights: tensorOf(weights, [weights.length, 1]),
    };
    const into = new Map([...target].map(([name, slot]) => [gradientName(name), slot]));
    const { loss } = await this.model.executor.run(session, feeds, into, ['loss']);
    if (!first) await this.accumulate();
    this.microBatches++;
    return (loss!.data as Float32Array)[0]!;
  }

  private emptyScratch(): Map<string, Slot> {
    return new Map(this.model.trainable.map((name) => [name, zeroSlot(this.model.shapeOf(name))]));
  }

  private async accumulate(): Promise<void> {
    const { executor, trainable } = this.model;
    const deviceOutputs = trainable.map((name) => `out:${name}`);
    this.accumulator ??= await executor.compile(accumulationGraph(this.shapes(), executor.provider), { deviceOutputs });
    const feeds = Object.fromEntries(
      trainable.flatMap((name) => [
        [`sum:${name}`, this.gradients.get(name)!.tensor] as const,
        [gradientName(name), this.scratch!.get(name)!.tensor] as const,
      ]),
    );
    const into = new Map(trainable.map((name) => [`out:${name}`, this.gradients.get(name)!]));
    await executor.run(this.accumulator, feeds, into, []);
  }

  async optimStep(request: OptimStepRequest): Promise<OptimStepResult> {
    if (this.microBatches === 0)
      throw new LabError('usage', phrase('optimStep without a forwardBackward that carried weight before it'));
    const { executor, trainable } = this.model;
    const normalizer = request.normalizer ?? this.weightSum;
    const deviceOutputs = trainable.flatMap((name) => [`out:${name}`, `out:m:${name}`, `out:v:${name}`]);
    this.optimizer ??= await executor.compile(optimizerGraph(this.shapes(), executor.provider), { deviceOutputs });
    const feeds = Object.fromEntries(scalarFeeds(request, normalizer, this.step + 1));
    const into = new Map<string, Slot>();
    for (const name of trainable) {
      const slots = {
        weight: this.model.slot(name),
        m: this.firstMoments.get(name)!,
        v: this.secondMoments.get(name)!,
      };
      Object.assign(feeds, {
        [name]: slots.weight.tensor,
        [`m:${name}`]: slots.m.tensor,
        [`v:${name}`]: slots.v.tensor,
      });
      feeds[gradientName(name)] = this.gradients.get(name)!.tensor;
      into.set(`out:${name}`, slots.weight).set(`out:m:${name}`, slots.m).set(`out:v:${name}`, slots.v);
    }
    const { norm } = await executor.run(this.optimizer, feeds, into, ['norm']);
    this.step++;
    this.microBatches = 0;
    this.weightSum = 0;
    this.model.markChanged();
    return { gradNorm: (norm!.data as Float32Array)[0]!, step: this.step };
  }

  private shapes(): Map<string, readonly number[]> {
    return new Map(this.model.trainable.map((name) => [name, this.model.shapeOf(name)]));
  }

  private async session(length: number): Promise<Session> {
    const known = this.sessions.get(length);
    if (known) return known;
    const { spec, lora, trainable, executor } = this.model;
    const bytes = trainingGraph(spec, lora, trainable, length, executor.provider);
    const session = await executor.compile(bytes, { deviceOutputs: trainable.map(gradientName) });
    this.sessions.set(length, session);
    return session;
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await session.release();
    await this.optimizer?.release();
    await this.accumulator?.release();
  }
}

/** The optimizer graph's scalars from the usual hyper-parameters (see optimizerGraph for the scaled form). */
function scalarFeeds(
  request: OptimStepRequest,
  normalizer: number,
  step: number,
): [string, ReturnType<typeof tensorOf>][] {
  const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, maxGradNorm } = request;
  const firstScale = (1 - beta1) / (1 - beta1 ** step);
  const secondScale = Math.sqrt((1 - beta2) / (1 - beta2 ** step));
  const scalars = {
    inverseNormalizer: 1 / normalizer,
    maxNorm: maxGradNorm ?? Number.MAX_VALUE,
    beta1,
    beta2,
    decay: 1 - learningRate * weightDecay,
    rate: (learningRate * firstScale) / secondScale,
    epsilon: epsilon / secondScale,
  };
  return Object.entries(scalars).map(([name, value]) => [name, tensorOf(Float32Array.of(Math.min(value, 3e38)), [1])]);
}

/** Token ids and weights come from another process: check them where they are used. */
function checkSequences(sequences: readonly TrainingSequence[], { vocabulary, context }: ModelSpec): void {
  sequences.forEach(({ tokens, weights }, index) => {
    if (tokens.length !== weights.length)
      throw new LabError(
        'usage',
        phrase('sequence {0} has {1} tokens but {2} weights', index, tokens.length, weights.length),
      );
    if (weights[0])
      throw new LabError(
        'usage',
        phrase('sequence {0}: the first token cannot carry a weight, nothing predicts it', index),
      );
    checkTokens(tokens, vocabulary, index);
    checkLength(tokens, context, index);
  });
}

export function checkLength(tokens: readonly number[], context: number, index: number): void {
  if (tokens.length <= context) return;
  throw new LabError(
    'usage',
    phrase('sequence {0} has {1} tokens, the model takes {2}', index, tokens.length, context),
  );
}

export function checkTokens(tokens: readonly number[], vocabulary: number, index: number): void {
  const bad = tokens.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
  if (bad !== undefined)
    throw new LabError(
      'usage',
      phrase('sequence {0}: token id {1} is outside the vocabulary of {2}', index, String(bad), vocabulary),
    );
  if (tokens.length === 0) throw new LabError('usage', phrase('sequence {0} is empty', index));
}
