// Reverse-mode differentiation: the gradient rule of every operation, and the walk that applies them. A rule returns the
// gradient with respect to each input, written with the same operations, so the backward pass is an ordinary graph.
import { isOperation, type Graph, type Value } from './graph.ts';
import type { Operation, Shape } from './operations.ts';

/** Gradient per input; undefined where the input needs none. `outer` is dL/d(value). */
type GradientRule<K extends Operation> = (
  graph: Graph,
  value: Value<K>,
  outer: Value,
  needs: readonly boolean[],
) => readonly (Value | undefined)[];

/** Operations that stand outside the differentiable path by design. */
const NOT_DIFFERENTIABLE = 'not differentiable' as const;

/** Sums a gradient over the axes along which its input was broadcast. */
function unbroadcast(graph: Graph, gradient: Value, shape: Shape): Value {
  const from = gradient.shape;
  if (from.length === shape.length) {
    const axes = shape.flatMap((size, axis) => (size === from[axis] ? [] : [axis]));
    return axes.length === 0 ? gradient : graph.sum(gradient, axes);
  }
  if (shape.length === 1 && shape[0] === from.at(-1)) return graph.apply('sumRows', [gradient], {});
  throw new Error(`no rule to sum a gradient [${from.join(', ')}] to [${shape.join(', ')}]`);
}

const shapeOf = (value: Value, index: number): Shape => value.inputs[index]!.shape;

/** d(A B): dA = g B^T, dB = A^T g, with the transposes of either side folded in. */
const matmulGradient: GradientRule<'matmul'> = (graph, value, outer, needs) => {
  const [a, b] = value.inputs as [Value, Value];
  const { transposeA, transposeB, alpha } = value.attributes;
  const da = () =>
    transposeA
      ? graph.matmul(b, outer, { transposeA: transposeB, transposeB: true, alpha })
      : graph.matmul(outer, b, { transposeB: !transposeB, alpha });
  const db = () =>
    transposeB
      ? graph.matmul(outer, a, { transposeA: true, transposeB: transposeA, alpha })
      : graph.matmul(a, outer, { transposeA: !transposeA, alpha });
  return [
    needs[0] ? unbroadcast(graph, da(), a.shape) : undefined,
    needs[1] ? unbroadcast(graph, db(), b.shape) : undefined,
  ];
};

/** y = x r w with r = 1/rms: dx = r (g w - x r mean(g w x r)), dw = sum over rows of g x r. */
const rmsNormGradient: GradientRule<'rmsNorm'> = (graph, value, outer, needs) => {
  const [x, weight] = value.inputs as [Value, Value];
  const inverse = graph.apply('normStatistic', [value], { which: 'inverseDeviation' });
  const normalised = graph.mul(x, inverse);
  const weighted = graph.mul(outer, weight);
  const lastAxis = x.shape.length - 1;
  const projection = graph.scale(graph.sum(graph.mul(weighted, normalised), [lastAxis]), 1 / x.shape.at(-1)!);
  const dx = () => graph.mul(graph.sub(weighted, graph.mul(normalised, projection)), inverse);
  const dw = () => graph.apply('sumRows', [graph.mul(outer, normalised)], {});
  return [needs[0] ? dx() : undefined, needs[1] ? dw() : undefined];
};

/** As rmsNorm with the mean removed: dx = r (g w - mean(g w) - n mean(g w n)), n = (x - mean) r. */
const layerNormGradient: GradientRule<'layerNorm'> = (graph, value, outer, needs) => {
  const [x, weight] = value.inputs as [Value, Value];
  const inverse = graph.apply('normStatistic', [value], { which: 'inverseDeviation' });
  const mean = graph.apply('normStatistic', [value], { which: 'mean' });
  const normalised = graph.mul(graph.sub(x, mean), inverse);
  const weighted = graph.mul(outer, weight);
  const lastAxis = x.shape.length - 1;
  const average = (v: Value) => graph.scale(graph.sum(v, [lastAxis]), 1 / x.shape.at(-1)!);
  const dx = () =>
    graph.mul(
      graph.sub(
        graph.sub(weighted, average(weighted)),
        graph.mul(normalised, average(graph.mul(weighted, normalised))),
      ),
      inverse,
    );
  return [
    needs[0] ? dx() : undefined,
    needs[1] ? graph.apply('sumRows', [graph.mul(outer, normalised)], {}) : undefined,
    needs[2] ? graph.apply('sumRows', [outer], {}) : undefined,
  ];
};

const inversePermutation = (permutation: readonly number[]): number[] =>
  permutation.map((_, axis) => permutation.indexOf(axis));

/** The full table. A new operation does not compile until it says how it is differentiated, or that it is not. */
export const gradientRules: { [K in Operation]: GradientRule<K> | typeof NOT_DIFFERENTIABLE } = {
  input: NOT_DIFFERENTIABLE,
  constant: NOT_DIFFERENTIABLE,
  add: (g, v, outer) => [unbroadcast(g, outer, shapeOf(v, 0)), unbroadcast(g, outer, shapeOf(v, 1))],
  sub: (g, v, outer, needs) => [
    unbroadcast(g, outer, shapeOf(v, 0)),
    needs[1] ? unbroadcast(g, g.scale(outer, -1), shapeOf(v, 1)) : undefined,
  ],
  mul: (g, v, outer, needs) => [
    needs[0] ? unbroadcast(g, g.mul(outer, v.inputs[1]!), shapeOf(v, 0)) : undefined,
    needs[1] ? unbroadcast(g, g.mul(outer, v.inputs[0]!), shapeOf(v, 1)) : undefined,
  ],
  scale: (g, v, outer) => [g.scale(outer, v.attributes.by)],
  // s' = s (1 - s)
  sigmoid: (g, v, outer) => [g.mul(outer, g.sub(v, g.mul(v, v)))],
  // t' = 1 - t^2
  tanh: (g, v, outer) => [g.sub(outer, g.mul(outer, g.mul(v, v)))],
  // y = x s: y' = s + y (1 - s) = s + y - y s
  silu: (g, v, outer) => {
    const s = g.apply('sigmoid', [v.inputs[0]!], {});
    return [g.mul(outer, g.add(s, g.sub(v, g.mul(v, s))))];
  },
  matmul: matmulGradient,
  reshape: (g, v, outer) => [g.reshape(outer, shapeOf(v, 0))],
  transpose: (g, v, outer) => [g.transpose(outer, inversePermutation(v.attributes.permutation))],
  slice: (g, v, outer) => [g.apply('padColumns', [outer], { start: v.attributes.start, width: shapeOf(v, 0).at(-1)! })],
  padColumns: (g, v, outer) => {
    const { start } = v.attributes;
    return [g.apply('slice', [outer], { start, end: start + shapeOf(v, 0).at(-1)! })];
  },
  concat: (g, v, outer) => {
    const [first, all] = [shapeOf(v, 0).at(-1)!, v.shape.at(-1)!];
    return [g.apply('slice', [outer], { start: 0, end: first }), g.apply('slice', [outer], { start: first, end: all })];
  },
  sum: (g, v, outer) => [g.add(outer, g.scale(v.inputs[0]!, 0))],
  sumRows: (g, v, outer) => [g.add(g.scale(v.inputs[0]!, 0), outer)],
  gather: (g, v, outer) => {
    const [table, indices] = v.inputs as [Value, Value];
    const flat = indices.shape.length === 1 ? indices : g.reshape(indices, [flatSize(indices.shape)]);
    const updates = g.reshape(outer, [flatSize(indices.shape), ...table.shape.slice(1)]);
    return [g.apply('scatterAdd', [table, flat, updates], {}), undefined];
  },
  scatterAdd: NOT_DIFFERENTIABLE,
  // dx = p (g - sum(g p))
  softmax: (g, v, outer) => {
    const inner = g.sum(g.mul(outer, v), [v.shape.length - 1]);
    return [g.mul(v, g.sub(outer, inner))];
  },
  rmsNorm: rmsNormGradient,
  layerNorm: layerNormGradient,
  normStatistic: NOT_DIFFERENTIABLE,
  // A rotation is undone by the opposite rotation, and its transpose is its inverse.
  rotary: (g, v, outer) => [
    g.apply('rotary', [outer, ...v.inputs.slice(1)], { ...v.attributes, inverse: !v.attributes.inverse }),
  ],
  attentionBias: NOT_DIFFERENTIABLE,
  // d nll / d logits = softmax - onehot(target)
  tokenNll: (g, v, outer) => [g.apply('tokenNllGradient', [v, v.inputs[0]!, v.inputs[1]!, outer], {}), undefined],
  tokenNllGradient: NOT_DIFFERENTIABLE,
  logSoftmax: NOT_DIFFERENTIABLE,
  bestNll: NOT_DIFFERENTIABLE,
  argMax: NOT_DIFFERENTIABLE,
  pick: NOT_DIFFERENTIABLE,
  exp: (g, v, outer) => [g.mul(outer, v)],
  topValues: NOT_DIFFERENTIABLE,
  topIndices: NOT_DIFFERENTIABLE,
  cachedAttention: NOT_DIFFERENTIABLE,
  cacheOutput: NOT_DIFFERENTIABLE,
  // (sqrt x)' = 1 / (2 sqrt x)
  sqrt: (g, v, outer) => [g.scale(g.div(outer, v), 0.5)],
  div: (g, v, outer, needs) => {
    const [a, b] = v.inputs as [Value, Value];
    // d(a/b)/db = -(a/b)/b
    const db = () => g.scale(g.div(g.mul(outer, v), b), -1);
    return [
      needs[0] ? unbroadcast(g, g.div(outer, b), a.shape) : undefined,
      needs[1] ? unbroadcast(g, db(), b.shape) : undefined,
    ];
  },
  sumSquares: NOT_DIFFERENTIABLE,
  minimum: NOT_DIFFERENTIABLE,
};

function flatSize(shape: Shape): number {
  return shape.includes(-1) ? -1 : shape.reduce((a, b) => a * b, 1);
}

/**
 * Gradients of the sum of `loss` (any shape) with respect to `parameters`, appended to the graph.
 * @param seed dL/d(loss), same shape as `loss`.
 * @returns one value per parameter, in order.
 * @throws when a parameter does not influence the loss or the path crosses a non-differentiable operation.
 */
export function differentiate(graph: Graph, loss: Value, seed: Value, parameters: readonly Value[]): Value[] {
  const needed = markNeeded(graph, parameters);
  const gradients = new Map<number, Value>([[loss.id, seed]]);
  for (let id = loss.id; id >= 0; id--) {
    const value = graph.values[id]!;
    const outer = gradients.get(id);
    if (!outer || !needed.has(id) || isOperation(value, 'input')) continue;
    propagate(graph, value, outer, needed, gradients);
  }
  return parameters.map((parameter) => {
    const gradient = gradients.get(parameter.id);
    if (!gradient) throw new Error(`parameter ${parameterName(parameter)} does not influence the loss`);
    return gradient;
  });
}

function propagate(graph: Graph, value: Value, outer: Value, needed: Set<number>, gradients: Map<number, Value>): void {
  const rule = gradientRules[value.op] as GradientRule<Operation> | typeof NOT_DIFFERENTIABLE;
  if (rule === NOT_DIFFERENTIABLE) throw new Error(`operation ${value.op} is not differentiable`);
  const needs = value.inputs.map((input) => needed.has(input.id));
  rule(graph, value, outer, needs).forEach((gradient, index) => {
    const input = value.inputs[index]!;
    if (!gradient || !needs[index]) return;
    const sofar = gradients.get(input.id);
    gradients.set(input.id, sofar ? graph.add(sofar, gradient) : gradient);
  });
}

/** Ids of all values that depend on a parameter. */
function markNeeded(graph: Graph, parameters: readonly Value[]): Set<number> {
  const needed = new Set(parameters.map((parameter) => parameter.id));
  for (const value of graph.values) {
    if (value.inputs.some((input) => needed.has(input.id))) needed.add(value.id);
  }
  return needed;
}

const parameterName = (value: Value): string => (isOperation(value, 'input') ? value.attributes.name : `#${value.id}`);
