// What every engine must do, whichever way it computes. An engine joins by calling `describeEngine` with a way to start it.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Device, Engine, ModelInfo, TrainableSet, TrainingSequence } from '../../src/engine/engine.ts';
import { Safetensors } from '../../src/engine/safetensors.ts';
import { inEnglish } from '../../src/shared/phrase.ts';
import { writeTinyModel } from './tinyModel.ts';

export interface EngineUnderTest {
  start(): Promise<Engine>;
  device: Exclude<Device, 'auto'>;
  /** Largest difference between two ways to compute the same logprob. */
  tolerance: number;
  /** Whether repeating a computation gives the same bits. */
  deterministic: boolean;
}

const sequences = [
  [1, 5, 9, 3, 22, 7, 31, 2],
  [1, 8, 8, 4],
  [1, 30, 2, 17, 16, 15, 14, 13, 12, 11, 10, 39],
];

const training: TrainingSequence[] = sequences.map((tokens, index) => ({
  tokens,
  weights: tokens.map((_, t) => (t > index ? 1 : 0)),
}));

const step = { learningRate: 0.01, maxGradNorm: 1, weightDecay: 0.1 };

export function describeEngine(name: string, under: EngineUnderTest): void {
  describe(`engine contract: ${name}`, () => {
    let engine: Engine;
    let folder: string;
    const temporary = mkdtempSync(path.join(os.tmpdir(), 'contract-'));
    const out = (file: string) => path.join(temporary, file);

    beforeAll(async () => {
      engine = await under.start();
      folder = await writeTinyModel();
    });
    afterAll(async () => {
      await engine.dispose();
      rmSync(temporary, { recursive: true, force: true });
      rmSync(folder, { recursive: true, force: true });
    });

    const load = (trainable?: TrainableSet, extra: { folder?: string; adapter?: string } = {}): Promise<ModelInfo> =>
      engine.load({ folder, device: under.device, threads: 2, seed: 3, ...(trainable ? { trainable } : {}), ...extra });
    const logprobs = async (model: ModelInfo, o: { adapter?: boolean } = {}) =>
      (await engine.score({ model: model.id, sequences, ...o })).map((score) => score.logprobs);
    const train = async (model: ModelInfo, steps: number) => {
      for (let i = 0; i < steps; i++) {
        await engine.forwardBackward({ model: model.id, sequences: training });
        await engine.optimStep({ model: model.id, ...step });
      }
    };
    const tensors = async (model: ModelInfo, file: string) => {
      await engine.save({ model: model.id, folder: out(file), what: 'model' });
      return readTensors(path.join(out(file), 'model.safetensors'));
    };
    const near = (a: number[][], b: number[][]) =>
      a.forEach((row, i) =>
        row.forEach((value, j) => expect(Math.abs(value - b[i]![j]!)).toBeLessThan(under.tolerance)),
      );

    it('describes the model', async () => {
      const model = await load();
      expect(model).toMatchObject({
        architecture: 'llama',
        layers: 2,
        vocabularySize: 40,
        contextLength: 64,
        trainableParameters: 0,
      });
      expect(model.device).toBe(under.device);
      expect(inEnglish(model.deviceReason)).not.toBe('');
      await engine.dispose(model.id);
    });

    it('scores a sequence alone as in company (packing lets no sequence see another)', async () => {
      const model = await load();
      const together = await logprobs(model);
      const alone = [];
      for (const tokens of sequences)
        alone.push((await engine.score({ model: model.id, sequences: [tokens] }))[0]!.logprobs);
      near(together, alone);
      expect(together.map((row) => row.length)).toEqual(sequences.map((tokens) => tokens.length - 1));
      await engine.dispose(model.id);
    });

    it('scores from a position, with the most probable tokens in falling order', async () => {
      const model = await load();
      const [all] = await engine.score({ model: model.id, sequences: [sequences[0]!], topK: 40 });
      const [tail] = await engine.score({ model: model.id, sequences: [sequences[0]!], from: [5] });
      near([all!.logprobs.slice(4)], [tail!.logprobs]);
      const total = all!.topLogprobs![0]!.reduce((sum, logprob) => sum + Math.exp(logprob), 0);
      expect(total).toBeCloseTo(1, 4);
      expect(all!.topLogprobs![0]).toEqual([...all!.topLogprobs![0]!].sort((a, b) => b - a));
      const place = all!.topIds![0]!.indexOf(sequences[0]![1]!);
      expect(Math.abs(all!.topLogprobs![0]![place]! - all!.logprobs[0]!)).toBeLessThan(under.tolerance);
      expect(all!.greedy[0]).toBe(place === 0);
      await engine.dispose(model.id);
    });

    it('gives the logprobs of any tokens at the scored positions', async () => {
      const model = await load();
      const candidates = [7, 0, 31];
      const request = { model: model.id, sequences: sequences.slice(0, 2), from: [1, 3] };
      const scores = await engine.score({ ...request, candidates });
      const plain = await engine.score({ ...request, topK: 40 });
      scores.forEach(({ logprobs, candidateLogprobs }, k) => {
        near([logprobs], [plain[k]!.logprobs]);
        expect(candidateLogprobs).toHaveLength(logprobs.length);
        plain[k]!.topIds!.forEach((ids, position) => {
          const wanted = candidates.map((id) => plain[k]!.topLogprobs![position]![ids.indexOf(id)]!);
          near([candidateLogprobs![position]!], [wanted]);
        });
      });
      const outside = engine.score({ ...request, candidates: [model.vocabularySize] });
      await expect(outside).rejects.toThrow(/is no token/);
      await engine.dispose(model.id);
    });

    it('refuses what is no number instead of calling it a probability', async () => {
      const broken = await writeTinyModel(undefined, out('broken'), 'model.norm.weight');
      const { id } = await load(undefined, { folder: broken });
      const wanted = { code: 'model-invalid', message: expect.stringMatching(/instead of a probability/) as string };
      await expect(engine.score({ model: id, sequences })).rejects.toMatchObject(wanted);
      const prompt = { model: id, prompts: [[1, 5, 9]], maxTokens: 4, stopIds: [] };
      await expect(engine.sample(prompt)).rejects.toMatchObject(wanted);
      await expect(engine.sample({ ...prompt, temperature: 0.7, topP: 0.9 })).rejects.toMatchObject(wanted);
      const trained = await load({ kind: 'full' }, { folder: broken });
      const { lossSum } = await engine.forwardBackward({ model: trained.id, sequences: training });
      expect(lossSum).toBeNaN();
      await engine.dispose(id);
      await engine.dispose(trained.id);
    });

    it('measures no divergence from itself and some after training', async () => {
      const base = await load();
      const tuned = await load({ kind: 'full' });
      const before = await engine.score({ model: tuned.id, sequences, baseline: base.id });
      for (const { divergence } of before) {
        divergence!.crossEntropy.forEach((ce, i) =>
          expect(Math.abs(ce - divergence!.baselineEntropy[i]!)).toBeLessThan(under.tolerance),
        );
        expect(divergence!.agree.every(Boolean)).toBe(true);
      }
      await train(tuned, 3);
      const after = await engine.score({ model: tuned.id, sequences, baseline: base.id });
      const kl = after.flatMap(({ divergence }) =>
        divergence!.crossEntropy.map((ce, i) => ce - divergence!.baselineEntropy[i]!),
      );
      expect(Math.min(...kl)).toBeGreaterThan(-under.tolerance);
      expect(Math.max(...kl)).toBeGreaterThan(0.01);
      await engine.dispose(base.id);
      await engine.dispose(tuned.id);
    });

    it('generates what it scores: greedy tokens are its own first choices, logprobs agree', async () => {
      const model = await load();
      const prompts = sequences.map((tokens) => tokens.slice(0, 3));
      const completions = await engine.sample({ model: model.id, prompts, maxTokens: 12, stopIds: [] });
      const full = completions.map(({ tokens }, i) => [...prompts[i]!, ...tokens]);
      const scores = await engine.score({ model: model.id, sequences: full, from: prompts.map((p) => p.length) });
      scores.forEach((score, i) => {
        expect(score.greedy.every(Boolean)).toBe(true);
        near([score.logprobs], [completions[i]!.logprobs]);
      });
      await engine.dispose(model.id);
    });

    it.runIf(under.deterministic)('samples by the seed of each sequence, whatever its batch mates', async () => {
      const model = await load();
      const prompts = Array.from({ length: 9 }, (_, i) => [1, 2 + (i % 4), ...(i % 3 ? [7, 8] : [])]);
      const settings = { model: model.id, maxTokens: 15, stopIds: [0], temperature: 0.9, topP: 0.95, topK: 30 };
      const seeds = prompts.map((_, i) => 100 + i);
      const together = await engine.sample({ ...settings, prompts, seeds, batchSize: 4 });
      for (const i of [0, 5, 8]) {
        const [alone] = await engine.sample({ ...settings, prompts: [prompts[i]!], seeds: [seeds[i]!] });
        expect(alone).toEqual(together[i]);
      }
      const [other] = await engine.sample({ ...settings, prompts: [prompts[0]!], seeds: [7] });
      expect(other!.tokens).not.toEqual(together[0]!.tokens);
      await engine.dispose(model.id);
    });

    it('stops at stop ids, stop sequences, the token limit and the context', async () => {
      const model = await load();
      const sample = async (o: { stopIds?: number[]; stopSequences?: number[][]; maxTokens?: number }) =>
        (await engine.sample({ model: model.id, prompts: [[1, 5, 9]], maxTokens: 10, stopIds: [], ...o }))[0]!;
      const free = await sample({});
      expect(free).toMatchObject({ finish: 'length' });
      const third = free.tokens[2]!;
      const cut = free.tokens.indexOf(third);
      expect(await sample({ stopIds: [third] })).toMatchObject({ finish: 'stop', tokens: free.tokens.slice(0, cut) });
      const pair = free.tokens.slice(3, 5);
      const found = free.tokens.findIndex((token, i) => token === pair[0] && free.tokens[i + 1] === pair[1]);
      expect(await sample({ stopSequences: [pair] })).toMatchObject({
        finish: 'stop',
        tokens: free.tokens.slice(0, found),
      });
      expect(await sample({ maxTokens: 0 })).toMatchObject({ finish: 'length', tokens: [] });
      const long = await sample({ maxTokens: 1000 });
      expect(long.finish).toBe('context');
      expect(long.tokens).toHaveLength(61);
      await engine.dispose(model.id);
    });

    it('accumulates: one batch and single-example micro-batches of unequal length give the same step', async () => {
      const [whole, split] = [await load({ kind: 'full' }), await load({ kind: 'full' })];
      const one = await engine.forwardBackward({ model: whole.id, sequences: training });
      const parts = [];
      for (const sequence of training)
        parts.push(await engine.forwardBackward({ model: split.id, sequences: [sequence] }));
      expect(parts.reduce((sum, part) => sum + part.lossSum, 0) / one.lossSum).toBeCloseTo(1, 5);
      expect(parts.reduce((sum, part) => sum + part.weightSum, 0)).toBe(one.weightSum);
      const a = await engine.optimStep({ model: whole.id, learningRate: 0.01 });
      const b = await engine.optimStep({ model: split.id, learningRate: 0.01 });
      expect(Math.abs(a.gradNorm / b.gradNorm - 1)).toBeLessThan(1e-5);
      await engine.dispose(whole.id);
      await engine.dispose(split.id);
    });

    it('learns, and a weight of zero hides a token from the loss', async () => {
      const model = await load({ kind: 'full' });
      const first = await engine.forwardBackward({ model: model.id, sequences: training });
      await engine.optimStep({ model: model.id, ...step });
      await train(model, 20);
      const last = await engine.forwardBackward({ model: model.id, sequences: training });
      expect(last.lossSum).toBeLessThan(first.lossSum / 2);
      const weight = training.flatMap((sequence) => sequence.weights).reduce((a, b) => a + b, 0);
      expect(first.weightSum).toBe(weight);
      const masked = await engine.forwardBackward({
        model: model.id,
        sequences: [{ tokens: [1, 2], weights: [0, 0] }],
      });
      expect(masked).toMatchObject({ lossSum: 0, weightSum: 0 });
      await engine.dispose(model.id);
    });

    it.runIf(under.deterministic)('trains the same weights when it scores in between', async () => {
      const trained = async (label: string, set: TrainableSet, between: (model: ModelInfo) => Promise<unknown>) => {
        const model = await load(set);
        for (let k = 0; k < 3; k++) {
          await between(model);
          await engine.forwardBackward({ model: model.id, sequences: training.slice(0, 2) });
          await between(model);
          await engine.forwardBackward({ model: model.id, sequences: training.slice(2) });
          await engine.optimStep({ model: model.id, ...step });
        }
        const after = await tensors(model, label);
        await engine.dispose(model.id);
        return after;
      };
      const lora: TrainableSet = { kind: 'lora', rank: 2, alpha: 4, targets: ['q_proj', 'down_proj'] };
      for (const set of [{ kind: 'full' } as const, lora]) {
        const plain = await trained(`${set.kind} alone`, set, () => Promise.resolve());
        const probed = await trained(`${set.kind} probed`, set, (model) =>
          engine.score({ model: model.id, sequences }),
        );
        expect(probed).toEqual(plain);
      }
    });

    it.runIf(under.deterministic)('leaves every weight alone at learning rate zero', async () => {
      const model = await load({ kind: 'full' });
      const before = await tensors(model, 'rate-before');
      await engine.forwardBackward({ model: model.id, sequences: training });
      await engine.optimStep({ model: model.id, learningRate: 0, weightDecay: 0.1 });
      expect(await tensors(model, 'rate-after')).toEqual(before);
      await engine.dispose(model.id);
    });

    it.each<[string, TrainableSet, RegExp]>([
      ['only attention', { kind: 'only', roles: ['attention'] }, /self_attn/],
      ['freeze the first layer', { kind: 'freeze', layers: [0, 1] }, /embed|layers\.1|model\.norm/],
      ['freeze embeddings and MLP', { kind: 'freeze', roles: ['embeddings', 'mlp'] }, /self_attn|norm/],
    ])('trains only what is asked: %s', async (label, set, trained) => {
      const model = await load(set);
      const before = await tensors(model, `${label} before`);
      await train(model, 2);
      const after = await tensors(model, `${label} after`);
      for (const [name, data] of before) {
        if (trained.test(name)) expect(after.get(name), name).not.toEqual(data);
        else expect(after.get(name), name).toEqual(data);
      }
      await engine.dispose(model.id);
    });

    it('LoRA: starts as the base, learns, leaves the base untouched, switches off exactly, saves and merges', async () => {
      const base = await load();
      const model = await load({ kind: 'lora', rank: 4, alpha: 8, targets: ['q_proj', 'v_proj', 'down_proj'] });
      expect(model.trainableParameters).toBe(2 * 4 * (32 + 32 + 32 + 16 + 48 + 32));
      const plain = await logprobs(base);
      near(await logprobs(model), plain);
      await train(model, 5);
      const tuned = await logprobs(model);
      expect(Math.abs(tuned[0]![0]! - plain[0]![0]!)).toBeGreaterThan(100 * under.tolerance);
      expect(await logprobs(model, { adapter: false })).toEqual(plain);
      await engine.save({ model: model.id, folder: out('adapter'), what: 'adapter' });
      const again = await load(undefined, { adapter: out('adapter') });
      near(await logprobs(again), tuned);
      await engine.save({ model: model.id, folder: out('merged'), what: 'model' });
      const merged = await load(undefined, { folder: out('merged') });
      near(await logprobs(merged), tuned);
      for (const info of [base, model, again, merged]) await engine.dispose(info.id);
    });

    it.runIf(under.deterministic)('continues from a saved state bit for bit', async () => {
      const straight = await load({ kind: 'full' });
      await train(straight, 2);
      await engine.save({ model: straight.id, folder: out('state'), what: 'state' });
      await train(straight, 2);
      const resumed = await load({ kind: 'full' });
      await engine.restore({ model: resumed.id, folder: out('state') });
      await train(resumed, 2);
      expect(await tensors(resumed, 'resumed')).toEqual(await tensors(straight, 'straight'));
      await engine.dispose(straight.id);
      await engine.dispose(resumed.id);
    });

    it('refuses bad requests by name and stays usable', async () => {
      const model = await load({ kind: 'full' });
      const id = model.id;
      await expect(engine.score({ model: 999, sequences: [[1, 2]] })).rejects.toThrow(/no model 999/);
      await expect(engine.score({ model: id, sequences: [[1, 40]] })).rejects.toThrow(
        /token id 40 .* vocabulary of 40/,
      );
      await expect(engine.score({ model: id, sequences: [Array<number>(65).fill(1)] })).rejects.toThrow(
        /65 tokens, the model takes 64/,
      );
      await expect(
        engine.sample({ model: id, prompts: [Array<number>(64).fill(1)], maxTokens: 1, stopIds: [] }),
      ).rejects.toThrow(/takes 64/);
      await expect(
        engine.forwardBackward({ model: id, sequences: [{ tokens: [1, 2], weights: [1, 1] }] }),
      ).rejects.toThrow(/first token/);
      await expect(
        engine.forwardBackward({
          model: id,
          sequences: [{ tokens: Array<number>(65).fill(1), weights: Array<number>(65).fill(0) }],
        }),
      ).rejects.toThrow(/65 tokens, the model takes 64/);
      await expect(engine.optimStep({ model: id, learningRate: 1 })).rejects.toThrow(/without a forwardBackward/);
      await expect(load(undefined, { folder: out('nowhere') })).rejects.toMatchObject({ code: 'file-not-found' });
      expect(await logprobs(model)).toHaveLength(3);
      await engine.dispose(id);
    });

    it('stops when asked and stays usable', async () => {
      const model = await load();
      const controller = new AbortController();
      const prompts = Array.from({ length: 200 }, () => [1, 2, 3]);
      const onProgress = () => controller.abort();
      const long = engine.sample(
        { model: model.id, prompts, maxTokens: 50, stopIds: [], batchSize: 2 },
        { signal: controller.signal, onProgress },
      );
      await expect(long).rejects.toMatchObject({ name: 'AbortError' });
      expect(await logprobs(model)).toHaveLength(3);
      await engine.dispose(model.id);
    });
  });
}

async function readTensors(file: string): Promise<Map<string, number[]>> {
  const files = await Safetensors.open([file]);
  const all = new Map<string, number[]>();
  for (const name of files.names) all.set(name, [...(await files.read(name)).data]);
  await files.close();
  return all;
}
