// Moves slots between main memory and a device. Reading a device tensor directly aborts onnxruntime-node 1.30, so the way
// back leads through a graph whose output is declared on the CPU.
import type { Executor, Session, Slot } from './executor.ts';
import { Graph } from './graph.ts';
import { DYNAMIC } from './operations.ts';
import { lower } from './lowering.ts';

/**
 * Copying sessions by provider, rank and direction. They live as long as the process on purpose: the runtime drops the
 * whole GPU context, buffers in use included, when its last session is released.
 */
const sessions = new Map<string, Promise<Session>>();

function copySession(executor: Executor, rank: number, direction: 'in' | 'out'): Promise<Session> {
  const key = `${executor.provider}/${rank}/${direction}`;
  let session = sessions.get(key);
  if (!session) {
    const graph = new Graph();
    const x = graph.input('x', Array<number>(rank).fill(DYNAMIC));
    const model = lower(graph, { y: graph.scale(x, 1) }, executor.provider);
    sessions.set(key, (session = executor.compile(model, { deviceOutputs: direction === 'in' ? ['y'] : [] })));
  }
  return session;
}

/** Puts slots into device memory (nothing to do where state lives in main memory). */
export async function toDevice(executor: Executor, slots: Iterable<Slot>): Promise<void> {
  if (!executor.keepsStateOnDevice) return;
  for (const slot of slots) {
    const session = await copySession(executor, slot.tensor.dims.length, 'in');
    await executor.run(session, { x: slot.tensor }, new Map([['y', slot]]), []);
  }
}

/** The values of a slot in main memory: the slot's own memory on the CPU, a copy from a device. */
export async function toCpu(executor: Executor, slot: Slot): Promise<Float32Array> {
  if (slot.tensor.location !== 'gpu-buffer') return slot.tensor.data as Float32Array;
  const session = await copySession(executor, slot.tensor.dims.length, 'out');
  const { y } = await executor.run(session, { x: slot.tensor }, new Map(), ['y']);
  return y!.data as Float32Array;
}
