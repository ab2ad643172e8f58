// Writes W' = W + scaling B A for every adapted layer, so that a tuned model can leave as one dense folder (methods 3.2).
import { loraNames } from './weights.ts';
import { isAdapterTensor, type LoadedModel } from './loadedModel.ts';
import { toCpu } from './transfer.ts';
import { listAdaptableLayers } from '../model/parameters.ts';
import type { TensorSource } from '../safetensors.ts';

/** All base tensors in order, with the adapter (if any) added in. */
export async function mergedTensors(model: LoadedModel): Promise<TensorSource[]> {
  const adapted = new Set(
    model.lora ? listAdaptableLayers(model.spec, model.lora.targets).map((layer) => `${layer.module}.weight`) : [],
  );
  return model.names
    .filter((name) => !isAdapterTensor(name))
    .map((name) => ({
      name,
      shape: model.shapeOf(name),
      data: () => (adapted.has(name) ? mergedWeight(model, name) : toCpu(model.executor, model.slot(name))),
    }));
}

async function mergedWeight(model: LoadedModel, name: string): Promise<Float32Array> {
  const names = loraNames(name.slice(0, -'.weight'.length));
  const [weight, a, b] = await Promise.all([name, names.a, names.b].map((n) => toCpu(model.executor, model.slot(n))));
  const { rank, alpha } = model.lora!;
  const [rows, columns] = model.shapeOf(name) as [number, number];
  // GPT-2 stores [in, out], everything else [out, in].
  const inputsFirst = model.spec.architecture === 'gpt2';
  const fanIn = inputsFirst ? rows : columns;
  const merged = Float32Array.from(weight!);
  const scaling = alpha / rank;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [into, out] = inputsFirst ? [row, column] : [column, row];
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += b![out * rank + r]! * a![r * fanIn + into]!;
      merged[row * columns + column]! += scaling * sum;
    }
  }
  return merged;
}
