// What lands in the graphs of each provider. The plain-operator attention for CUDA runs here on the CPU provider against
// the fused one.
import { describe, expect, it } from 'vitest';
import { Executor, tensorOf } from './executor.ts';
import { Graph } from './graph.ts';
import { decodingGraph, optimizerGraph, scoringGraph, trainingGraph } from './graphs.ts';
import { lower, type Provider } from './lowering.ts';
import { parseModelConfig } from '../model/config.ts';
import { listParameters } from '../model/parameters.ts';
import { createRandom } from '../../shared/random.ts';
import { TINY_CONFIG } from '../../../test/engine/tinyModel.ts';

const spec = parseModelConfig(TINY_CONFIG, 'config.json');
const names = listParameters(spec).map(({ name }) => name);

function graphsFor(provider: Provider): Record<string, Buffer> {
  const shapes = new Map(listParameters(spec).map(({ name, shape }) => [name, shape]));
  const graphs = {
    training: trainingGraph(spec, undefined, names, 32, provider),
    scoring: scoringGraph(spec, undefined, 32, { topK: 2, distribution: true }, provider),
    decoding: decodingGraph(spec, undefined, { length: 1, capacity: 32, greedy: false }, provider),
    optimizer: optimizerGraph(shapes, provider),
  };
  return Object.fromEntries(Object.entries(graphs).map(([name, bytes]) => [name, Buffer.from(bytes)]));
}

describe('lowering', () => {
  it('for WebGPU avoids the operators that have no kernel there', () => {
    for (const [name, bytes] of Object.entries(graphsFor('webgpu'))) {
      for (const operator of ['FusedMatMul', 'LogSoftmax'])
        expect(bytes.includes(operator), `${operator} in ${name}`).toBe(false);
    }
    expect(graphsFor('cpu').training!.includes('FusedMatMul')).toBe(true);
  });

  it('for CUDA avoids the half-precision attention', () => {
    expect(graphsFor('cuda').decoding!.includes('GroupQueryAttention')).toBe(false);
    expect(graphsFor('cpu').decoding!.includes('GroupQueryAttention')).toBe(true);
  });
});

describe('attention from plain operators', () => {
  const [rows, heads, kvHeads, headDim, capacity] = [2, 4, 2, 8, 16];
  const random = createRandom(1);
  const values = (size: number) => Float32Array.from({ length: size }, () => 2 * random() - 1);

  async function attend(
    provider: Provider,
    length: number,
    window: number | undefined,
    last: number[],
    data: Float32Array[],
  ) {
    const graph = new Graph();
    const shapes = [
      [rows, length, heads * headDim],
      [rows, length, kvHeads * headDim],
      [rows, length, kvHeads * headDim],
      [rows, kvHeads, capacity, headDim],
      [rows, kvHeads, capacity, headDim],
    ];
    const floats = shapes.map((shape, index) => graph.input(`x${index}`, shape));
    const operands = [...floats, graph.input('last', [rows], 'int32'), graph.input('total', [1], 'int32')];
    const output = graph.apply('cachedAttention', operands, { heads, kvHeads, window });
    const key = graph.apply('cacheOutput', [output, floats[3]!], { which: 'key' });
    const executor = new Executor(provider, 1, 'cpu');
    const session = await executor.compile(lower(graph, { output, key }, provider));
    const feeds = Object.fromEntries(
      data.map((array, index) => [`x${index}`, tensorOf(Float32Array.from(array), shapes[index]!)]),
    );
    feeds.total = tensorOf(Int32Array.of(length > 1 ? length : Math.max(...last) + 1), [1]);
    feeds.last = tensorOf(Int32Array.from(last), [rows]);
    const result = await executor.run(session, feeds, new Map(), ['output', 'key']);
    await session.release();
    return { output: result.output!.data as Float32Array, key: result.key!.data as Float32Array };
  }

  it.each([
    ['a prompt pass', 8, undefined, [7, 7]],
    ['one token after caches of different lengths', 1, undefined, [5, 11]],
    ['one token in a sliding window', 1, 4, [5, 11]],
  ] as const)('%s gives what the fused operator gives', async (_, length, window, last) => {
    const sizes = [
      rows * length * heads * headDim,
      rows * length * kvHeads * headDim,
      rows * length * kvHeads * headDim,
    ];
    const cache = rows * kvHeads * capacity * headDim;
    const data = [
      ...sizes.map(values),
      ...(length > 1 ? [new Float32Array(cache), new Float32Array(cache)] : [values(cache), values(cache)]),
    ];
    const fused = await attend('cpu', length, window, [...last], data);
    const plain = await attend('cuda', length, window, [...last], data);
    plain.output.forEach((value, index) => expect(Math.abs(value - fused.output[index]!)).toBeLessThan(1e-5));
    // The new keys are in both caches (behind the last token the caches may differ).
    for (let row = 0; row < rows; row++) {
      for (let kv = 0; kv < kvHeads; kv++) {
        const start = (row * kvHeads + kv) * capacity * headDim;
        const end = start + (last[row]! + 1) * headDim;
        expect([...plain.key.slice(start, end)]).toEqual([...fused.key.slice(start, end)]);
      }
    }
  });
});
