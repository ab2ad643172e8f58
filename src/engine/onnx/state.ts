// Everything a bit-exact continuation needs: trainable weights, AdamW moments and the step, as one safetensors file.
import path from 'node:path';
import type { LoadedModel } from './loadedModel.ts';
import type { Trainer } from './trainer.ts';
import { toCpu, toDevice } from './transfer.ts';
import type { Slot } from './executor.ts';
import { tensorOf } from './executor.ts';
import { Safetensors, writeSafetensors, type TensorSource } from '../safetensors.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';

const FILE = 'state.safetensors';
const STEP = 'step';

function stateSlots(model: LoadedModel, trainer: Trainer): Map<string, Slot> {
  return new Map(
    model.trainable.flatMap((name) => [
      [name, model.slot(name)] as const,
      [`m:${name}`, trainer.firstMoments.get(name)!] as const,
      [`v:${name}`, trainer.secondMoments.get(name)!] as const,
    ]),
  );
}

export async function writeState(folder: string, model: LoadedModel, trainer: Trainer): Promise<void> {
  const tensors: TensorSource[] = [{ name: STEP, shape: [1], data: () => Float32Array.of(trainer.step) }];
  for (const [name, slot] of stateSlots(model, trainer)) {
    tensors.push({ name, shape: slot.tensor.dims, data: () => toCpu(model.executor, slot) });
  }
  await writeSafetensors(path.join(folder, FILE), tensors, { format: 'forgetting-lab-state', base: model.weightsHash });
}

/** @throws LabError checkpoint-invalid when the file does not fit the loaded model; the model is unchanged then. */
export async function readState(folder: string, model: LoadedModel, trainer: Trainer): Promise<void> {
  const file = path.join(folder, FILE);
  const files = await Safetensors.open([file]);
  try {
    const slots = stateSlots(model, trainer);
    for (const [name, slot] of slots) {
      const stored = files.entries.get(name);
      if (stored?.shape.join() === slot.tensor.dims.join()) continue;
      throw new LabError('checkpoint-invalid', phrase('{0}: tensor {1} is missing or has another shape', file, name), {
        remedy: phrase('The checkpoint belongs to another model or trainable set.'),
      });
    }
    const loaded = new Map<Slot, Slot>();
    for (const [name, slot] of slots)
      loaded.set(slot, { tensor: tensorOf((await files.read(name)).data, slot.tensor.dims) });
    trainer.step = (await files.read(STEP)).data[0]!;
    await toDevice(model.executor, loaded.values());
    for (const [slot, fresh] of loaded) slot.tensor = fresh.tensor;
    model.markChanged();
  } finally {
    await files.close();
  }
}
