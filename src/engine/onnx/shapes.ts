// Shape rule of every operation. A mismatch is our own bug, so it throws a plain Error that shows both shapes.
import { DYNAMIC, type Operation, type OperationAttributes, type Shape } from './operations.ts';

type ShapeRule<K extends Operation> = (inputs: readonly Shape[], attributes: OperationAttributes[K]) => Shape;

function fail(op: string, ...shapes: readonly Shape[]): never {
  throw new Error(`${op} cannot take shapes ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' and ')}`);
}

const first = (inputs: readonly Shape[]): Shape => inputs[0]!;

/** NumPy broadcasting; a dynamic size only meets 1 or another dynamic size. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const at = (shape: Shape, axis: number) => shape[axis - (rank - shape.length)] ?? 1;
  return Array.from({ length: rank }, (_, axis) => {
    const [x, y] = [at(a, axis), at(b, axis)];
    if (x === y || y === 1) return x;
    return x === 1 ? y : fail('broadcast', a, b);
  });
}

const elementwise = ([a, b]: readonly Shape[]): Shape => broadcast(a!, b!);
const withLast = (shape: Shape, size: number): Shape => [...shape.slice(0, -1), size];

function reshaped(from: Shape, to: Shape): Shape {
  const known = (shape: Shape) => shape.filter((size) => size !== DYNAMIC).reduce((a, b) => a * b, 1);
  const dynamic = (shape: Shape) => shape.filter((size) => size === DYNAMIC).length;
  const fits = dynamic(from) === dynamic(to) && (dynamic(from) === 1 || known(from) === known(to));
  return fits ? to : fail('reshape', from, to);
}

function matmulShape(a: Shape, b: Shape, o: OperationAttributes['matmul']): Shape {
  const [aRows, aColumns] = o.transposeA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const [bRows, bColumns] = o.transposeB ? [b.at(-1)!, b.at(-2)!] : [b.at(-2)!, b.at(-1)!];
  if (aColumns !== bRows || a.length !== b.length) fail('matmul', a, b);
  return [...broadcast(a.slice(0, -2), b.slice(0, -2)), aRows, bColumns];
}

/** Shape of the result from the shapes of the inputs, for every operation. */
export const shapeRules: { [K in Exclude<Operation, 'input' | 'constant'>]: ShapeRule<K> } = {
  add: elementwise,
  sub: elementwise,
  mul: elementwise,
  div: elementwise,
  minimum: elementwise,
  scale: first,
  sigmoid: first,
  tanh: first,
  exp: first,
  sqrt: first,
  silu: first,
  softmax: first,
  logSoftmax: first,
  rotary: first,
  rmsNorm: first,
  layerNorm: first,
  matmul: ([a, b], o) => matmulShape(a!, b!, o),
  reshape: ([x], { shape }) => reshaped(x!, shape),
  transpose: ([x], { permutation }) => permutation.map((axis) => x![axis]!),
  slice: ([x], { start, end }) => withLast(x!, end - start),
  padColumns: ([x], { width }) => withLast(x!, width),
  concat: ([x, y]) => withLast(x!, x!.at(-1)! + y!.at(-1)!),
  sum: ([x], { axes }) => x!.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  sumRows: ([x]) => [x!.at(-1)!],
  sumSquares: () => [1],
  gather: ([table, indices]) => [...indices!, ...table!.slice(1)],
  scatterAdd: ([like]) => like!,
  normStatistic: ([x]) => withLast(x!, 1),
  attentionBias: ([segments]) => [segments![0]!, 1, segments![1]!, segments![1]!],
  tokenNll: ([logits]) => [logits![0]!, 1],
  tokenNllGradient: ([, logits]) => logits!,
  bestNll: first,
  argMax: ([x]) => x!.slice(0, -1),
  pick: ([x]) => [x![0]!, 1],
  topValues: ([x], { k }) => withLast(x!, k),
  topIndices: ([x], { k }) => withLast(x!, k),
  cachedAttention: first,
  cacheOutput: ([, past]) => past!,
};
