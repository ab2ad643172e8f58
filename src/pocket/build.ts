// `npm run build:pocket`: writes the example workspace, trains the tokenizer and the pocket model from fixed seeds, measures
// the result, and puts it into media/pocket when it is better than what is there.
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Engine } from '../engine/engine.ts';
import { createOnnxEngine } from '../engine/onnx/onnxEngine.ts';
import { writeSafetensors } from '../engine/safetensors.ts';
import { createTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';
import { createBpeEncoder, tokenizerJson, trainBpe, type BpeModel } from './bpe.ts';
import { bosToken, specialTokens, tokenizerConfig } from './chatFormat.ts';
import { generationConfig, initialTensors, modelConfig, pocketShape } from './config.ts';
import { corpusExample, oldSkills } from './corpus.ts';
import { greedyAccuracy, targetPerplexities, type Measured, type TargetRow } from './measure.ts';
import { pretrain } from './pretrain.ts';
import { subtraction } from './skills/arithmetic.ts';
import { newCalls } from './skills/calls.ts';
import { harmlessRequests } from './skills/refusal.ts';
import { writeWorkspace } from './writeWorkspace.ts';

const recipe = {
  seed: 0,
  steps: 4200,
  batchSize: 64,
  learningRate: 3e-3,
  warmupSteps: 200,
  weightDecay: 0.05,
} as const;

const bpeExamples = 40_000;
const finalItems = 240;
const targetItems = 200;
const saveEvery = 250;

interface Training {
  recipe: Record<string, number>;
  tokens: number;
  minutes: number;
  parameters: number;
}

interface Measurement {
  /** Greedy accuracy on held-out items, 0..1. */
  accuracy: Record<string, number>;
  targets: Record<string, TargetRow[]>;
}

/** What build.json keeps about a built model. */
type BuildRecord = Training & Measurement;

function trainTokenizer(seed: number): BpeModel {
  const texts = function* (): Generator<string> {
    for (let index = 0; index < bpeExamples; index++) {
      const { prompt, completion } = corpusExample(seed, index);
      for (const { content } of prompt) yield content;
      yield completion;
    }
  };
  return trainBpe(texts(), { size: pocketShape.vocabularySize, specials: specialTokens });
}

/** Writes an untrained model folder. */
async function writeUntrained(folder: string, bpe: BpeModel, seed: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const put = (name: string, content: object): Promise<void> =>
    writeFile(join(folder, name), `${JSON.stringify(content, null, name === 'tokenizer.json' ? 0 : 2)}\n`);
  await put('config.json', modelConfig());
  await put('generation_config.json', generationConfig());
  await put('tokenizer.json', tokenizerJson(bpe, bosToken));
  await put('tokenizer_config.json', tokenizerConfig(pocketShape.contextLength));
  const tensors = initialTensors(seed).map(({ name, shape, data }) => ({ name, shape, data: () => data }));
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
}

const measuredSkills = [...oldSkills, harmlessRequests, subtraction, newCalls];

async function accuracies(measured: Measured, items: number): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const skill of measuredSkills) found[skill.name] = await greedyAccuracy(measured, skill, items, 1);
  return found;
}

const worstOldSkill = (accuracy: Record<string, number>): number =>
  Math.min(...oldSkills.map(({ name }) => accuracy[name] ?? 0));

/** The record of the model that is there, if there is one. */
async function existingRecord(folder: string): Promise<BuildRecord | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'build.json'), 'utf8')) as BuildRecord;
  } catch {
    return undefined; // No model has been built here yet, or its record cannot be read: the new one is better.
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function readTokenizer(folder: string): Promise<Tokenizer> {
  const [tokenizer, config] = await Promise.all(
    ['tokenizer.json', 'tokenizer_config.json'].map(
      async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as unknown,
    ),
  );
  return createTokenizer(tokenizer, config);
}

/** Trains the model in `work`, which becomes a complete model folder; saved now and then, so that a stop loses little. */
async function trainPocket(engine: Engine, work: string, steps: number): Promise<Training> {
  const bpe = trainTokenizer(recipe.seed);
  await writeUntrained(work, bpe, recipe.seed);
  const model = await engine.load({ folder: work, device: 'cpu', trainable: { kind: 'full' }, seed: recipe.seed });
  print(`${model.parameters} parameters, ${steps} steps of ${recipe.batchSize} examples`);
  let tokens = 0;
  let seconds = 0;
  await pretrain({
    ...recipe,
    engine,
    model: model.id,
    encode: createBpeEncoder(bpe),
    steps,
    onStep: async (progress) => {
      ({ tokens, seconds } = progress);
      const { step, loss, gradNorm, learningRate } = progress;
      if (step % 50 === 0 || step === 1) {
        const rate = Math.round(tokens / seconds);
        print(
          `step ${step} loss ${loss.toFixed(4)} norm ${gradNorm.toFixed(2)} lr ${learningRate.toExponential(2)} ${rate} tokens/s`,
        );
      }
      if (step % saveEvery === 0 || step === steps) await engine.save({ model: model.id, folder: work, what: 'model' });
    },
  });
  await engine.dispose(model.id);
  return { recipe: { ...recipe, steps }, tokens, minutes: seconds / 60, parameters: model.parameters };
}

/** Greedy accuracies on held-out items and perplexities of targets for a model folder. */
async function measure(engine: Engine, folder: string, items: number): Promise<Measurement> {
  const model = await engine.load({ folder, device: 'cpu' });
  const measured: Measured = { engine, model, tokenizer: await readTokenizer(folder) };
  const accuracy = await accuracies(measured, items);
  const targets: Record<string, TargetRow[]> = {};
  for (const skill of [subtraction, newCalls])
    targets[skill.name] = await targetPerplexities(measured, skill, targetItems, 1);
  await engine.dispose(model.id);
  return { accuracy, targets };
}

function printMeasurement(record: Measurement): void {
  print('| skill | greedy accuracy |\n|---|---|');
  for (const [name, value] of Object.entries(record.accuracy)) print(`| ${name} | ${value.toFixed(3)} |`);
  print('\n| task | target | perplexity mean (std) | share |\n|---|---|---|---|');
  for (const [task, rows] of Object.entries(record.targets)) {
    for (const row of rows) {
      print(
        `| ${task} | ${row.target} | ${row.mean.toFixed(2)} (${row.deviation.toFixed(2)}) | ${row.share.toFixed(2)} |`,
      );
    }
  }
}

/** Puts the folder `work` in place of `out`, unless the model there is better in its worst skill. */
async function install(work: string, out: string, record: BuildRecord, force: boolean): Promise<void> {
  const before = await existingRecord(out);
  if (!force && before && worstOldSkill(before.accuracy) > worstOldSkill(record.accuracy)) {
    print(`The model in ${out} is better in its worst skill; the new one stays in ${work}`);
    return;
  }
  await rm(out, { recursive: true, force: true });
  await rename(work, out);
  print(`wrote ${out}`);
}

async function build(out: string, steps: number, force: boolean): Promise<void> {
  const work = `${out}.building`;
  await rm(work, { recursive: true, force: true });
  const engine = createOnnxEngine();
  try {
    const training = await trainPocket(engine, work, steps);
    const record = { ...training, ...(await measure(engine, work, finalItems)) };
    await writeFile(join(work, 'build.json'), `${JSON.stringify(record, null, 2)}\n`);
    printMeasurement(record);
    await install(work, out, record, force);
  } finally {
    await engine.dispose();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'media/pocket' },
      workspace: { type: 'string', default: 'examples/pocket' },
      steps: { type: 'string', default: String(recipe.steps) },
      force: { type: 'boolean', default: false },
      'workspace-only': { type: 'boolean', default: false },
      measure: { type: 'string' },
    },
  });
  if (values.measure !== undefined) {
    const engine = createOnnxEngine();
    printMeasurement(await measure(engine, resolve(values.measure), finalItems));
    await engine.dispose();
    return;
  }
  await writeWorkspace(resolve(values.workspace));
  print(`wrote ${values.workspace}`);
  if (!values['workspace-only']) await build(resolve(values.out), Number(values.steps), values.force);
}

await main();
