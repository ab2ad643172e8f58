// Graph inputs for every tensor of a model and its adapter, under the names that the loaded model feeds.
import type { Graph, Value } from './graph.ts';
import type { Weights } from './transformer.ts';
import type { ModelSpec } from '../model/config.ts';
import { listAdaptableLayers, listParameters } from '../model/parameters.ts';
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

/** Declares the inputs. */
export function weightInputs(
  g: Graph,
  spec: ModelSpec,
  lora: LoraConfig | undefined,
): Weights & { all: Map<string, Value> } {
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
