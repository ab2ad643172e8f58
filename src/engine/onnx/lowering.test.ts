// What lands in the graphs of each provider.
import { describe, expect, it } from 'vitest';
import { deviceGraph, stepGraph } from './decodingGraphs.ts';
import { optimizerGraph, scoringGraph, trainingGraph } from './graphs.ts';
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
    scoring: scoringGraph(spec, undefined, 32, { topK: 2, distribution: true }, provider),
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
});
