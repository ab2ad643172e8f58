// Runs the passes of generation and owns the caches: in main memory, where rows can be rearranged and only the new keys and
// values leave a run, or on a device, where whole caches stay between runs.
import type { Tensor } from 'onnxruntime-node';
import { cacheName, pastBiasName } from './attention.ts';
import { deviceGraph, promptGraph, stepGraph, type DecodingPlan } from './decodingGraphs.ts';
import { tensorOf, type Slot } from './executor.ts';
import type { ModelSessions, Pass } from './modelSessions.ts';
import { rowLength } from './packing.ts';

/** The last token of a row and where it stands. */
export interface Step {
  token: number;
  position: number;
}

/** Results of a pass by output name: `best` and `bestNll`, or `logprobs`. */
export type Choices = Record<string, Tensor>;

export interface DecodingPasses {
  /** Whether rows can be moved and prompts can join a running batch. */
  readonly canRearrange: boolean;
  /** Runs prompts into the rows from `first` on. */
  prompt(prompts: readonly (readonly number[])[], first: number): Promise<Choices>;
  /** One token for each row from 0 on. */
  step(steps: readonly Step[]): Promise<Choices>;
  /** Copies the cache of a row over another. */
  move(from: number, to: number): void;
  /** Forgets all rows. */
  clear(): void;
}

export interface CacheShape {
  rows: number;
  /** Tokens per row. */
  capacity: number;
}

/** The passes that fit where the model's state lives. */
export function createPasses(
  plan: DecodingPlan,
  shape: CacheShape,
  sessions: ModelSessions,
  onDevice: boolean,
): DecodingPasses {
  return onDevice ? new DevicePasses(plan, shape, sessions) : new HostPasses(plan, shape, sessions);
}

function describePass(plan: DecodingPlan, key: string, build: Pass['build']): Pass {
  const adapter = plan.lora !== undefined;
  return { key: `${key}/${plan.greedy}/${adapter}`, adapter, build };
}

const layerCaches = (layers: number): string[] =>
  Array.from({ length: layers }, (_, layer) => [cacheName(layer, 'key'), cacheName(layer, 'value')]).flat();

/** tokens, positions, segments [B, length] and selected [B] of right-padded prompts. */
function promptFeeds(prompts: readonly (readonly number[])[], length: number, context: number): Record<string, Tensor> {
  const size = prompts.length * length;
  const [tokens, positions, segments] = [new BigInt64Array(size), new BigInt64Array(size), new BigInt64Array(size)];
  prompts.forEach((prompt, row) => {
    for (let position = 0; position < length; position++) {
      const at = row * length + position;
      tokens[at] = BigInt(prompt[position] ?? 0);
      positions[at] = BigInt(Math.min(position, context - 1));
      segments[at] = position < prompt.length ? 1n : 0n;
    }
  });
  const grid = [prompts.length, length];
  const selected = BigInt64Array.from(prompts, (prompt, row) => BigInt(row * length + prompt.length - 1));
  return {
    tokens: tensorOf(tokens, grid),
    positions: tensorOf(positions, grid),
    segments: tensorOf(segments, grid),
    selected: tensorOf(selected, [prompts.length]),
  };
}

function stepFeeds(steps: readonly Step[]): Record<string, Tensor> {
  const column = (values: BigInt64Array) => tensorOf(values, [steps.length, 1]);
  return {
    tokens: column(BigInt64Array.from(steps, ({ token }) => BigInt(token))),
    positions: column(BigInt64Array.from(steps, ({ position }) => BigInt(position))),
    selected: tensorOf(
      BigInt64Array.from(steps, (_, row) => BigInt(row)),
      [steps.length],
    ),
  };
}

const choiceNames = (plan: DecodingPlan): string[] => (plan.greedy ? ['best', 'bestNll'] : ['logprobs']);

/** A pass of a single row would differ in the last bits from one in company (the matrix product takes another path). */
function inCompany<T>(rows: readonly T[], idle: T): readonly T[] {
  return rows.length === 1 ? [...rows, idle] : rows;
}

class HostPasses implements DecodingPasses {
  readonly canRearrange = true;
  private readonly caches: Map<string, Float32Array>;
  /** Floats of one row in one cache. */
  private readonly rowSize: number;

  constructor(
    private readonly plan: DecodingPlan,
    private readonly shape: CacheShape,
    private readonly sessions: ModelSessions,
  ) {
    const { layers, kvHeads, headDim } = plan.spec;
    this.rowSize = kvHeads * shape.capacity * headDim;
    // One spare row for an idle companion.
    const size = (shape.rows + 1) * this.rowSize;
    this.caches = new Map(layerCaches(layers).map((name) => [name, new Float32Array(size)]));
  }

  async prompt(prompts: readonly (readonly number[])[], first: number): Promise<Choices> {
    const rows = inCompany(prompts, [0]);
    const length = rowLength(Math.max(...rows.map((prompt) => prompt.length)));
    const pass = describePass(this.plan, `prompt/${length}`, (constants) => promptGraph(this.plan, length, constants));
    const out = await this.run(pass, promptFeeds(rows, length, this.plan.spec.context));
    prompts.forEach((prompt, index) =>
      this.insert(out, index, { row: first + index, position: 0, length, count: prompt.length }),
    );
    return out;
  }

  async step(steps: readonly Step[]): Promise<Choices> {
    const rows = inCompany(steps, { token: 0, position: 0 });
    const { capacity } = this.shape;
    const pass = describePass(this.plan, `step/${capacity}`, (constants) => stepGraph(this.plan, capacity, constants));
    const out = await this.run(pass, { ...stepFeeds(rows), ...this.pastFeeds(rows) });
    steps.forEach(({ position }, row) => this.insert(out, row, { row, position, length: 1, count: 1 }));
    return out;
  }

  move(from: number, to: number): void {
    const { rowSize } = this;
    for (const data of this.caches.values()) data.copyWithin(to * rowSize, from * rowSize, (from + 1) * rowSize);
  }

  clear(): void {
    // Rows are overwritten by the next prompts, and slots behind a row's last token are hidden.
  }

  private run(pass: Pass, feeds: Record<string, Tensor>): Promise<Choices> {
    return this.sessions.run(pass, feeds, new Map(), [...this.caches.keys(), ...choiceNames(this.plan)]);
  }

  /** The caches, and for each kind of window the bias that hides what a row must not see. */
  private pastFeeds(steps: readonly Step[]): Record<string, Tensor> {
    const { spec } = this.plan;
    const { capacity } = this.shape;
    const shape = [steps.length, spec.kvHeads, capacity, spec.headDim];
    const feeds: Record<string, Tensor> = {};
    for (const [name, data] of this.caches)
      feeds[`past:${name}`] = tensorOf(data.subarray(0, steps.length * this.rowSize), shape);
    for (const window of new Set(spec.windows)) {
      const bias = new Float32Array(steps.length * capacity).fill(-1e9);
      steps.forEach(({ position }, row) => {
        const first = window === undefined ? 0 : Math.max(0, position - window + 1);
        bias.fill(0, row * capacity + first, row * capacity + position);
      });
      feeds[pastBiasName(window)] = tensorOf(bias, [steps.length, 1, 1, capacity]);
    }
    return feeds;
  }

  /** Copies `count` new tokens of pass row `index` ([B, KV, length, Dh]) into a cache row from `position` on. */
  private insert(
    out: Choices,
    index: number,
    to: { row: number; position: number; length: number; count: number },
  ): void {
    const { kvHeads, headDim } = this.plan.spec;
    for (const [name, cache] of this.caches) {
      const fresh = out[name]!.data as Float32Array;
      for (let head = 0; head < kvHeads; head++) {
        const source = (index * kvHeads + head) * to.length * headDim;
        const target = to.row * this.rowSize + (head * this.shape.capacity + to.position) * headDim;
        cache.set(fresh.subarray(source, source + to.count * headDim), target);
      }
    }
  }
}

class DevicePasses implements DecodingPasses {
  readonly canRearrange = false;
  private caches: Map<string, Slot> | undefined;

  constructor(
    private readonly plan: DecodingPlan,
    private readonly shape: CacheShape,
    private readonly sessions: ModelSessions,
  ) {}

  async prompt(prompts: readonly (readonly number[])[]): Promise<Choices> {
    const { layers, kvHeads, headDim, context } = this.plan.spec;
    const shape = [prompts.length, kvHeads, this.shape.capacity, headDim];
    const size = shape.reduce((a, b) => a * b, 1);
    this.caches = new Map(
      layerCaches(layers).map((name) => [name, { tensor: tensorOf(new Float32Array(size), shape) }]),
    );
    const length = rowLength(Math.max(...prompts.map((prompt) => prompt.length)));
    const { tokens, positions, selected } = promptFeeds(prompts, length, Math.min(context, this.shape.capacity));
    const last = prompts.map((prompt) => prompt.length - 1);
    // The operator recognises a first pass by a total equal to its padded length.
    return this.run(length, { tokens: tokens!, positions: positions!, selected: selected! }, last, length);
  }

  async step(steps: readonly Step[]): Promise<Choices> {
    const last = steps.map(({ position }) => position);
    return this.run(1, stepFeeds(steps), last, Math.max(...last) + 1);
  }

  move(): void {
    throw new Error('caches on a device cannot be rearranged');
  }

  clear(): void {
    for (const { tensor } of this.caches?.values() ?? []) if (tensor.location === 'gpu-buffer') tensor.dispose();
    this.caches = undefined;
  }

  private async run(
    length: number,
    feeds: Record<string, Tensor>,
    last: readonly number[],
    total: number,
  ): Promise<Choices> {
    const { capacity } = this.shape;
    const pass = describePass(this.plan, `device/${length}/${capacity}`, (constants) =>
      deviceGraph(this.plan, { length, capacity }, constants),
    );
    const past = [...this.caches!].map(([name, slot]) => [`past:${name}`, slot.tensor] as const);
    const all = {
      ...feeds,
      lastIndex: tensorOf(Int32Array.from(last), [last.length]),
      total: tensorOf(Int32Array.of(total), [1]),
      ...Object.fromEntries(past),
    };
    const deviceOutputs = layerCaches(this.plan.spec.layers);
    return this.sessions.run({ ...pass, deviceOutputs }, all, this.caches!, choiceNames(this.plan));
  }
}
