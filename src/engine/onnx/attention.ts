// How attention sees the past: packed rows for training, scoring and prompts; one new token against a cache in main memory;
// or a cache that stays on the device.
import type { Graph, Value } from './graph.ts';
import type { Attend } from './transformer.ts';
import type { ModelSpec } from '../model/config.ts';
import { rotaryTables } from '../model/rotary.ts';

/** Puts positions into q or k, [N, heads * Dh] -> [R, length, heads * Dh]; only reshapes where positions are learned. */
function rotator(
  g: Graph,
  spec: ModelSpec,
  rows: { length: number; positions: Value; tableSize: number },
): (x: Value, heads: number) => Value {
  const reshape = (x: Value, heads: number) => g.reshape(x, [-1, rows.length, heads * spec.headDim]);
  if (spec.learnedPositions) return reshape;
  const { cosine, sine } = rotaryTables(spec, rows.tableSize);
  const shape = [rows.tableSize, spec.headDim / 2];
  const tables = [g.constant(cosine, shape), g.constant(sine, shape)];
  return (x, heads) => g.apply('rotary', [reshape(x, heads), rows.positions, ...tables], { heads, inverse: false });
}

/**
 * Attention over rows of `length` tokens in which several sequences may be packed: a token sees earlier tokens of its
 * own segment only. Query heads that share a key head are stacked along the time axis, so nothing is repeated.
 * @param onKeyValue is shown each layer's keys (positions in) and values, [R, KV, T, Dh].
 */
export function packedAttention(
  g: Graph,
  spec: ModelSpec,
  length: number,
  inputs: { positions: Value; segments: Value },
  onKeyValue: (layer: number, key: Value, value: Value) => void = () => undefined,
): Attend {
  const { positions, segments } = inputs;
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
  const rotate = rotator(g, spec, { length, positions, tableSize: length });
  const split = (x: Value, count: number): Value =>
    g.transpose(g.reshape(x, [-1, length, count, headDim]), [0, 2, 1, 3]);
  const stacked = [-1, kvHeads, (heads / kvHeads) * length];
  return (layer, q, k, v) => {
    const query = g.reshape(split(rotate(q, heads), heads), [...stacked, headDim]);
    const key = split(rotate(k, kvHeads), kvHeads);
    const value = split(v, kvHeads);
    onKeyValue(layer, key, value);
    const scores = g.matmul(query, key, { transposeB: true, alpha: 1 / Math.sqrt(headDim) });
    const visible = g.add(g.reshape(scores, [-1, heads, length, length]), biasOf(layer));
    const weights = g.reshape(g.apply('softmax', [visible], {}), [...stacked, length]);
    const mixed = g.reshape(g.matmul(weights, value), [-1, heads, length, headDim]);
    return g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [-1, heads * headDim]);
  };
}

/** Name of a layer's cache, as input `past:NAME` and as output. */
export const cacheName = (layer: number, which: 'key' | 'value'): string => `${which}:${layer}`;

/** Input that hides unused cache slots, and those outside a sliding window: [B, 1, 1, capacity], 0 or -1e9. */
export const pastBiasName = (window: number | undefined): string => `pastBias:${window ?? 'all'}`;

/** Caches of one layer as graph inputs, [B, KV, capacity, Dh]. */
function pastInputs(g: Graph, spec: ModelSpec, layer: number, capacity: number): { key: Value; value: Value } {
  const shape = [-1, spec.kvHeads, capacity, spec.headDim];
  return {
    key: g.input(`past:${cacheName(layer, 'key')}`, shape),
    value: g.input(`past:${cacheName(layer, 'value')}`, shape),
  };
}

/**
 * One new token per row against caches that the caller keeps. The caches are only read: the new keys and values are shown
 * to `onKeyValue` ([B, KV, 1, Dh]) for the caller to put in. Scores of the past and of the token itself meet in one softmax.
 */
export function stepAttention(
  g: Graph,
  spec: ModelSpec,
  capacity: number,
  positions: Value,
  onKeyValue: (layer: number, key: Value, value: Value) => void,
): Attend {
  const { heads, kvHeads, headDim } = spec;
  const rotate = rotator(g, spec, { length: 1, positions, tableSize: capacity });
  const biases = new Map<string, Value>();
  const biasOf = (layer: number): Value => {
    const name = pastBiasName(spec.windows[layer]);
    const bias = biases.get(name) ?? g.input(name, [-1, 1, 1, capacity]);
    biases.set(name, bias);
    return bias;
  };
  const grouped = [-1, kvHeads, heads / kvHeads, headDim];
  const scaled = { transposeB: true, alpha: 1 / Math.sqrt(headDim) };
  return (layer, q, k, v) => {
    const past = pastInputs(g, spec, layer, capacity);
    const query = g.reshape(rotate(q, heads), grouped);
    const key = g.reshape(rotate(k, kvHeads), [-1, kvHeads, 1, headDim]);
    const value = g.reshape(v, [-1, kvHeads, 1, headDim]);
    onKeyValue(layer, key, value);
    const before = g.add(g.matmul(query, past.key, scaled), biasOf(layer));
    const weights = g.apply('softmax', [g.apply('concat', [before, g.matmul(query, key, scaled)], {})], {});
    const [pastWeights, ownWeight] = [
      g.apply('slice', [weights], { start: 0, end: capacity }),
      g.apply('slice', [weights], { start: capacity, end: capacity + 1 }),
    ];
    const mixed = g.add(g.matmul(pastWeights, past.value), g.mul(ownWeight, value));
    return g.reshape(mixed, [-1, heads * headDim]);
  };
}

/** `length` new tokens per row on caches that stay on the device; the updated caches are shown to `onCache`. */
export function deviceAttention(
  g: Graph,
  spec: ModelSpec,
  shape: { length: number; capacity: number },
  positions: Value,
  onCache: (layer: number, key: Value, value: Value) => void,
): Attend {
  const { heads, kvHeads, headDim } = spec;
  const lastIndex = g.input('lastIndex', [-1], 'int32');
  const total = g.input('total', [1], 'int32');
  const rotate = rotator(g, spec, { length: shape.length, positions, tableSize: shape.capacity });
  return (layer, q, k, v) => {
    const past = pastInputs(g, spec, layer, shape.capacity);
    const value = g.reshape(v, [-1, shape.length, kvHeads * headDim]);
    const operands = [rotate(q, heads), rotate(k, kvHeads), value, past.key, past.value, lastIndex, total];
    const attention = g.apply('cachedAttention', operands, { heads, kvHeads, window: spec.windows[layer] });
    onCache(
      layer,
      g.apply('cacheOutput', [attention, past.key], { which: 'key' }),
      g.apply('cacheOutput', [attention, past.value], { which: 'value' }),
    );
    return g.reshape(attention, [-1, heads * headDim]);
  };
}
