import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { OptimStepRequest, TrainingSequence } from '../engine/engine.ts';
import { FakeEngine } from '../runs/testing/fakeEngine.ts';
import { fakeWorkspace } from '../runs/testing/fakeWorkspace.ts';
import { trainingSchema } from '../shared/experiment.ts';
import { train } from './train.ts';
import type { StepMetric } from './train.ts';

/** Sequences of unequal length and weight. */
const sequences: TrainingSequence[] = [
  { tokens: [1, 2, 3], weights: [0, 1, 1] },
  { tokens: [1, 4], weights: [0, 1] },
  { tokens: [2, 2, 2, 2, 5], weights: [0, 0, 1, 1, 1] },
  { tokens: [3, 1], weights: [0, 1] },
];

async function run(training: object, more: { steps?: number; stop?: AbortSignal; engine?: FakeEngine } = {}) {
  const engine = more.engine ?? new FakeEngine();
  const folder = join(await fakeWorkspace(), 'model');
  const { id } = await engine.load({ folder, trainable: { kind: 'full' } });
  const metrics: StepMetric[] = [];
  const checkpoints: number[] = [];
  const done = await train({
    engine,
    model: id,
    sequences,
    training: trainingSchema.parse(training),
    learningRate: 0.1,
    steps: more.steps ?? 3,
    seed: 1,
    ...(more.stop ? { stop: more.stop } : {}),
    onStep: (metric) => void metrics.push(metric),
    onCheckpoint: (step) => Promise.resolve(void checkpoints.push(step)),
  });
  return { done, metrics, checkpoints };
}

describe('train', () => {
  test('micro-batches do not change loss or gradient (methods 0.4)', async () => {
    const whole = await run({ batchSize: 4 });
    const pieces = await run({ batchSize: 4, microBatchSize: 1 });
    whole.metrics.forEach((metric, index) => {
      expect(pieces.metrics[index]?.loss).toBeCloseTo(metric.loss, 6);
      expect((pieces.metrics[index]?.gradNorm ?? 0) / metric.gradNorm).toBeCloseTo(1, 5);
    });
    expect(whole.metrics[0]?.tokens).toBe(12);
  });

  test('the normalizer is the weight of the whole step', async () => {
    const normalizers: (number | undefined)[] = [];
    class Watching extends FakeEngine {
      override optimStep(request: OptimStepRequest) {
        normalizers.push(request.normalizer);
        return super.optimStep(request);
      }
    }
    await run({ batchSize: 4, microBatchSize: 1 }, { engine: new Watching(), steps: 1 });
    expect(normalizers).toEqual([7]);
  });

  test('saves every so many steps, but not after the last', async () => {
    expect((await run({ batchSize: 2, checkpointEvery: 2 }, { steps: 4 })).checkpoints).toEqual([2]);
    expect((await run({ batchSize: 2 }, { steps: 0 })).done).toBe(0);
  });

  test('a stop ends after the step and saves it', async () => {
    const controller = new AbortController();
    controller.abort();
    const { done, checkpoints } = await run({ batchSize: 2 }, { stop: controller.signal });
    expect(done).toBe(1);
    expect(checkpoints).toEqual([1]);
  });
});
