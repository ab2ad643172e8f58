// Batched generation. Active rows are a prefix of the caches: a finished row is replaced by the last one, and waiting
// prompts are appended, so the batch stays full and no work goes to finished rows.
import { requireFinite } from './finite.ts';
import type { DecodingPlan } from './decodingGraphs.ts';
import { createPasses, type CacheShape, type Choices, type DecodingPasses } from './decodingPasses.ts';
import type { LoadedModel } from './loadedModel.ts';
import type { ModelSessions } from './modelSessions.ts';
import { rowLength } from './packing.ts';
import { drawToken, sequenceRandom, type SamplingSettings } from './sampling.ts';
import { checkTokens } from './trainer.ts';
import type { CallOptions, Completion, SampleRequest } from '../engine.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';

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

interface Settings extends SamplingSettings {
  maxTokens: number;
  stopIds: ReadonlySet<number>;
  stopSequences: readonly (readonly number[])[];
  context: number;
  vocabulary: number;
}

export class Decoder {
  constructor(
    private readonly model: LoadedModel,
    private readonly sessions: ModelSessions,
  ) {}

  async sample(request: SampleRequest, options: CallOptions): Promise<Completion[]> {
    const settings = this.checkRequest(request);
    const rows = request.prompts.map((prompt, index): Row => {
      const random = sequenceRandom(request.seeds?.[index] ?? 0);
      const finish = settings.maxTokens === 0 ? 'length' : undefined;
      return { index, prompt, random, tokens: [], logprobs: [], finish };
    });
    // Similar lengths enter together, so that the padding of a prompt pass stays small.
    const waiting = rows
      .filter((row) => !row.finish)
      .sort((a, b) => a.prompt.length - b.prompt.length || a.index - b.index);
    if (waiting.length > 0) {
      const shape = this.cacheShape(request, waiting);
      const batch = new Batch(this.createPasses(request, settings, shape), settings, shape.rows);
      await decodeAll(batch, waiting, rows.length, options);
    }
    return rows.map(({ tokens, logprobs, finish }) => ({ tokens, logprobs, finish: finish! }));
  }

  private checkRequest(request: SampleRequest): Settings {
    const { temperature = 0, topP = 1, topK = 0, maxTokens, stopIds, stopSequences = [] } = request;
    if (!(temperature >= 0)) {
      throw new LabError('usage', phrase('temperature is {0}, it must be 0 (greedy) or more', String(temperature)));
    }
    if (!(topP > 0 && topP <= 1))
      throw new LabError('usage', phrase('topP is {0}, it must be above 0 and at most 1', String(topP)));
    const { vocabulary, context } = this.model.spec;
    request.prompts.forEach((prompt, index) => {
      checkTokens(prompt, vocabulary, index);
      if (prompt.length < context) return;
      const { length } = prompt;
      const message =
        request.prompts.length === 1
          ? phrase('the prompt has {0} tokens, the model takes {1} including the answer', length, context)
          : phrase('prompt {0} has {1} tokens, the model takes {2} including the answer', index + 1, length, context);
      throw new LabError('usage', message, { remedy: phrase('Shorten the prompt') });
    });
    return { temperature, topP, topK, maxTokens, stopIds: new Set(stopIds), stopSequences, context, vocabulary };
  }

  private cacheShape(request: SampleRequest, waiting: readonly Row[]): CacheShape {
    const longest = Math.max(...waiting.map((row) => row.prompt.length));
    const capacity = rowLength(Math.min(longest + request.maxTokens, this.model.spec.context));
    return { rows: Math.min(request.batchSize ?? DEFAULT_BATCH, waiting.length), capacity };
  }

  private createPasses(request: SampleRequest, settings: Settings, shape: CacheShape): DecodingPasses {
    const { spec, executor } = this.model;
    const lora = request.adapter === false ? undefined : this.model.lora;
    const greedy = settings.temperature === 0;
    const plan: DecodingPlan = { spec, lora, greedy, provider: executor.provider };
    return createPasses(plan, shape, this.sessions, executor.keepsStateOnDevice);
  }
}

async function decodeAll(batch: Batch, waiting: Row[], total: number, options: CallOptions): Promise<void> {
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
    if (finished > 0) options.onProgress?.({ done: (done += finished), total, tokens });
  }
}

/** The rows being decoded. */
class Batch {
  readonly active: Row[] = [];
  /** Finished rows that still occupy their place because the caches cannot be rearranged. */
  private idle = 0;

  constructor(
    private readonly passes: DecodingPasses,
    private readonly settings: Settings,
    private readonly rows: number,
  ) {}

  free(): number {
    return this.rows - this.active.length;
  }

  wantsMore(): boolean {
    if (!this.passes.canRearrange) return this.active.length === 0;
    return this.free() >= Math.max(1, this.rows * REFILL_SHARE);
  }

  /** Runs the prompts of new rows and draws their first tokens. */
  async enter(rows: readonly Row[]): Promise<void> {
    const first = this.active.length;
    this.active.push(...rows);
    const choices = await this.passes.prompt(
      rows.map((row) => row.prompt),
      first,
    );
    rows.forEach((row, index) => this.append(row, index, choices));
  }

  /** One more token for every active row. */
  async step(): Promise<void> {
    const choices = await this.passes.step(
      this.active.map((row) => ({
        token: row.tokens.at(-1) ?? 0,
        position: row.prompt.length + Math.max(1, row.tokens.length) - 1,
      })),
    );
    this.active.forEach((row, index) => this.append(row, index, choices));
  }

  private append(row: Row, index: number, choices: Choices): void {
    if (row.finish) return;
    const { token, logprob } = this.choose(row, index, choices);
    requireFinite(logprob, () => phrase('token {0} of an answer', row.tokens.length));
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

  private choose(row: Row, index: number, choices: Choices): { token: number; logprob: number } {
    if (this.settings.temperature === 0) {
      const token = Number((choices.best!.data as BigInt64Array)[index]!);
      return { token, logprob: -(choices.bestNll!.data as Float32Array)[index]! };
    }
    const { vocabulary } = this.settings;
    const all = choices.logprobs!.data as Float32Array;
    const logprobs = all.subarray(index * vocabulary, (index + 1) * vocabulary);
    // One logit that is no number makes the whole row so; nothing can be drawn from it.
    if (Number.isNaN(logprobs[0])) return { token: 0, logprob: NaN };
    const token = drawToken(logprobs, this.settings, row.random());
    return { token, logprob: logprobs[token]! };
  }

  /** Frees the places of finished rows; returns how many rows have finished since the last call. */
  removeFinished(): number {
    if (!this.passes.canRearrange) return this.drain();
    let removed = 0;
    for (let index = this.active.length - 1; index >= 0; index--) {
      if (!this.active[index]!.finish) continue;
      const last = this.active.pop()!;
      removed++;
      if (index === this.active.length) continue;
      this.active[index] = last;
      this.passes.move(this.active.length, index);
    }
    return removed;
  }

  private drain(): number {
    const finished = this.active.filter((row) => row.finish).length;
    const fresh = finished - this.idle;
    this.idle = finished;
    if (finished === this.active.length) {
      this.active.length = 0;
      this.idle = 0;
      this.passes.clear();
    }
    return fresh;
  }
}

function endsWith(tokens: readonly number[], ending: readonly number[]): boolean {
  return ending.length > 0 && ending.every((id, index) => tokens[tokens.length - ending.length + index] === id);
}
