// Runs graphs on onnxruntime-node. A slot is a tensor that lives across runs: on the CPU its memory is written in place,
// with WebGPU each run leaves a new device buffer in it. A run blocks its thread, so all of this lives in the engine process.
import * as ort from 'onnxruntime-node';
import type { Provider } from './lowering.ts';

/** A tensor that survives a run: weights, moments, gradients, caches. */
export interface Slot {
  tensor: ort.Tensor;
}

export type Session = ort.InferenceSession;
type TensorData = Float32Array | BigInt64Array | Int32Array;

/** Wraps numbers as a tensor without copying. */
export function tensorOf(data: TensorData, shape: readonly number[]): ort.Tensor {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, shape);
  if (data instanceof Int32Array) return new ort.Tensor('int32', data, shape);
  return new ort.Tensor('int64', data, shape);
}

/** A slot of zeros. */
export function zeroSlot(shape: readonly number[]): Slot {
  return { tensor: tensorOf(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape) };
}

export class Executor {
  /** State lives in device memory (WebGPU); otherwise runs read and write main memory, on CUDA with copies. */
  readonly keepsStateOnDevice: boolean;

  constructor(
    readonly provider: Provider,
    readonly threads: number,
  ) {
    this.keepsStateOnDevice = provider === 'webgpu';
  }

  /**
   * @param deviceOutputs outputs that stay on the device (ignored where state lives in main memory).
   * @param constants numbers of the inputs that `lower` has made constants; the session copies them.
   */
  async compile(
    model: Uint8Array,
    {
      deviceOutputs = [],
      constants = {},
    }: { deviceOutputs?: readonly string[]; constants?: Readonly<Record<string, ort.Tensor>> } = {},
  ): Promise<Session> {
    const options: ort.InferenceSession.SessionOptions = {
      executionProviders: this.provider === 'cpu' ? ['cpu'] : [this.provider, 'cpu'],
      intraOpNumThreads: this.threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      enableMemPattern: false,
      logSeverityLevel: 3,
      // Waiting threads must sleep: spinning ones halve the speed as soon as anything else runs on the machine.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      externalData: Object.entries(constants).map(([path, tensor]) => ({ path, data: bytesOf(tensor) })),
    };
    if (this.keepsStateOnDevice && deviceOutputs.length > 0) {
      options.preferredOutputLocation = Object.fromEntries(deviceOutputs.map((name) => [name, 'gpu-buffer' as const]));
    }
    return ort.InferenceSession.create(model, options);
  }

  /**
   * @param feeds graph inputs by name.
   * @param into outputs that update slots.
   * @param read outputs that come back as new CPU tensors.
   */
  async run(
    session: Session,
    feeds: Record<string, ort.Tensor>,
    into: ReadonlyMap<string, Slot>,
    read: readonly string[],
  ): Promise<Record<string, ort.Tensor>> {
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const name of read) fetches[name] = null;
    for (const [name, slot] of into) fetches[name] = this.keepsStateOnDevice ? null : slot.tensor;
    const results = await session.run(feeds, fetches);
    if (this.keepsStateOnDevice) {
      for (const [name, slot] of into) replaceTensor(slot, results[name]!);
    }
    return results;
  }
}

function bytesOf(tensor: ort.Tensor): Uint8Array {
  const { buffer, byteOffset, byteLength } = tensor.data as TensorData;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function replaceTensor(slot: Slot, tensor: ort.Tensor): void {
  if (slot.tensor.location === 'gpu-buffer') slot.tensor.dispose();
  slot.tensor = tensor;
}
