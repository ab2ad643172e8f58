// The graphs that the engine runs, all made from the one transformer: packed training (forward and backward), packed
// scoring, decoding with a key/value cache, comparison of two distributions, gradient accumulation and AdamW.
import { differentiate } from './gradients.ts';
import { Graph, type Value } from './graph.ts';
import { lower, type Provider } from './lowering.ts';
import { logitsOf, transformer, type Attend, type Weights } from './transformer.ts';
import type { ModelSpec } from '../model/config.ts';
import { listAdaptableLayers, listParameters } from '../model/parameters.ts';
import { rotaryTables } from '../model/rotary.ts';
import type { LoraTarget } from '../engine.ts';

/** LoRA shape of a model; absent when there is no adapter. */
export interface LoraConfig {
  rank: number;
  alpha: number;
  targets: readonly LoraTarget[];
}

export const loraNames = (module: string): { a: string; b: string } => ({
  a: `${module}.lora_A.weight`,
  b: `${module}.lora_B.weight`,
});

/** Graph inputs for every tensor of the model and its adapter. */
function weightInputs(g: Graph, spec: ModelSpec, lora: LoraConfig | undefined): Weights & { all: Map<string, Value> } {
  const all = new Map<string, Value>(
    listParameters(spec).map(({ name, shape }) => [name, g.input(name, shape)] as const),
  );
  const adapted = lora ? listAdaptableLayers(spec, lora.targets) : [];
  for (const { module, fanIn, fanOut } of adapted) {
    const names = loraNames(module);
    all.set(names.a, g.input(names.a, [lora!.rank, fanIn]));
    all.set(names.b, g.input(names.b, [fanOut, lora!.rank]));
  }
  const modules = new Set(adapted.map((layer) => layer.module));
  return {
    all,
    tensor: (name) => all.get(name)!,
    lora: (module) => {
      if (!modules.has(module)) return undefined;
      const names = loraNames(module);
      return { a: all.get(names.a)!, b: all.get(names.b)!, scaling: lora!.alpha / lora!.rank };
    },
  };
}

interface RotaryConstants {
  cosine: Value;
  sine: Value;
}

function rotaryConstants(g: Graph, spec: ModelSpec, positions: number): RotaryConstants | undefined {
  if (spec.learnedPositions) return undefined;
  const { cosine, sine } = rotaryTables(spec, positions);
  const shape = [positions, spec.headDim / 2];
  return { cosine: g.constant(cosine, shape), sine: g.constant(sine, shape) };
}

/**
 * Attention over rows of `length` tokens in which several sequences may be packed: a token sees earlier tokens of its
 * own segment only. Query heads that share a key head are stacked along the time axis, so nothing is repeated.
 */
function packedAttention(g: Graph, spec: ModelSpec, length: number, positions: Value, segments: Value): Attend {
  const { heads, kvHeads, headDim } = spec;
  // One mask for all layers with the same window.
  const biases = new Map<number | undefined, Value>();
  const biasOf = (layer: number): Value => {
    const own = spec.windows[layer];
    const window = own !== undefined && own < length ? own : undefined;
    const bias = biases.get(window) ?? g.apply('attentionBias', [segments], { window });
    biases.set(window, bias);
    return bias;
  };
  const rotaryTable = rotaryConstants(g, spec, length);
  const rotate = (x: Value, count: number): Value => {
    const rows = g.reshape(x, [-1, length, count * headDim]);
    if (!rotaryTable) return rows;
    return g.apply('rotary', [rows, positions, rotaryTable.cosine, rotaryTable.sine], { heads: count, inverse: false });
  };
  const split = (x: Value, count: number): Value =>
    g.transpose(g.reshape(x, [-1, length, count, headDim]), [0, 2, 1, 3]);
  const stacked = [-1, kvHeads, (heads / kvHeads) * length];
  return (layer, q, k, v) => {
    const query = g.reshape(split(rotate(q, heads), heads), [...stacked, headDim]);
    const key = split(rotate(k, kvHeads), kvHeads);
    const scores = g.matmul(query, key, { transposeB: true, alpha: 1 / Math.sqrt(headDim) });
    const visible = g.add(g.reshape(scores, [-1, heads, length, length]), biasOf(layer));
    const weights = g.reshape(g.apply('softmax', [visible], {}), [...stacked, length]);
    const mixed = g.reshape(g.matmul(weights, split(v, kvHeads)), [-1, heads, length, headDim]);
    return g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [-1, heads * headDim]);
  };
}

interface PackedForward {
  graph: Graph;
  weights: Map<string, Value>;
  targets: Value;
  logits: Value;
}

/** Forward pass over packed rows of `length` tokens up to the logits of the selected positions, [M, V]. */
function packedForward(spec: ModelSpec, lora: LoraConfig | undefined, length: number): PackedForward {
  const graph = new Graph();
  const weights = weightInputs(graph, spec, lora);
  const tokens = graph.input('tokens', [-1, length], 'int64');
  const positions = graph.input('positions', [-1, length], 'int64');
  const segments = graph.input('segments', [-1, length], 'int64');
  const selected = graph.input('selected', [-1], 'int64');
  const targets = graph.input('targets', [-1], 'int64');
  const attend = packedAttention(graph, spec, length, positions, segments);
  const hidden = transformer(graph, { spec, weights, tokens, positions, attend });
  // Only positions that carry loss reach the vocabulary projection, the dearest product of a small model.
  const chosen = graph.apply('gather', [hidden, selected], {});
  return { graph, weights: weights.all, targets, logits: logitsOf(graph, spec, weights, chosen) };
}

export const gradientName = (parameter: string): string => `gradient:${parameter}`;

/** Inputs: weights, tokens, positions, segments, selected, targets, tokenWeights [M, 1]. Outputs: loss [1, 1], gradients. */
export function trainingGraph(
  spec: ModelSpec,
  lora: LoraConfig | undefined,
  trainable: readonly string[],
  length: number,
  provider: Provider,
): Uint8Array {
  const { graph, weights, targets, logits } = packedForward(spec, lora, length);
  const tokenWeights = graph.input('tokenWeights', [-1, 1]);
  const nll = graph.apply('tokenNll', [logits, targets], {});
  const loss = graph.sum(graph.mul(nll, tokenWeights), [0, 1]);
  const parameters = trainable.map((name) => weights.get(name)!);
  const gradients = differentiate(graph, nll, tokenWeights, parameters);
  const outputs = Object.fromEntries(trainable.map((name, index) => [gradientName(name), gradients[index]!]));
  return lower(graph, { loss, ...outputs }, provider);
}

/**
 * Inputs as for training without tokenWeights. Outputs: nll [M, 1], best [M] (the model's own choice) and on demand
 * topLogprobs and topIds [M, k] and logprobs [M, V].
 */
export function scoringGraph(
  spec: ModelSpec,
  lora: LoraConfig | undefined,
  length: number,
  options: { topK: number; distribution: boolean },
  provider: Provider,
): Uint8Array {
  const { graph, targets, logits } = packedForward(spec, lora, length);
  const outputs: Record<string, Value> = {
    nll: graph.apply('tokenNll', [logits, targets], {}),
    best: graph.apply('argMax', [logits], {}),
  };
  if (options.topK > 0 || options.distribution) {
    const logprobs = graph.apply('logSoftmax', [logits], {});
    if (options.distribution) outputs.logprobs = logprobs;
    if (options.topK > 0) {
      outputs.topLogprobs = graph.apply('topValues', [logprobs], { k: options.topK });
      outputs.topIds = graph.apply('topIndices', [outputs.topLogprobs], { k: options.topK });
    }
  }
  return lower(graph, outputs, provider);
}

export const cacheName = (layer: number, which: 'key' | 'value'): string => `${which}:${layer}`;

/**
 * Decoding of `length` new tokens per row on a cache of `capacity` tokens. Inputs: weights, tokens and positions
 * [B, length], selected [B] (flat index of each row's last real token), lastIndex [B] and total [1] int32, past caches
 * [B, KV, capacity, Dh]. Outputs: new caches, and logprobs [B, V] or, when greedy, best [B] and bestLogprob [B, 1].
 */
export function decodingGraph(
  spec: ModelSpec,
  lora: LoraConfig | undefined,
  shape: { length: number; capacity: number; greedy: boolean },
  provider: Provider,
): Uint8Array {
  const { length, capacity } = shape;
  const g = new Graph();
  const weights = weightInputs(g, spec, lora);
  const tokens = g.input('tokens', [-1, length], 'int64');
  const positions = g.input('positions', [-1, length], 'int64');
  const selected = g.input('selected', [-1], 'int64');
  const lastIndex = g.input('lastIndex', [-1], 'int32');
  const total = g.input('total', [1], 'int32');
  const table = rotaryConstants(g, spec, capacity);
  const outputs: Record<string, Value> = {};
  const attend: Attend = (layer, q, k, v) => {
    const rows = (x: Value, heads: number) => g.reshape(x, [-1, length, heads * spec.headDim]);
    const rotated = (x: Value, heads: number) =>
      table
        ? g.apply('rotary', [rows(x, heads), positions, table.cosine, table.sine], { heads, inverse: false })
        : rows(x, heads);
    const cacheShape = [-1, spec.kvHeads, capacity, spec.headDim];
    const past = (['key', 'value'] as const).map((which) => g.input(`past:${cacheName(layer, which)}`, cacheShape));
    const operands = [
      rotated(q, spec.heads),
      rotated(k, spec.kvHeads),
      rows(v, spec.kvHeads),
      ...past,
      lastIndex,
      total,
    ];
    const { heads, kvHeads } = spec;
    const attention = g.apply('cachedAttention', operands, { heads, kvHeads, window: spec.windows[layer] });
    (['key', 'value'] as const).forEach((which, index) => {
      outputs[cacheName(layer, which)] = g.apply('cacheOutput', [attention, past[index]!], { which });
    });
    return g.reshape(attention, [-1, spec.heads * spec.headDim]);
  };
  const hidden = transformer(g, { spec, weights, tokens, positions, attend });
  const logits = logitsOf(g, spec, weights, g.apply('gather', [hidden, selected], {}));
  if (shape.greedy) {
    outputs.best = g.apply('argMax', [logits], {});
    outputs.bestNll = g.apply('tokenNll', [logits, outputs.best], {});
  } else {
    outputs.logprobs = g.apply('logSoftmax', [logits], {});
  }
  return lower(g, outputs, provider);
}

/** (baseline, tuned) logprobs [M, V] -> crossEntropy, entropy, hard [M, 1] and best choices of both [M] (methods 5.4). */
export function divergenceGraph(vocabulary: number, provider: Provider): Uint8Array {
  const g = new Graph();
  const base = g.input('baseline', [-1, vocabulary]);
  const tuned = g.input('tuned', [-1, vocabulary]);
  const probabilities = g.apply('exp', [base], {});
  const expectation = (x: Value) => g.scale(g.sum(g.mul(probabilities, x), [1]), -1);
  const baseBest = g.apply('argMax', [base], {});
  const outputs = {
    crossEntropy: expectation(tuned),
    entropy: expectation(base),
    hard: g.scale(g.apply('pick', [tuned, baseBest], {}), -1),
    baseBest,
    tunedBest: g.apply('argMax', [tuned], {}),
  };
  return lower(g, outputs, provider);
}

/** sum:name = sum:name + gradient:name for every parameter, in place. */
export function accumulationGraph(parameters: ReadonlyMap<string, readonly number[]>, provider: Provider): Uint8Array {
  const g = new Graph();
  const outputs: Record<string, Value> = {};
  for (const [name, shape] of parameters) {
    outputs[`out:${name}`] = g.add(g.input(`sum:${name}`, shape), g.input(gradientName(name), shape));
  }
  return lower(g, outputs, provider);
}

/**
 * AdamW (1711.05101) after clipping by global norm, written on scaled moments M = m / (1 - beta1) and V = v / (1 - beta2)
 * so that each costs one multiplication less:
 *   M' = beta1 M + g, V' = beta2 V + g^2, p' = decay p - rate M' / (sqrt(V') + epsilon').
 * `decay`, `rate` and `epsilon'` carry learning rate, weight decay and bias correction (optimizer.ts). Every state tensor
 * is read once before it is written, so outputs may share memory with inputs.
 */
export function optimizerGraph(parameters: ReadonlyMap<string, readonly number[]>, provider: Provider): Uint8Array {
  const g = new Graph();
  const scalar = (name: string) => g.input(name, [1]);
  const [normalizer, maxNorm] = [scalar('inverseNormalizer'), scalar('maxNorm')];
  const [beta1, beta2, decay, rate, epsilon] = ['beta1', 'beta2', 'decay', 'rate', 'epsilon'].map(scalar) as Value[];
  const gradients = [...parameters].map(([name, shape]) => [name, shape, g.input(gradientName(name), shape)] as const);
  const squares = gradients.map(([, , gradient]): Value => g.apply('sumSquares', [gradient], {}));
  const norm = g.mul(g.apply('sqrt', [squares.reduce((a, b) => g.add(a, b))], {}), normalizer);
  // torch.nn.utils.clip_grad_norm_ adds the same 1e-6.
  const limit = g.div(maxNorm, g.add(norm, g.constant(Float32Array.of(1e-6), [1])));
  const clip = g.apply('minimum', [limit, g.constant(Float32Array.of(1), [1])], {});
  const factor = g.mul(clip, normalizer);
  const outputs: Record<string, Value> = { norm };
  for (const [name, shape, gradient] of gradients) {
    const scaled = g.mul(gradient, factor);
    const m = g.add(g.mul(g.input(`m:${name}`, shape), beta1!), scaled);
    const v = g.add(g.mul(g.input(`v:${name}`, shape), beta2!), g.mul(scaled, scaled));
    const step = g.mul(g.div(m, g.add(g.apply('sqrt', [v], {}), epsilon!)), rate!);
    outputs[`out:m:${name}`] = m;
    outputs[`out:v:${name}`] = v;
    outputs[`out:${name}`] = g.sub(g.mul(g.input(name, shape), decay!), step);
  }
  return lower(g, outputs, provider);
}
