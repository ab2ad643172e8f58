// The closed list of operations with their attributes, and what a shape is. Every table over operations (shapes, gradients,
// lowering) must cover all of its keys, so a forgotten rule does not compile.

/**
 * Dimensions of a tensor. At most one is DYNAMIC (decided at run time): batch rows, packed tokens or selected positions.
 * Everything else is fixed when the graph is built, so that one session serves every batch of a length bucket.
 */
export type Shape = readonly number[];
export const DYNAMIC = -1;

export type ElementType = 'float32' | 'int64' | 'int32';

/** Attributes per operation: the closed list. Every table over operations must cover all of its keys. */
export interface OperationAttributes {
  /** A value fed at run time. */
  input: { name: string };
  constant: { data: Float32Array | BigInt64Array };
  add: None;
  sub: None;
  mul: None;
  /** x * by */
  scale: { by: number };
  sigmoid: None;
  tanh: None;
  /** x * sigmoid(x) */
  silu: None;
  /** [..., M, K] x [..., K, N], each side optionally transposed in its last two dimensions, times alpha. */
  matmul: { transposeA: boolean; transposeB: boolean; alpha: number };
  reshape: { shape: Shape };
  transpose: { permutation: readonly number[] };
  /** Columns start..end of the last dimension. */
  slice: { start: number; end: number };
  /** Inverse of slice: zeros of `width` columns with x placed at `start`. */
  padColumns: { start: number; width: number };
  /** (x [..., A], y [..., B]) -> [..., A + B]. */
  concat: None;
  /** Sum over the given axes, which stay as size 1. */
  sum: { axes: readonly number[] };
  /** Sum of everything except the last dimension: [..., D] -> [D]. */
  sumRows: None;
  /** (table [V, D], indices [...]) -> [..., D] */
  gather: None;
  /** (like [V, D], indices [M], updates [M, D]) -> zeros [V, D] with updates added at the rows `indices`. */
  scatterAdd: None;
  /** Over the last dimension. */
  softmax: None;
  /** (x [..., D], weight [D]) -> x / sqrt(mean(x^2) + epsilon) * weight (1910.07467). */
  rmsNorm: { epsilon: number };
  /** (x [..., D], weight [D], bias [D]) */
  layerNorm: { epsilon: number };
  /** (rmsNorm or layerNorm output) -> the statistic it kept, [..., 1]. */
  normStatistic: { which: 'inverseDeviation' | 'mean' };
  /** (x [R, T, heads * Dh], positions [R, T], cosine [P, Dh/2], sine [P, Dh/2]): rotary embedding (2104.09864). */
  rotary: { heads: number; inverse: boolean };
  /** (segments [R, T]) -> [R, 1, T, T]: 0 where a token may look, a large negative number elsewhere. */
  attentionBias: { window: number | undefined };
  /** (logits [M, V], targets [M]) -> [M, 1] negative log-likelihood, nats. */
  tokenNll: None;
  /** (the tokenNll value, logits [M, V], targets [M], outer gradient [M, 1]) -> [M, V] gradient of the logits. */
  tokenNllGradient: None;
  /** (the tokenNll value) -> [M, 1] negative log-likelihood of the most probable token of each row. */
  bestNll: None;
  /** (logits [M, V]) -> [M, V] */
  logSoftmax: None;
  /** (x [M, V]) -> [M] index of the largest. */
  argMax: None;
  /** (x [M, V], indices [M]) -> [M, 1] */
  pick: None;
  exp: None;
  /** (x [M, V]) -> [M, k] values of the k largest, in falling order. */
  topValues: { k: number };
  /** (topValues output) -> [M, k] their indices. */
  topIndices: { k: number };
  /**
   * Causal attention with a key/value cache in place. (q [B, T, H*Dh], k and v [B, T, KV*Dh], pastK and pastV
   * [B, KV, S, Dh], lastIndex [B] int32 = tokens after this call minus one, total [1] int32 = max of lastIndex plus one)
   * -> [B, T, H*Dh]. Positions must already be in q and k.
   */
  cachedAttention: { heads: number; kvHeads: number; window: number | undefined };
  /** (cachedAttention output, the past cache) -> the updated cache. */
  cacheOutput: { which: 'key' | 'value' };
  sqrt: None;
  div: None;
  /** Sum of squares of everything -> [1]. */
  sumSquares: None;
  /** Smaller of two scalars. */
  minimum: None;
}

type None = Record<never, never>;
export type Operation = keyof OperationAttributes;
