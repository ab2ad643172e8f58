// The graphs that the engine runs besides decoding, all made from the one transformer: packed training (forward and
// backward), packed scoring, comparison of two distributions, gradient accumulation and AdamW.
import { packedAttention } from './attention.ts';
import { differentiate } from './gradients.ts';
import { Graph, type Value } from './graph.ts';
import { lower, type Provider } from './lowering.ts';
import { logitsOf, transformer } from './transformer.ts';
import { weightInputs, type LoraConfig } from './weights.ts';
import type { ModelSpec } from '../model/config.ts';

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
  const attend = packedAttention(graph, spec, length, { positions, segments });
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
 * Inputs as for training without tokenWeights. Outputs: nll and bestNll (of the model's own choice) [M, 1] and on demand
 * topLogprobs and topIds [M, k] and logprobs [M, V].
 * @param constants names of the weights that are constants instead of inputs.
 */
export function scoringGraph(
  spec: ModelSpec,
  lora: LoraConfig | undefined,
  length: number,
  options: { topK: number; candidates: number; distribution: boolean },
  provider: Provider,
  constants?: ReadonlySet<string>,
): Uint8Array {
  const { graph, targets, logits } = packedForward(spec, lora, length);
  const nll = graph.apply('tokenNll', [logits, targets], {});
  const outputs: Record<string, Value> = {
    nll,
    bestNll: graph.apply('bestNll', [nll], {}),
  };
  if (options.topK > 0 || options.candidates > 0 || options.distribution) {
    const logprobs = graph.apply('logSoftmax', [logits], {});
    if (options.distribution) outputs.logprobs = logprobs;
    if (options.candidates > 0) {
      // Columns of the matrix: rows of its transpose.
      const ids = graph.input('candidates', [options.candidates], 'int64');
      const rows = graph.apply('gather', [graph.transpose(logprobs, [1, 0]), ids], {});
      outputs.candidateLogprobs = graph.transpose(rows, [1, 0]);
    }
    if (options.topK > 0) {
      outputs.topLogprobs = graph.apply('topValues', [logprobs], { k: options.topK });
      outputs.topIds = graph.apply('topIndices', [outputs.topLogprobs], { k: options.topK });
    }
  }
  return lower(graph, outputs, provider, constants);
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
