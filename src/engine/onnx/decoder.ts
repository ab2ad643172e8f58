// Batched decoding with a key/value cache. Rows of the batch are a prefix of preallocated caches: a finished row is
// replaced by the last one, and waiting prompts are appended, so the batch stays full and no work goes to finished rows.
import type { Tensor } from 'onnxruntime-node';
import { tensorOf, type Session, type Slot } from './executor.ts';
import { cacheName, decodingGraph, type LoraConfig } from './graphs.ts';
import type { LoadedModel } from './loadedModel.ts';
import { rowLength } from './packing.ts';
import { drawToken, sequenceRandom, type SamplingSettings } from './sampling.ts';
import { checkTokens } from './trainer.ts';
import type { CallOptions, Completion, SampleRequest } from '../engine.ts';
import { LabError } from '../../shared/errors.ts';

const DEFAULT_BATCH = 64;
/** Waiting prompts enter when this share of the rows is free: each entry costs a pass of its own. */
const REFILL_SHARE = 0.25;

/** One completion in the making. */
interface Row {
  index: number;
  prompt: readonly number[];
  random: () => number;
  tokens: number[];
  logprobs: number[];
  finish: Completion['finish'] | undefined;
}

/** New tokens per row of one pass, and tokens per cache row. */
interface PassShape {
  length: number;
  capacity: number;
}

interface Settings extends SamplingSettings {
  maxTokens: number;
  stopIds: ReadonlySet<number>;
  stopSequences: readonly (readonly number[])[];
  context: number;
}

export class Decoder {
  private readonly sessions = new Map<string, Session>();

  constructor(private readonly model: LoadedModel) {}

  async sample(request: SampleRequest, options: CallOptions): Promise<Completion[]> {
    const settings = this.checkRequest(request);
    const rows = request.prompts.map((prompt, index): Row => {
      const random = sequenceRandom(request.seeds?.[index] ?? 0);
      return {
        index,
        prompt,
        random,
        tokens: [],
        logprobs: [],
        finish: settings.maxTokens === 0 ? 'length' : undefined,
      };
    });
    // Similar lengths enter together, so that the padding of a prompt pass stays small.
    const waiting = rows
      .filter((row) => !row.finish)
      .sort((a, b) => a.prompt.length - b.prompt.length || a.index - b.index);
    if (waiting.length > 0) {
      const lora = request.adapter === false ? undefined : this.model.lora;
      const plan = { ...this.batchShape(request, waiting), adapter: lora !== undefined };
      const batch = new Batch(this.model, plan, settings, (shape) => this.session(lora, settings, shape));
      await decodeAll(batch, waiting, rows, options);
    }
    return rows.map(({ tokens, logprobs, finish }) => ({ tokens, logprobs, finish: finish! }));
  }

  private checkRequest(request: SampleRequest): Settings {
    const { temperature = 0, topP = 1, topK = 0, maxTokens, stopIds, stopSequences = [] } = request;
    if (!(temperature >= 0))
      throw new LabError('usage', `temperature is ${temperature}, it must be 0 (greedy) or more`);
    if (!(topP > 0 && topP <= 1)) throw new LabError('usage', `topP is ${topP}, it must be above 0 and at most 1`);
    const { vocabulary, context } = this.model.spec;
    request.prompts.forEach((prompt, index) => {
      checkTokens(prompt, vocabulary, index);
      if (prompt.length >= context) {
        throw new LabError(
          'usage',
          `prompt ${index} has ${prompt.length} tokens, the model takes ${context} including the answer`,
        );
      }
    });
    return { temperature, topP, topK, maxTokens, stopIds: new Set(stopIds), stopSequences, context };
  }

  /** How many rows decode together, and tokens per row. */
  private batchShape(request: SampleRequest, waiting: readonly Row[]): { rows: number; capacity: number } {
    const longest = Math.max(...waiting.map((row) => row.prompt.length));
    const capacity = rowLength(Math.min(longest + request.maxTokens, this.model.spec.context));
    return { rows: Math.min(request.batchSize ?? DEFAULT_BATCH, waiting.length), capacity };
  }

  private async session(lora: LoraConfig | undefined, settings: Settings, shape: PassShape): Promise<Session> {
    const greedy = settings.temperature === 0;
    const key = `${shape.length}/${shape.capacity}/${greedy}/${lora !== undefined}`;
    const known = this.sessions.get(key);
    if (known) return known;
    const { spec, executor } = this.model;
    const caches = layerCaches(spec.layers);
    const session = await executor.compile(decodingGraph(spec, lora, { ...shape, greedy }, executor.provider), caches);
    this.sessions.set(key, session);
    return session;
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await session.release();
  }
}

const layerCaches = (layers: number): string[] =>
  Array.from({ length: layers }, (_, layer) => [cacheName(layer, 'key'), cacheName(layer, 'value')]).flat();

async function decodeAll(batch: Batch, waiting: Row[], all: readonly Row[], options: CallOptions): Promise<void> {
  let tokens = 0;
  let done = 0;
  while (waiting.length > 0 || batch.active.length > 0) {
    options.signal?.throwIfAborted();
    // The event loop must breathe between steps, or a cancellation could never arrive.
    await new Promise(setImmediate);
    if (waiting.length > 0 && batch.wantsMore()) await batch.enter(waiting.splice(0, batch.free()));
    else await batch.step();
    tokens += batch.active.length;
    const finished = batch.removeFinished();
    if (finished > 0) options.onProgress?.({ done: (done += finished), total: all.length, tokens });
  }
}

/** The rows being decoded and their caches. */
class Batch {
  readonly active: Row[] = [];
  private readonly rows: number;
  private readonly capacity: number;
  private readonly caches = new Map<string, Float32Array>();
  private readonly rowSize: number;
  /** A GPU keeps its caches on the device; they cannot be rearranged, so its batch drains before the next one enters. */
  private readonly onDevice: boolean;
  private deviceCaches: Map<string, Slot> | undefined;
  private finishedRows = new Set<Row>();

  constructor(
    private readonly model: LoadedModel,
    private readonly plan: { rows: number; capacity: number; adapter: boolean },
    private readonly settings: Settings,
    private readonly session: (shape: PassShape) => Promise<Session>,
  ) {
    this.rows = plan.rows;
    this.capacity = plan.capacity;
    this.onDevice = model.executor.keepsStateOnDevice;
    this.rowSize = model.spec.kvHeads * plan.capacity * model.spec.headDim;
    if (this.onDevice) return;
    // One spare row: a pass of a single row would differ in the last bits from one in company (the matrix product takes
    // another path), so a lonely row is given an idle companion.
    for (const name of layerCaches(model.spec.layers))
      this.caches.set(name, new Float32Array((plan.rows + 1) * this.rowSize));
  }

  free(): number {
    return this.rows - this.active.length;
  }

  wantsMore(): boolean {
    return this.onDevice ? this.active.length === 0 : this.free() >= Math.max(1, this.rows * REFILL_SHARE);
  }

  /** Runs the prompts of new rows and draws their first tokens. */
  async enter(rows: readonly Row[]): Promise<void> {
    const first = this.active.length;
    this.active.push(...rows);
    const length = rowLength(Math.max(...rows.map((row) => row.prompt.length)));
    const count = Math.max(2, rows.length);
    const tokens = new BigInt64Array(count * length);
    const positions = new BigInt64Array(count * length);
    for (let row = 0; row < count; row++) {
      const prompt = rows[row]?.prompt ?? [0];
      prompt.forEach((id, position) => (tokens[row * length + position] = BigInt(id)));
      for (let position = 0; position < length; position++)
        positions[row * length + position] = BigInt(
          Math.min(position, Math.min(this.capacity, this.settings.context) - 1),
        );
    }
    const lengths = Array.from({ length: count }, (_, row) => rows[row]?.prompt.length ?? 1);
    await this.run({ length, first, count, tokens, positions, ends: lengths, last: lengths.map((n) => n - 1) }, rows);
  }

  /** One more token for every active row. */
  async step(): Promise<void> {
    const count = Math.max(2, this.active.length);
    const tokens = BigInt64Array.from({ length: count }, (_, row) => BigInt(this.active[row]?.tokens.at(-1) ?? 0));
    const last = Array.from({ length: count }, (_, row) => rowEnd(this.active[row]));
    const positions = BigInt64Array.from(last, BigInt);
    await this.run({ length: 1, first: 0, count, tokens, positions, ends: last.map(() => 1), last }, this.active);
  }

  private async run(
    pass: {
      length: number;
      first: number;
      count: number;
      tokens: BigInt64Array;
      positions: BigInt64Array;
      ends: number[];
      last: number[];
    },
    rows: readonly Row[],
  ): Promise<void> {
    const { length, first, count } = pass;
    const session = await this.session({ length, capacity: this.capacity });
    const caches = this.cacheSlots(first, count);
    const feeds: Record<string, Tensor> = {
      ...this.model.weightFeeds({ adapter: this.plan.adapter }),
      tokens: tensorOf(pass.tokens, [count, length]),
      positions: tensorOf(pass.positions, [count, length]),
      selected: tensorOf(
        BigInt64Array.from(pass.ends, (end, row) => BigInt(row * length + end - 1)),
        [count],
      ),
      lastIndex: tensorOf(Int32Array.from(pass.last), [count]),
      // A first pass is recognised by a total equal to its padded length.
      total: tensorOf(Int32Array.of(length > 1 ? length : Math.max(...pass.last) + 1), [1]),
    };
    for (const [name, slot] of caches) feeds[`past:${name}`] = slot.tensor;
    const greedy = this.settings.temperature === 0;
    const out = await this.model.executor.run(session, feeds, caches, greedy ? ['best', 'bestNll'] : ['logprobs']);
    rows.forEach((row, index) => this.append(row, index, out));
  }

  private cacheSlots(first: number, count: number): Map<string, Slot> {
    const { kvHeads, headDim } = this.model.spec;
    const shape = [count, kvHeads, this.capacity, headDim];
    if (this.onDevice) {
      if (first === 0 && !this.deviceCaches) {
        this.deviceCaches = new Map(
          layerCaches(this.model.spec.layers).map((name) => [
            name,
            { tensor: tensorOf(new Float32Array(count * this.rowSize), shape) },
          ]),
        );
      }
      return this.deviceCaches!;
    }
    return new Map(
      [...this.caches].map(([name, data]) => {
        const view = data.subarray(first * this.rowSize, (first + count) * this.rowSize);
        return [name, { tensor: tensorOf(view, shape) }];
      }),
    );
  }

  private append(row: Row, index: number, out: Record<string, Tensor>): void {
    if (row.finish) return;
    const { token, logprob } = this.choose(row, index, out);
    if (this.settings.stopIds.has(token)) {
      row.finish = 'stop';
      return;
    }
    row.tokens.push(token);
    row.logprobs.push(logprob);
    const stop = this.settings.stopSequences.find((sequence) => endsWith(row.tokens, sequence));
    if (stop) {
      row.tokens.length -= stop.length;
      row.logprobs.length -= stop.length;
      row.finish = 'stop';
    } else if (row.tokens.length >= this.settings.maxTokens) row.finish = 'length';
    else if (row.prompt.length + row.tokens.length >= this.settings.context) row.finish = 'context';
  }

  private choose(row: Row, index: number, out: Record<string, Tensor>): { token: number; logprob: number } {
    if (this.settings.temperature === 0) {
      const token = Number((out.best!.data as BigInt64Array)[index]!);
      return { token, logprob: -(out.bestNll!.data as Float32Array)[index]! };
    }
    const { vocabulary } = this.model.spec;
    const logprobs = (out.logprobs!.data as Float32Array).subarray(index * vocabulary, (index + 1) * vocabulary);
    const token = drawToken(logprobs, this.settings, row.random());
    return { token, logprob: logprobs[token]! };
  }

  /** Moves the last active row into the place of each finished one; returns how many rows left. */
  removeFinished(): number {
    if (this.onDevice) return this.removeOnDevice();
    let removed = 0;
    for (let index = this.active.length - 1; index >= 0; index--) {
      if (!this.active[index]!.finish) continue;
      const last = this.active.pop()!;
      removed++;
      if (index === this.active.length) continue;
      this.active[index] = last;
      const from = this.active.length * this.rowSize;
      for (const data of this.caches.values()) data.copyWithin(index * this.rowSize, from, from + this.rowSize);
    }
    return removed;
  }

  private removeOnDevice(): number {
    const fresh = this.active.filter((row) => row.finish && !this.finishedRows.has(row));
    for (const row of fresh) this.finishedRows.add(row);
    if (this.active.every((row) => row.finish)) {
      this.active.length = 0;
      for (const slot of this.deviceCaches?.values() ?? [])
        if (slot.tensor.location === 'gpu-buffer') slot.tensor.dispose();
      this.deviceCaches = undefined;
    }
    return fresh.length;
  }
}

/** Index of the token that the next pass feeds. A finished row on a device idles on its last one. */
function rowEnd(row: Row | undefined): number {
  return row ? row.prompt.length + Math.max(1, row.tokens.length) - 1 : 0;
}

function endsWith(tokens: readonly number[], ending: readonly number[]): boolean {
  return ending.length > 0 && ending.every((id, index) => tokens[tokens.length - ending.length + index] === id);
}
