// What lands in the graphs of each provider.
import { describe, expect, it } from 'vitest';
import { deviceGraph, stepGraph } from './decodingGraphs.ts';
import { Executor, tensorOf } from './executor.ts';
import { Graph } from './graph.ts';
import { optimizerGraph, scoringGraph, trainingGraph } from './graphs.ts';
import { lower } from './lowering.ts';
import type { Provider } from './lowering.ts';
import { parseModelConfig } from '../model/config.ts';
import { listParameters } from '../model/parameters.ts';
import { TINY_CONFIG } from '../../../test/engine/tinyModel.ts';

const spec = parseModelConfig(TINY_CONFIG, 'config.json');
const names = listParameters(spec).map(({ name }) => name);

function graphsFor(provider: Provider): Record<string, Buffer> {
  const shapes = new Map(listParameters(spec).map(({ name, shape }) => [name, shape]));
  const plan = { spec, lora: undefined, greedy: false, provider };
  const device = provider === 'webgpu';
  const graphs = {
    training: trainingGraph(spec, undefined, names, 32, provider),
    scoring: scoringGraph(spec, undefined, 32, { topK: 2, candidates: 3, distribution: true }, provider),
    decoding: device ? deviceGraph(plan, { length: 1, capacity: 32 }) : stepGraph(plan, 32),
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
    expect(graphsFor('webgpu').decoding!.includes('GroupQueryAttention')).toBe(true);
  });

  it('on the CPU adds rows in one order, however many threads there are', async () => {
    const [rows, width, count] = [900, 128, 4000];
    const g = new Graph();
    const inputs = { table: g.input('table', [rows, width]), updates: g.input('updates', [count, width]) };
    const indices = g.constant(
      BigInt64Array.from({ length: count }, (_, k) => BigInt((k * 7919) % rows)),
      [count],
    );
    const sums = g.apply('scatterAdd', [inputs.table, indices, inputs.updates], {});
    const executor = new Executor('cpu', 4);
    const session = await executor.compile(lower(g, { sums }, 'cpu'));
    const values = Float32Array.from({ length: count * width }, (_, k) => Math.sin(k) * 10 ** ((k % 7) - 3));
    const feeds = {
      table: tensorOf(new Float32Array(rows * width), [rows, width]),
      updates: tensorOf(values, [count, width]),
    };
    const expected = new Float32Array(rows * width);
    for (let k = 0; k < count; k++) {
      const row = (k * 7919) % rows;
      for (let c = 0; c < width; c++) expected[row * width + c]! += values[k * width + c]!;
    }
    for (let again = 0; again < 20; again++) {
      const run = await executor.run(session, feeds, new Map(), ['sums']);
      expect(Buffer.from((run.sums!.data as Float32Array).buffer).equals(Buffer.from(expected.buffer))).toBe(true);
    }
    await session.release();
  });
});
