// Every differentiable operation against central finite differences, computed by the runtime itself. The table is typed by
// operation, so a new one cannot be added without a case.
import { describe, expect, it } from 'vitest';
import { Executor, tensorOf } from './executor.ts';
import { differentiate, gradientRules } from './gradients.ts';
import { Graph, type Value } from './graph.ts';
import type { Operation, Shape } from './operations.ts';
import { lower } from './lowering.ts';
import { createRandom } from '../../shared/random.ts';

interface Case {
  /** Shapes of the float inputs that are differentiated. */
  inputs: Shape[];
  build(graph: Graph, inputs: Value[]): Value;
  /** Draw inputs from [0.5, 1.5] (roots and divisions) instead of [-1, 1]. */
  positive?: boolean;
}

const withoutGradient = [
  'input',
  'constant',
  'scatterAdd',
  'normStatistic',
  'attentionBias',
  'tokenNllGradient',
  'logSoftmax',
  'bestNll',
  'argMax',
  'pick',
  'topValues',
  'topIndices',
  'cachedAttention',
  'cacheOutput',
  'sumSquares',
  'minimum',
] as const satisfies readonly Operation[];
type Differentiable = Exclude<Operation, (typeof withoutGradient)[number]>;

const int64 = (g: Graph, values: number[], shape: Shape): Value =>
  g.constant(BigInt64Array.from(values, BigInt), shape);
const angles = (count: number, f: (x: number) => number) =>
  Float32Array.from({ length: count }, (_, i) => f(0.7 * i + 0.1));
const unary = (op: 'sigmoid' | 'tanh' | 'silu' | 'exp' | 'sqrt' | 'softmax', positive = false): Case => ({
  inputs: [[3, 4]],
  build: (g, [x]) => g.apply(op, [x!], {}),
  positive,
});

const cases: Record<Differentiable, Case[]> = {
  add: [
    { inputs: [[3, 4], [4]], build: (g, [a, b]) => g.add(a!, b!) },
    {
      inputs: [
        [3, 4],
        [3, 1],
      ],
      build: (g, [a, b]) => g.add(a!, b!),
    },
  ],
  sub: [{ inputs: [[3, 4], [4]], build: (g, [a, b]) => g.sub(a!, b!) }],
  mul: [
    { inputs: [[2, 3, 4], [4]], build: (g, [a, b]) => g.mul(a!, b!) },
    {
      inputs: [
        [3, 4],
        [3, 1],
      ],
      build: (g, [a, b]) => g.mul(a!, b!),
    },
  ],
  div: [
    {
      inputs: [
        [3, 4],
        [3, 1],
      ],
      build: (g, [a, b]) => g.div(a!, b!),
      positive: true,
    },
  ],
  scale: [{ inputs: [[3, 4]], build: (g, [x]) => g.scale(x!, -1.7) }],
  sigmoid: [unary('sigmoid')],
  tanh: [unary('tanh')],
  silu: [unary('silu')],
  exp: [unary('exp')],
  sqrt: [unary('sqrt', true)],
  softmax: [unary('softmax')],
  matmul: [false, true].flatMap((transposeA) =>
    [false, true].flatMap((transposeB) =>
      [[], [2]].map((batch) => ({
        inputs: [
          [...batch, ...(transposeA ? [4, 3] : [3, 4])],
          [...batch, ...(transposeB ? [5, 4] : [4, 5])],
        ],
        build: (g: Graph, [a, b]: Value[]) => g.matmul(a!, b!, { transposeA, transposeB, alpha: 0.5 }),
      })),
    ),
  ),
  reshape: [{ inputs: [[3, 4]], build: (g, [x]) => g.reshape(x!, [2, 6]) }],
  transpose: [{ inputs: [[2, 3, 4]], build: (g, [x]) => g.transpose(x!, [2, 0, 1]) }],
  slice: [{ inputs: [[3, 6]], build: (g, [x]) => g.apply('slice', [x!], { start: 1, end: 4 }) }],
  padColumns: [{ inputs: [[3, 2]], build: (g, [x]) => g.apply('padColumns', [x!], { start: 1, width: 5 }) }],
  concat: [
    {
      inputs: [
        [3, 2],
        [3, 4],
      ],
      build: (g, [a, b]) => g.apply('concat', [a!, b!], {}),
    },
  ],
  sum: [
    { inputs: [[3, 4]], build: (g, [x]) => g.sum(x!, [1]) },
    { inputs: [[2, 3, 4]], build: (g, [x]) => g.sum(x!, [0, 1]) },
  ],
  sumRows: [{ inputs: [[2, 3, 4]], build: (g, [x]) => g.apply('sumRows', [x!], {}) }],
  // A repeated index adds up.
  gather: [{ inputs: [[5, 3]], build: (g, [x]) => g.apply('gather', [x!, int64(g, [4, 0, 4, 2], [2, 2])], {}) }],
  rmsNorm: [{ inputs: [[3, 4], [4]], build: (g, [x, w]) => g.apply('rmsNorm', [x!, w!], { epsilon: 1e-5 }) }],
  layerNorm: [
    { inputs: [[3, 4], [4], [4]], build: (g, [x, w, b]) => g.apply('layerNorm', [x!, w!, b!], { epsilon: 1e-5 }) },
  ],
  rotary: [false, true].map((inverse) => ({
    inputs: [[2, 3, 16]],
    build: (g: Graph, [x]: Value[]) => {
      const positions = int64(g, [0, 1, 2, 2, 1, 0], [2, 3]);
      const tables = [g.constant(angles(12, Math.cos), [3, 4]), g.constant(angles(12, Math.sin), [3, 4])];
      return g.apply('rotary', [x!, positions, ...tables], { heads: 2, inverse });
    },
  })),
  tokenNll: [{ inputs: [[3, 5]], build: (g, [x]) => g.apply('tokenNll', [x!, int64(g, [4, 0, 2], [3])], {}) }],
};

const executor = new Executor('cpu', 1);
const STEP = 1e-2;

async function evaluate(one: Case, data: Float32Array[]): Promise<{ loss: number; gradients: Float32Array[] }> {
  const graph = new Graph();
  const inputs = one.inputs.map((shape, index) => graph.input(`x${index}`, shape));
  const output = one.build(graph, inputs);
  // Random outer gradients, so that no error cancels.
  const outer = graph.constant(randomData(output.shape, 99, false), output.shape);
  const loss = graph.sum(
    graph.mul(output, outer),
    output.shape.map((_, axis) => axis),
  );
  const gradients = differentiate(graph, output, outer, inputs);
  const outputs = Object.fromEntries(gradients.map((gradient, index) => [`g${index}`, gradient]));
  const session = await executor.compile(lower(graph, { loss, ...outputs }, 'cpu'));
  const feeds = Object.fromEntries(data.map((values, index) => [`x${index}`, tensorOf(values, one.inputs[index]!)]));
  const result = await executor.run(session, feeds, new Map(), ['loss', ...Object.keys(outputs)]);
  await session.release();
  return {
    loss: (result.loss!.data as Float32Array)[0]!,
    gradients: gradients.map((_, i) => result[`g${i}`]!.data as Float32Array),
  };
}

function randomData(shape: Shape, seed: number, positive: boolean): Float32Array {
  const random = createRandom(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: size }, () => (positive ? 0.5 + random() : 2 * random() - 1));
}

async function largestError(one: Case): Promise<number> {
  const data = one.inputs.map((shape, index) => randomData(shape, index + 1, one.positive ?? false));
  const { gradients } = await evaluate(one, data);
  let worst = 0;
  for (const [input, values] of data.entries()) {
    for (let i = 0; i < values.length; i++) {
      const shifted = async (by: number) => {
        const copies = data.map((array) => Float32Array.from(array));
        copies[input]![i]! += by;
        return (await evaluate(one, copies)).loss;
      };
      const numeric = ((await shifted(STEP)) - (await shifted(-STEP))) / (2 * STEP);
      worst = Math.max(worst, Math.abs(numeric - gradients[input]![i]!));
    }
  }
  return worst;
}

describe('gradient of every operation against finite differences', () => {
  for (const [op, list] of Object.entries(cases)) {
    list.forEach((one, index) => {
      it(`${op} #${index}`, async () => {
        // Single precision with a step of 1e-2: rounding gives about 1e-4, curvature a few 1e-4; a wrong rule is off by 1e-1.
        expect(await largestError(one)).toBeLessThan(2e-3);
      });
    });
  }

  it('covers exactly the operations that have a rule', () => {
    const withRule = Object.entries(gradientRules)
      .filter(([, rule]) => rule !== 'not differentiable')
      .map(([op]) => op);
    expect(Object.keys(cases).sort()).toEqual(withRule.sort());
    expect(Object.keys(gradientRules)).toHaveLength(withRule.length + withoutGradient.length);
  });
});

describe('differentiate', () => {
  it('refuses a path through an operation without a gradient', () => {
    const graph = new Graph();
    const x = graph.input('x', [2, 3]);
    const y = graph.apply('logSoftmax', [x], {});
    expect(() => differentiate(graph, y, graph.constant(new Float32Array(6), [2, 3]), [x])).toThrow(
      /logSoftmax is not differentiable/,
    );
  });

  it('names a parameter that does not influence the loss', () => {
    const graph = new Graph();
    const [x, unused] = [graph.input('x', [2]), graph.input('unused', [2])];
    const y = graph.scale(x, 2);
    expect(() => differentiate(graph, y, graph.constant(new Float32Array(2), [2]), [unused])).toThrow(
      /unused does not influence/,
    );
  });
});
