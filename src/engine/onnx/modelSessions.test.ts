// Which weights a session keeps: those that can never change again, and no more of them than memory has room for.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { Executor, type Session } from './executor.ts';
import type { LoadedModel } from './loadedModel.ts';
import { ModelSessions } from './modelSessions.ts';
import { createOnnxEngine } from './onnxEngine.ts';
import type { Engine, TrainableSet } from '../engine.ts';
import { writeTinyModel } from '../../../test/engine/tinyModel.ts';

const root = mkdtempSync(path.join(os.tmpdir(), 'sessions-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

const sequences = [[1, 5, 9, 2, 7, 3]];
const prompts = [[1, 5, 9]];
const folder = await writeTinyModel(undefined, path.join(root, 'tiny'));

async function logprobs(engine: Engine, model: number): Promise<number[]> {
  return (await engine.score({ model, sequences }))[0]!.logprobs;
}

/** Whether a scoring run and the runs of a completion are fed a weight. */
async function weightsFed(trainable?: TrainableSet): Promise<boolean[]> {
  const run = vi.spyOn(Executor.prototype, 'run');
  const engine = createOnnxEngine();
  const { id: model } = await engine.load({ folder, device: 'cpu', ...(trainable ? { trainable } : {}) });
  await logprobs(engine, model);
  await engine.sample({ model, prompts, maxTokens: 2, stopIds: [] });
  await engine.dispose();
  return run.mock.calls.map(([, feeds]) => 'model.norm.weight' in feeds);
}

describe('weights of a session', () => {
  it('are constants only where nothing trains', async () => {
    expect(await weightsFed()).toEqual([false, false, false]);
    vi.restoreAllMocks();
    expect(await weightsFed({ kind: 'lora', rank: 1, alpha: 1, targets: ['q_proj'] })).toEqual([true, true, true]);
  });

  it.each<TrainableSet>([
    { kind: 'full' },
    { kind: 'only', roles: ['norm'] },
    { kind: 'lora', rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] },
  ])('are never stale: after $kind training a model scores like the one it leaves behind', async (trainable) => {
    const engine = createOnnxEngine();
    const { id: model } = await engine.load({ folder, device: 'cpu', trainable });
    const before = await logprobs(engine, model);
    for (let step = 0; step < 2; step++) {
      await engine.forwardBackward({ model, sequences: [{ tokens: sequences[0]!, weights: [0, 1, 1, 1, 1, 1] }] });
      await engine.optimStep({ model, learningRate: 0.05 });
    }
    const after = await logprobs(engine, model);
    const saved = path.join(root, trainable.kind);
    await engine.save({ model, folder: saved, what: 'model' });
    const fresh = await logprobs(engine, (await engine.load({ folder: saved, device: 'cpu' })).id);
    await engine.dispose();
    // Packed products sum in another order.
    after.forEach((value, index) => expect(value).toBeCloseTo(fresh[index]!, 4));
    expect(Math.abs(after[0]! - before[0]!)).toBeGreaterThan(0.01);
  });
});

/** Keys of the passes that had to be compiled, for a frozen model of so many bytes. */
async function compiled(bytes: number, keys: readonly string[]): Promise<string[]> {
  const made: string[] = [];
  const release = () => Promise.resolve();
  const executor = { provider: 'cpu', compile: () => Promise.resolve({ release } as unknown as Session) };
  const model = { isFrozen: true, bytes, weightFeeds: () => ({}), executor: { ...executor, run: () => ({}) } };
  const sessions = new ModelSessions(model as unknown as LoadedModel);
  for (const key of keys) {
    const build = () => (made.push(key), new Uint8Array());
    await sessions.run({ key, adapter: false, build }, {}, new Map(), []);
  }
  return made;
}

describe('sessions of one model', () => {
  const keys = ['a', 'b', 'c', 'a', 'd', 'a', 'b'];

  it('give up the least recently used when their constants fill the room', async () => {
    expect(await compiled(0.6 * 1024 ** 3, keys)).toEqual(['a', 'b', 'c', 'd', 'b']);
  });

  it('are all kept where weights are small, or too large to be constants', async () => {
    expect(await compiled(1024 ** 2, keys)).toEqual(['a', 'b', 'c', 'd']);
    expect(await compiled(1024 ** 3, keys)).toEqual(['a', 'b', 'c', 'd']);
  });
});
