// The embedded engine against independent float64 references of a real pretrained model: token ids, likelihoods, optimizer
// steps and greedy text. Other references of the same format can be named by environment variables.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, ModelInfo } from '../src/engine/engine.ts';
import { createOnnxEngine } from '../src/engine/onnx/onnxEngine.ts';
import { Safetensors } from '../src/engine/safetensors.ts';
import { loadTextSide, type TextSide } from '../src/data/textSide.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';

const folder = process.env.FORGETTING_LAB_REFERENCE_MODEL ?? path.resolve('../shared/models/stories260K');
const scoreFile = process.env.FORGETTING_LAB_SCORE_REFERENCE ?? path.join(folder, 'score_reference.json');
const trainFile = process.env.FORGETTING_LAB_TRAIN_REFERENCE ?? path.join(folder, 'train_reference.json');
const greedyFile = path.join(folder, 'greedy_reference.txt');

interface ScoreReference {
  text: string;
  ids: number[];
  nll: number[];
  ppl: number;
}

interface TrainReference {
  texts: string[];
  masked_leading_targets: number[];
  optimizer: { lr: number; betas: [number, number]; eps: number; weight_decay: number; max_grad_norm: number };
  steps: { step: number; loss: number; grad_norm: number }[];
  final_tensors: Record<string, { sum: number; l2: number }>;
}

const read = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8')) as T;
const present = existsSync(folder);
if (!present)
  console.warn(`reference model not found at ${folder}: set FORGETTING_LAB_REFERENCE_MODEL to run these tests`);
if (process.env.FORGETTING_LAB_REFERENCE_MODEL && !present)
  throw new Error(`FORGETTING_LAB_REFERENCE_MODEL: no folder ${folder}`);

describe.skipIf(!present)(`reference model ${path.basename(folder)}`, () => {
  let engine: Engine;
  let model: ModelInfo;
  let side: TextSide;
  const temporary = mkdtempSync(path.join(os.tmpdir(), 'reference-'));

  beforeAll(async () => {
    engine = createOnnxEngine();
    model = await engine.load({ folder, device: 'cpu', trainable: { kind: 'full' } });
    side = await loadTextSide(folder);
  });
  afterAll(async () => {
    await engine.dispose();
    rmSync(temporary, { recursive: true, force: true });
  });

  describe.skipIf(!existsSync(scoreFile))('scores', () => {
    const reference = existsSync(scoreFile) ? read<ScoreReference[]>(scoreFile) : [];

    it('token ids', () => {
      for (const { text, ids } of reference)
        expect([...side.startIds, ...side.tokenizer.encode(text).ids]).toEqual(ids);
    });

    it('negative log-likelihood of every token within 1e-4', async () => {
      const scores = await engine.score({ model: model.id, sequences: reference.map((row) => row.ids) });
      reference.forEach((row, index) => {
        row.nll.forEach((nll, token) => expect(Math.abs(-scores[index]!.logprobs[token]! - nll)).toBeLessThan(1e-4));
        const mean = -scores[index]!.logprobs.reduce((a, b) => a + b, 0) / row.nll.length;
        expect(Math.exp(mean) / row.ppl).toBeCloseTo(1, 4);
      });
    });
  });

  it.skipIf(!existsSync(greedyFile))('greedy text', async () => {
    const expected = readFileSync(greedyFile, 'utf8');
    const [completion] = await engine.sample({
      model: model.id,
      prompts: [side.startIds],
      maxTokens: 200,
      stopIds: side.stopIds,
    });
    expect(completion!.tokens).toHaveLength(200);
    expect(side.tokenizer.decode(completion!.tokens).trim()).toBe(expected.trim());
  });

  describe.skipIf(!existsSync(trainFile))('training', () => {
    const reference = existsSync(trainFile) ? read<TrainReference>(trainFile) : undefined;

    it('loss and gradient norm of every step within 1e-4 relative, then the weights', async () => {
      const { texts, masked_leading_targets: masked, optimizer, steps, final_tensors: finals } = reference!;
      const sequences = texts.map((text, index) => {
        const tokens = [...side.startIds, ...side.tokenizer.encode(text).ids];
        return { tokens, weights: tokens.map((_, t) => (t > masked[index]! ? 1 : 0)) };
      });
      for (const { loss, grad_norm: norm } of steps) {
        const pass = await engine.forwardBackward({ model: model.id, sequences });
        expect(pass.lossSum / pass.weightSum / loss).toBeCloseTo(1, 4);
        const step = await engine.optimStep({
          model: model.id,
          learningRate: optimizer.lr,
          beta1: optimizer.betas[0],
          beta2: optimizer.betas[1],
          epsilon: optimizer.eps,
          weightDecay: optimizer.weight_decay,
          maxGradNorm: optimizer.max_grad_norm,
        });
        expect(Math.abs(step.gradNorm / norm - 1)).toBeLessThan(1e-4);
      }
      const out = path.join(temporary, 'tuned');
      await engine.save({ model: model.id, folder: out, what: 'model' });
      const files = await Safetensors.open([path.join(out, 'model.safetensors')]);
      for (const [name, { sum, l2 }] of Object.entries(finals)) {
        const { data } = await files.read(name);
        const squares = data.reduce((total, value) => total + value * value, 0);
        expect(Math.sqrt(squares) / l2).toBeCloseTo(1, 4);
        // A sum cancels, so its error is measured against the size of the tensor.
        expect(Math.abs(data.reduce((a, b) => a + b, 0) - sum) / l2).toBeLessThan(1e-3);
      }
      await files.close();
    });
  });
});
