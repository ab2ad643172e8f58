// Moves slots between main memory and a device. Reading a device tensor directly aborts onnxruntime-node 1.30, so the way
// back leads through a graph whose output is declared on the CPU.
import type { Tensor } from 'onnxruntime-node';
import type { Executor, Slot } from './executor.ts';
import { Graph } from './graph.ts';
import { lower } from './lowering.ts';

async function copy(executor: Executor, tensor: Tensor, toDeviceMemory: boolean): Promise<Tensor> {
  const graph = new Graph();
  const type = tensor.type as 'float32';
  const x = graph.input('x', tensor.dims, type);
  const session = await executor.compile(lower(graph, { y: graph.scale(x, 1) }, executor.provider), toDeviceMemory ? ['y'] : []);
  const slot: Slot = { tensor };
  const result = toDeviceMemory
    ? await executor.run(session, { x: tensor }, new Map([['y', slot]]), [])
    : await executor.run(session, { x: tensor }, new Map(), ['y']);
  await session.release();
  return result.y!;
}

/** Puts slots into device memory (nothing to do on the CPU). */
export async function toDevice(executor: Executor, slots: Iterable<Slot>): Promise<void> {
  if (executor.provider === 'cpu') return;
  for (const slot of slots) slot.tensor = await copy(executor, slot.tensor, true);
}

/** The values of a slot in main memory: the slot's own memory on the CPU, a copy from a device. */
export async function toCpu(executor: Executor, slot: Slot): Promise<Float32Array> {
  if (slot.tensor.location !== 'gpu-buffer') return slot.tensor.data as Float32Array;
  return (await copy(executor, slot.tensor, false)).data as Float32Array;
}
