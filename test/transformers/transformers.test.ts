// The engine against Hugging Face transformers and peft: the same numbers from the same folders, in both directions. Tiny
// random models of every architecture are made by reference.py, which computes in float64. Skipped without such a Python.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findPython, pythonRemedy } from '../../bench/findPython.ts';
import { encodePrompt } from '../../src/data/encode.ts';
import { loadTextSide } from '../../src/data/textSide.ts';
import type { Engine, LoraTarget, TrainableSet } from '../../src/engine/engine.ts';
import { createOnnxEngine } from '../../src/engine/onnx/onnxEngine.ts';
import { GPT2_PREFIX } from '../../src/engine/model/parameters.ts';
import { findSafetensors, Safetensors } from '../../src/engine/safetensors.ts';
import type { Message } from '../../src/shared/dataset.ts';

interface TrainingReference {
  sequences: number[][];
  weights: number[][];
  steps: { loss: number; gradNorm: number }[];
  /** Of every trained tensor after the last step, by its name in transformers or peft. */
  tensors: Record<string, { sum: number; l2: number }>;
}

interface ModelReference {
  name: string;
  folder: string;
  sequences: number[][];
  logprobs: number[][];
  prompts: number[][];
  greedy: number[][];
  training: TrainingReference;
}

interface AdapterReference {
  name: string;
  folder: string;
  base: string;
  sequences: number[][];
  logprobs: number[][];
  baseLogprobs: number[][];
  training: TrainingReference;
}

interface Reference {
  models: ModelReference[];
  adapters: AdapterReference[];
  optimizer: { lr: number; betas: [number, number]; eps: number; weight_decay: number; maxGradNorm: number };
  newTokens: number;
}

/** Between float32 here and float64 there, on log-probabilities of about -5 through two or three layers. */
const LOGPROB_TOLERANCE = 1e-4;
const RELATIVE_TOLERANCE = 1e-4;

const root = path.resolve(import.meta.dirname, '../..');
const script = path.join(import.meta.dirname, 'reference.py');
const pocket = path.join(root, 'media/pocket');
const python = findPython(root);
if (!python) console.warn(`no Python with torch, transformers and peft: skipped; ${pythonRemedy}`);

function runScript<T>(args: string[], input?: unknown): T {
  const options = { encoding: 'utf8' as const, maxBuffer: 1 << 28, input: JSON.stringify(input ?? null) };
  const output = execFileSync(python!.command, [script, ...args], { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  return JSON.parse(output.trimEnd().split('\n').at(-1)!) as T;
}

describe.skipIf(!python)('transformers', () => {
  const temporary = mkdtempSync(path.join(os.tmpdir(), 'transformers-'));
  // The models are needed to name the tests, so they are made while tests are collected.
  const reference = python ? runScript<Reference>(['build', path.join(temporary, 'models')]) : emptyReference();
  /** What our engine saved, to be read back by transformers in one go. */
  const written: { name: string; folder: string; adapter?: string; sequences: number[][]; logprobs: number[][] }[] = [];
  let engine: Engine;

  beforeAll(() => {
    engine = createOnnxEngine();
  });
  afterAll(async () => {
    await engine.dispose();
    rmSync(temporary, { recursive: true, force: true });
  });

  const load = (folder: string, options: { adapter?: string; trainable?: TrainableSet } = {}) =>
    engine.load({ folder, device: 'cpu', threads: 1, ...options });

  async function score(model: number, sequences: number[][], adapter = true): Promise<number[][]> {
    return (await engine.score({ model, sequences, adapter })).map((result) => result.logprobs);
  }

  /** Three steps on the reference's batch; the last one is split in two, which must not matter. */
  async function expectSameTraining(model: number, { sequences, weights, steps }: TrainingReference): Promise<void> {
    const { lr, betas, eps, weight_decay, maxGradNorm } = reference.optimizer;
    const batch = sequences.map((tokens, index) => ({ tokens, weights: weights[index]! }));
    const settings = {
      learningRate: lr,
      beta1: betas[0],
      beta2: betas[1],
      epsilon: eps,
      weightDecay: weight_decay,
      maxGradNorm,
    };
    for (const [index, step] of steps.entries()) {
      const parts = index === steps.length - 1 ? [batch.slice(0, 1), batch.slice(1)] : [batch];
      let [lossSum, weightSum] = [0, 0];
      for (const part of parts) {
        const result = await engine.forwardBackward({ model, sequences: part });
        lossSum += result.lossSum;
        weightSum += result.weightSum;
      }
      const { gradNorm } = await engine.optimStep({ model, ...settings });
      expectNear(lossSum / weightSum, step.loss, RELATIVE_TOLERANCE * step.loss, `loss of step ${index + 1}`);
      expectNear(gradNorm, step.gradNorm, RELATIVE_TOLERANCE * step.gradNorm, `gradient norm of step ${index + 1}`);
    }
  }

  describe.each(reference.models)('$name', (expected) => {
    it('log-probabilities', async () => {
      const { id } = await load(expected.folder);
      expectLogprobs(await score(id, expected.sequences), expected.logprobs);
      await engine.dispose(id);
    });

    it('greedy text', async () => {
      const { id } = await load(expected.folder);
      const completions = await engine.sample({
        model: id,
        prompts: expected.prompts,
        maxTokens: reference.newTokens,
        stopIds: [],
      });
      expect(completions.map((completion) => completion.tokens)).toEqual(expected.greedy);
      await engine.dispose(id);
    });

    it('training steps', async () => {
      const { id } = await load(expected.folder, { trainable: { kind: 'full' } });
      await expectSameTraining(id, expected.training);
      const folder = path.join(temporary, 'trained', expected.name);
      await engine.save({ model: id, folder, what: 'model' });
      await expectSums(await findSafetensors(folder), expected.training.tensors);
      written.push({
        name: expected.name,
        folder,
        sequences: expected.sequences,
        logprobs: await score(id, expected.sequences),
      });
      await engine.dispose(id);
    });
  });

  describe.each(reference.adapters)('adapter $name', (expected) => {
    it('log-probabilities with the adapter on and off', async () => {
      const { id } = await load(expected.base, { adapter: expected.folder });
      expectLogprobs(await score(id, expected.sequences), expected.logprobs);
      expectLogprobs(await score(id, expected.sequences, false), expected.baseLogprobs);
      await engine.dispose(id);
    });

    it('training steps', async () => {
      // The rank and alpha of the adapter that is loaded are what counts.
      const { id } = await load(expected.base, {
        adapter: expected.folder,
        trainable: { kind: 'lora', rank: 1, alpha: 1, targets: [] },
      });
      await expectSameTraining(id, expected.training);
      const adapter = path.join(temporary, 'trained-adapters', expected.name);
      await engine.save({ model: id, folder: adapter, what: 'adapter' });
      await expectSums([path.join(adapter, 'adapter_model.safetensors')], expected.training.tensors);
      const logprobs = await score(id, expected.sequences);
      written.push({
        name: `${expected.name} as an adapter`,
        folder: expected.base,
        adapter,
        sequences: expected.sequences,
        logprobs,
      });
      const folder = path.join(temporary, 'merged', expected.name);
      await engine.save({ model: id, folder, what: 'model' });
      written.push({ name: `${expected.name} merged`, folder, sequences: expected.sequences, logprobs });
      await engine.dispose(id);
    });
  });

  const fresh: [string, LoraTarget[]][] = [
    ['llama', ['q_proj', 'down_proj']],
    ['gpt2', ['q_proj', 'o_proj']],
    ['gpt2', ['down_proj']],
    ['qwen3', ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']],
  ];
  it.each(fresh)('a new adapter on %s for %j is what peft loads', async (name, targets) => {
    const { folder, sequences, training } = reference.models.find((model) => model.name === name)!;
    const { id } = await load(folder, { trainable: { kind: 'lora', rank: 3, alpha: 12, targets } });
    const batch = training.sequences.map((tokens, index) => ({ tokens, weights: training.weights[index]! }));
    for (let step = 0; step < 3; step++) {
      await engine.forwardBackward({ model: id, sequences: batch });
      await engine.optimStep({ model: id, learningRate: 0.05 });
    }
    const adapter = path.join(temporary, 'new-adapters', `${name}-${targets.join('-')}`);
    await engine.save({ model: id, folder: adapter, what: 'adapter' });
    const logprobs = await score(id, sequences);
    expect(Math.max(...differences(logprobs, await score(id, sequences, false)))).toBeGreaterThan(0.1);
    written.push({ name: `new adapter on ${name} for ${targets.join()}`, folder, adapter, sequences, logprobs });
    await engine.dispose(id);
  });

  it('transformers and peft read back everything we wrote', () => {
    expect(written).toHaveLength(reference.models.length + 2 * reference.adapters.length + fresh.length);
    const theirs = runScript<number[][][]>(['score'], written);
    for (const [index, { name, logprobs }] of written.entries()) expectLogprobs(logprobs, theirs[index]!, name);
  });
});

describe.skipIf(!python || !existsSync(pocket))('the pocket model in transformers', () => {
  const conversations: Message[][] = [
    [{ role: 'user', content: 'What is 12 + 30?' }],
    [
      { role: 'user', content: 'Sort 3 1 2.' },
      { role: 'assistant', content: '1 2 3' },
      { role: 'user', content: 'Thanks, and 9 8 7?' },
    ],
  ];
  const texts = ['The sum of 12 and 30 is 42.', 'plain text\nwith {"json": [1, 2]} and ünïcödé 你好', ''];

  it('same ids, same rendered conversations, same log-probabilities', async () => {
    const side = await loadTextSide(pocket);
    const theirs = runScript<{ texts: number[][]; prompts: { ids: number[] }[] }>(['chat', pocket], {
      texts,
      conversations,
    });
    expect(texts.map((text) => [...side.startIds, ...side.tokenizer.encode(text).ids])).toEqual(theirs.texts);
    const prompts = conversations.map((conversation) => encodePrompt(side, conversation));
    expect(prompts).toEqual(theirs.prompts.map((prompt) => prompt.ids));

    const sequences = [...prompts, ...theirs.texts.filter((ids) => ids.length > 1)];
    const [logprobs] = runScript<number[][][]>(['score'], [{ folder: pocket, sequences }]);
    const engine = createOnnxEngine();
    const { id } = await engine.load({ folder: pocket, device: 'cpu', threads: 1 });
    const ours = (await engine.score({ model: id, sequences })).map((result) => result.logprobs);
    await engine.dispose();
    expectLogprobs(ours, logprobs!);
  });
});

function emptyReference(): Reference {
  return {
    models: [],
    adapters: [],
    optimizer: { lr: 0, betas: [0, 0], eps: 0, weight_decay: 0, maxGradNorm: 0 },
    newTokens: 0,
  };
}

function differences(ours: number[][], theirs: number[][]): number[] {
  return ours.flatMap((sequence, index) => sequence.map((value, at) => Math.abs(value - theirs[index]![at]!)));
}

function expectLogprobs(ours: number[][], theirs: number[][], name = 'log-probabilities'): void {
  expect(
    ours.map((sequence) => sequence.length),
    name,
  ).toEqual(theirs.map((sequence) => sequence.length));
  const worst = Math.max(...differences(ours, theirs));
  expect(worst, `${name}: largest difference`).toBeLessThan(LOGPROB_TOLERANCE);
}

function expectNear(value: number, expected: number, tolerance: number, name: string): void {
  expect(Math.abs(value - expected), `${name}: ${value}, expected ${expected}`).toBeLessThanOrEqual(tolerance);
}

/** Sums are compared relative to the tensor's norm times the square root of its size, what rounding errors grow with. */
async function expectSums(files: string[], expected: TrainingReference['tensors']): Promise<void> {
  const tensors = await Safetensors.open(files);
  try {
    const stored = new Set(Object.keys(expected).map(peftStoredName));
    expect(new Set([...tensors.entries.keys()].map(withoutPrefix))).toEqual(new Set([...stored].map(withoutPrefix)));
    for (const name of tensors.entries.keys()) {
      const { data } = await tensors.read(name);
      const { sum, l2 } =
        expected[Object.keys(expected).find((key) => withoutPrefix(peftStoredName(key)) === withoutPrefix(name))!]!;
      const ourL2 = Math.sqrt(data.reduce((total, value) => total + value * value, 0));
      expectNear(ourL2, l2, RELATIVE_TOLERANCE * l2, `norm of ${name}`);
      expectNear(
        data.reduce((a, b) => a + b, 0),
        sum,
        RELATIVE_TOLERANCE * l2 * Math.sqrt(data.length),
        `sum of ${name}`,
      );
    }
  } finally {
    await tensors.close();
  }
}

/** In memory peft puts the adapter's name into the tensor's name, in a file it does not. */
const peftStoredName = (name: string): string => name.replace('.default.weight', '.weight');
const withoutPrefix = (name: string): string => (name.startsWith(GPT2_PREFIX) ? name.slice(GPT2_PREFIX.length) : name);
