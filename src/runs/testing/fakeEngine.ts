// An engine in memory for tests: a bigram table (logits of the next token given the last) with real gradients, real
// AdamW, and real files. Small enough to train in a millisecond, honest enough to show lost or repeated steps.
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type {
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
} from '../../engine/engine.ts';
import { openSafetensors, writeSafetensors } from '../../engine/safetensors.ts';
import { LabError } from '../../shared/errors.ts';
import { createRandom } from '../../shared/random.ts';

interface FakeModel {
  folder: string;
  vocabulary: number;
  context: number;
  /** [last][next], row-major. */
  logits: Float32Array;
  gradient: Float32Array;
  first: Float32Array;
  second: Float32Array;
  step: number;
}

/** Names of the verbs, for hooks. */
export type Verb = 'load' | 'score' | 'sample' | 'forwardBackward' | 'optimStep' | 'save' | 'restore';

/** Called before every verb; may throw to play a crash. */
export type Hook = (verb: Verb) => void;

/** A fake engine; `hook` sees every call. */
export class FakeEngine implements Engine {
  private readonly models = new Map<number, FakeModel>();
  private readonly hook: Hook;
  private nextId = 1;

  constructor(hook: Hook = () => undefined) {
    this.hook = hook;
  }

  async load(request: LoadRequest): Promise<ModelInfo> {
    this.hook('load');
    const config = JSON.parse(await readFile(join(request.folder, 'config.json'), 'utf8')) as Record<string, number>;
    const weights = await openSafetensors(request.folder);
    const { data: logits, shape } = await weights.read('bigram').finally(() => weights.close());
    const vocabulary = shape[0] as number;
    const context = config['max_position_embeddings'] as number;
    const zeros = (): Float32Array => new Float32Array(logits.length);
    const id = this.nextId++;
    const model = { logits, gradient: zeros(), first: zeros(), second: zeros(), step: 0 };
    this.models.set(id, { folder: request.folder, vocabulary, context, ...model });
    return {
      id,
      architecture: 'fake',
      parameters: logits.length,
      trainableParameters: request.trainable ? logits.length : 0,
      layers: 1,
      vocabularySize: vocabulary,
      contextLength: context,
      device: 'cpu',
      deviceReason: 'the fake engine knows no other',
      threads: 1,
      weightsHash: createHash('sha256').update(Buffer.from(logits.buffer)).digest('hex'),
    };
  }

  async score(request: ScoreRequest): Promise<SequenceScore[]> {
    this.hook('score');
    const model = this.model(request.model);
    const baseline = request.baseline === undefined ? undefined : this.model(request.baseline);
    return request.sequences.map((tokens, index) => {
      const from = request.from?.[index] ?? 1;
      const score = scoreSequence(model, baseline, tokens, from);
      const { candidates } = request;
      if (!candidates) return score;
      const rows = tokens.slice(from).map((_, at) => distribution(model, tokens[from + at - 1] as number));
      return { ...score, candidateLogprobs: rows.map((row) => candidates.map((id) => row[id] as number)) };
    });
  }

  async sample(request: SampleRequest): Promise<Completion[]> {
    this.hook('sample');
    const model = this.model(request.model);
    return request.prompts.map((prompt, index) => sampleOne(model, prompt, request.seeds?.[index] ?? 0, request));
  }

  async forwardBackward(request: ForwardBackwardRequest): Promise<ForwardBackwardResult> {
    this.hook('forwardBackward');
    const model = this.model(request.model);
    let lossSum = 0;
    let weightSum = 0;
    let count = 0;
    for (const { tokens, weights } of request.sequences) {
      count += tokens.length;
      for (let at = 1; at < tokens.length; at++) {
        const weight = weights[at] as number;
        if (weight === 0) continue;
        const last = tokens[at - 1] as number;
        const logprobs = distribution(model, last);
        lossSum -= weight * (logprobs[tokens[at] as number] as number);
        weightSum += weight;
        for (let next = 0; next < model.vocabulary; next++) {
          const slot = last * model.vocabulary + next;
          const difference = Math.exp(logprobs[next] as number) - (next === tokens[at] ? 1 : 0);
          model.gradient[slot] = (model.gradient[slot] as number) + weight * difference;
        }
      }
    }
    return { lossSum, weightSum, tokens: count };
  }

  async optimStep(request: OptimStepRequest): Promise<OptimStepResult> {
    this.hook('optimStep');
    const model = this.model(request.model);
    const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0, normalizer = 1 } = request;
    const gradNorm = Math.sqrt(model.gradient.reduce((sum, value) => sum + (value / normalizer) ** 2, 0));
    const scale = Math.min(1, (request.maxGradNorm ?? Infinity) / (gradNorm + 1e-6)) / normalizer;
    model.step++;
    const firstBias = 1 - beta1 ** model.step;
    const secondBias = 1 - beta2 ** model.step;
    for (let slot = 0; slot < model.logits.length; slot++) {
      const gradient = (model.gradient[slot] as number) * scale;
      const first = beta1 * (model.first[slot] as number) + (1 - beta1) * gradient;
      const second = beta2 * (model.second[slot] as number) + (1 - beta2) * gradient * gradient;
      model.first[slot] = first;
      model.second[slot] = second;
      const update = first / firstBias / (Math.sqrt(second / secondBias) + epsilon);
      const value = model.logits[slot] as number;
      model.logits[slot] = value - request.learningRate * (update + weightDecay * value);
    }
    model.gradient.fill(0);
    return { gradNorm, step: model.step };
  }

  async save(request: SaveRequest): Promise<void> {
    this.hook('save');
    const model = this.model(request.model);
    await mkdir(request.folder, { recursive: true });
    const { vocabulary } = model;
    const tensor = (name: string, data: Float32Array) => ({ name, shape: [vocabulary, vocabulary], data: () => data });
    if (request.what === 'model') {
      for (const name of await readdir(model.folder)) {
        if (name.endsWith('.json')) await copyFile(join(model.folder, name), join(request.folder, name));
      }
      await writeSafetensors(join(request.folder, 'model.safetensors'), [tensor('bigram', model.logits)]);
      return;
    }
    const tensors = [tensor('bigram', model.logits), tensor('first', model.first), tensor('second', model.second)];
    await writeSafetensors(join(request.folder, 'model.safetensors'), tensors);
    await writeFile(join(request.folder, 'step.json'), JSON.stringify({ step: model.step }));
  }

  async restore(request: RestoreRequest): Promise<void> {
    this.hook('restore');
    const model = this.model(request.model);
    const weights = await openSafetensors(request.folder);
    model.logits = (await weights.read('bigram')).data;
    model.first = (await weights.read('first')).data;
    model.second = (await weights.read('second')).data;
    await weights.close();
    model.step = (JSON.parse(await readFile(join(request.folder, 'step.json'), 'utf8')) as { step: number }).step;
  }

  async dispose(model?: number): Promise<void> {
    if (model === undefined) this.models.clear();
    else this.models.delete(model);
  }

  private model(id: number): FakeModel {
    const model = this.models.get(id);
    if (!model) throw new LabError('usage', `there is no model ${id}`);
    return model;
  }
}

/** Log probabilities of every next token. */
function distribution(model: FakeModel, last: number): Float64Array {
  const row = Float64Array.from(model.logits.subarray(last * model.vocabulary, (last + 1) * model.vocabulary));
  const largest = row.reduce((best, value) => Math.max(best, value), -Infinity);
  const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value - largest), 0)) + largest;
  return row.map((value) => value - total);
}

function argmax(values: Float64Array): number {
  return values.reduce((best, value, index) => (value > (values[best] as number) ? index : best), 0);
}

function scoreSequence(
  model: FakeModel,
  baseline: FakeModel | undefined,
  tokens: readonly number[],
  from: number,
): SequenceScore {
  const positions = tokens.map((_, index) => index).slice(from);
  const ours = positions.map((at) => distribution(model, tokens[at - 1] as number));
  const score: SequenceScore = {
    logprobs: positions.map((at, index) => (ours[index] as Float64Array)[tokens[at] as number] as number),
    greedy: positions.map((at, index) => argmax(ours[index] as Float64Array) === tokens[at]),
  };
  if (!baseline) return score;
  const theirs = positions.map((at) => distribution(baseline, tokens[at - 1] as number));
  const expectation = (p: Float64Array, q: Float64Array): number =>
    -p.reduce((sum, value, index) => sum + Math.exp(value) * (q[index] as number), 0);
  const pairs = ours.map((own, index) => [theirs[index] as Float64Array, own] as const);
  score.divergence = {
    crossEntropy: pairs.map(([base, own]) => expectation(base, own)),
    baselineEntropy: pairs.map(([base]) => expectation(base, base)),
    hardCrossEntropy: pairs.map(([base, own]) => -(own[argmax(base)] as number)),
    agree: pairs.map(([base, own]) => argmax(base) === argmax(own)),
  };
  return score;
}

function sampleOne(model: FakeModel, prompt: readonly number[], seed: number, request: SampleRequest): Completion {
  const random = createRandom(seed);
  const temperature = request.temperature ?? 0;
  const tokens: number[] = [];
  const logprobs: number[] = [];
  let last = prompt.at(-1) ?? 0;
  for (;;) {
    if (tokens.length === request.maxTokens) return { tokens, logprobs, finish: 'length' };
    if (prompt.length + tokens.length >= model.context) return { tokens, logprobs, finish: 'context' };
    const options = distribution(model, last);
    const next = temperature === 0 ? argmax(options) : draw(options, temperature, random());
    if (request.stopIds.includes(next)) return { tokens, logprobs, finish: 'stop' };
    tokens.push(next);
    logprobs.push(options[next] as number);
    last = next;
  }
}

function draw(logprobs: Float64Array, temperature: number, uniform: number): number {
  const weights = logprobs.map((value) => Math.exp(value / temperature));
  let left = uniform * weights.reduce((sum, value) => sum + value, 0);
  const index = weights.findIndex((weight) => (left -= weight) < 0);
  return index < 0 ? weights.length - 1 : index;
}

/** Writes the weights of a fake model in which each `[last, next]` pair is likely. */
export async function writeFakeWeights(
  folder: string,
  vocabulary: number,
  pairs: readonly (readonly [last: number, next: number])[],
): Promise<void> {
  const logits = new Float32Array(vocabulary * vocabulary);
  for (const [last, next] of pairs) logits[last * vocabulary + next] = 8;
  const shape = [vocabulary, vocabulary];
  await writeSafetensors(join(folder, 'model.safetensors'), [{ name: 'bigram', shape, data: () => logits }]);
}
