// One model in memory: its tensors (base and adapter) as slots, and what trains. Graph code asks it for feeds.
import type { Tensor } from 'onnxruntime-node';
import type { Executor, Slot } from './executor.ts';
import type { LoraConfig } from './weights.ts';
import type { ModelSpec } from '../model/config.ts';

export class LoadedModel {
  /** Rises with every change of the weights; caches that depend on them compare it. */
  version = 0;

  constructor(
    readonly folder: string,
    readonly spec: ModelSpec,
    readonly executor: Executor,
    private readonly slots: ReadonlyMap<string, Slot>,
    readonly lora: LoraConfig | undefined,
    /** Names of the tensors that train. */
    readonly trainable: readonly string[],
    readonly weightsHash: string,
  ) {}

  get names(): string[] {
    return [...this.slots.keys()];
  }

  slot(name: string): Slot {
    const slot = this.slots.get(name);
    if (!slot) throw new Error(`no tensor ${name}`);
    return slot;
  }

  shapeOf(name: string): readonly number[] {
    return this.slot(name).tensor.dims;
  }

  /** Feeds for every tensor, or for the base tensors only. */
  weightFeeds(options: { adapter: boolean } = { adapter: true }): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    for (const [name, slot] of this.slots) {
      if (options.adapter || !isAdapterTensor(name)) feeds[name] = slot.tensor;
    }
    return feeds;
  }

  /** Nothing trains, so the weights stay as they are. */
  get isFrozen(): boolean {
    return this.trainable.length === 0;
  }

  /** Bytes of all tensors. */
  get bytes(): number {
    return 4 * countElements([...this.slots.values()].map((slot) => slot.tensor.dims));
  }

  markChanged(): void {
    this.version++;
  }

  get parameters(): number {
    return countElements(
      [...this.slots].filter(([name]) => !isAdapterTensor(name)).map(([, slot]) => slot.tensor.dims),
    );
  }

  get trainableParameters(): number {
    return countElements(this.trainable.map((name) => this.shapeOf(name)));
  }
}

export const isAdapterTensor = (name: string): boolean => /\.lora_[AB]\.weight$/.test(name);

function countElements(shapes: readonly (readonly number[])[]): number {
  return shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0);
}
