// The training loop: per-step batches, forward and backward over micro-batches, one optimizer step. It knows no texts
// and no files; everything that must survive a restart is decided by (seed, step).
import type { Engine, TrainingSequence } from '../engine/engine.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import type { Training } from '../shared/experiment.ts';
import { createBatches } from './batches.ts';
import { learningRateAt } from './schedule.ts';

/** What one optimizer step did. */
export interface StepMetric {
  /** 1-based. */
  step: number;
  /** Weighted token mean of the whole step, nats. */
  loss: number;
  /** Global gradient norm before clipping. */
  gradNorm: number;
  learningRate: number;
  /** Tokens processed, padding not counted. */
  tokens: number;
  seconds: number;
}

export interface TrainRequest {
  engine: Engine;
  /** Id of a model loaded with a trainable set. */
  model: number;
  sequences: readonly TrainingSequence[];
  training: Training;
  learningRate: number;
  steps: number;
  seed: number;
  /** Steps already in the model's state (0 at the beginning). */
  startStep?: number;
  /** Asks the loop to end after the step in progress. */
  stop?: AbortSignal;
  /** Breaks off at once; the step in progress is lost. */
  abort?: AbortSignal;
  onStep: (metric: StepMetric) => void | Promise<void>;
  /** Called after every `training.checkpointEvery` steps but the last, and when the loop is asked to stop. */
  onCheckpoint: (step: number) => Promise<void>;
}

/** Trains and returns the number of steps in the model: `steps`, or fewer when asked to stop. */
export async function train(request: TrainRequest): Promise<number> {
  const { engine, model, sequences, training, steps, onStep, onCheckpoint } = request;
  const options = request.abort ? { signal: request.abort } : {};
  const batchOf = createBatches(sequences.length, training.batchSize, request.seed);
  for (let step = (request.startStep ?? 0) + 1; step <= steps; step++) {
    const startedAt = performance.now();
    const batch = batchOf(step).map((index) => sequences[index] as TrainingSequence);
    const learningRate = learningRateAt(step, steps, request.learningRate, training);
    let lossSum = 0;
    let weightSum = 0;
    let tokens = 0;
    for (const microBatch of pieces(batch, training.microBatchSize ?? batch.length)) {
      const result = await engine.forwardBackward({ model, sequences: microBatch }, options);
      lossSum += result.lossSum;
      weightSum += result.weightSum;
      tokens += result.tokens;
    }
    // Token mean over the whole optimizer step, not over micro-batches (methods 0.4).
    const loss = lossSum / weightSum;
    if (!Number.isFinite(loss)) {
      throw notFinite(
        phrase('The loss became {0} at step {1} with learning rate {2}', String(loss), step, learningRate),
      );
    }
    const { gradNorm } = await engine.optimStep({
      model,
      learningRate,
      beta1: training.beta1,
      beta2: training.beta2,
      epsilon: training.epsilon,
      weightDecay: training.weightDecay,
      maxGradNorm: training.maxGradNorm,
      normalizer: weightSum,
    });
    if (!Number.isFinite(gradNorm)) {
      throw notFinite(
        phrase('The gradient norm became {0} at step {1} with learning rate {2}', String(gradNorm), step, learningRate),
      );
    }
    const seconds = (performance.now() - startedAt) / 1000;
    await onStep({ step, loss, gradNorm, learningRate, tokens, seconds });
    const stopping = request.stop?.aborted === true;
    if (step < steps && (stopping || step % training.checkpointEvery === 0)) await onCheckpoint(step);
    if (stopping) return step;
  }
  return steps;
}

function notFinite(message: Phrase): LabError {
  return new LabError('loss-not-finite', message, {
    remedy: phrase('Lower the learning rate, lengthen the warm-up, or lower maxGradNorm, then start a new run'),
  });
}

function* pieces<T>(values: readonly T[], size: number): Generator<T[]> {
  for (let start = 0; start < values.length; start += size) yield values.slice(start, start + size);
}
