// Measures one model on one benchmark: greedy answers or likelihoods, judged item by item. Nothing here knows about
// training or about earlier measurements; forgetting is the difference of two results.
import { encodePrompt } from '../data/encode.ts';
import type { TextFacts, TextSide } from '../data/textSide.ts';
import type { Engine, EngineProgress, ModelInfo } from '../engine/engine.ts';
import { openerTokens, refusalMargins } from './refusalMargin.ts';
import { repetitionRate, splitWords } from '../metrics/repetition.ts';
import { inEnglish, phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import type { ItemResult, Measurement } from '../shared/records.ts';
import { hashJson } from '../tokenizer/canonicalJson.ts';
import type { Benchmark, BenchmarkItem } from './benchmark.ts';
import type { Verdict } from './scorer.ts';
import { findScorer, type Scorer } from './scorers.ts';
import { summarize } from './summary.ts';

export interface Evaluation extends Measurement {
  items: ItemResult[];
  /** Results are comparable only when this hash is equal. */
  protocol: string;
  /** Tokens generated, or scored for benchmarks by likelihood. */
  tokens: number;
  seconds: number;
}

export interface EvaluateOptions {
  engine: Engine;
  model: ModelInfo;
  side: TextSide;
  benchmark: Benchmark;
  signal?: AbortSignal;
  /** `done` of `total` sequences. */
  onProgress?: EngineProgress;
}

/** Sequences in one engine call: enough for its own batching, few enough that a stop is quick. */
const CHUNK = 256;

/**
 * Evaluates every item of the benchmark. Items that do not fit the context count as failures with a reason; their share
 * is the rate `too_long`. Rejects with an AbortError when `signal` is aborted.
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const started = performance.now();
  const { side, benchmark } = options;
  const scorer = findScorer(benchmark.config.scorer);
  const measured = scorer.kind === 'likelihood' ? await byLikelihood(options, scorer) : await byGreedy(options, scorer);
  const items = withTooLongRate(measured.items);
  return {
    ...summarize(items),
    items,
    protocol: protocolHash(side, benchmark),
    tokens: measured.tokens,
    seconds: (performance.now() - started) / 1000,
  };
}

/** The hash of everything that must be equal for two scores to be compared (pitfalls 1, 2 and 18). */
export function protocolHash(side: TextFacts, benchmark: Benchmark): string {
  const { scorer, openers, maxTokens } = benchmark.config;
  const { id, version, kind } = findScorer(scorer);
  return hashJson({
    items: benchmark.itemsHash,
    template: side.template?.hash ?? null,
    tokenizer: side.tokenizer.hash,
    scorer: { id, version },
    ...(openers === undefined ? {} : { openers }),
    // The start token is set beside the tokenizer file, so the tokenizer's hash does not cover it.
    start: kind === 'likelihood' ? likelihoodPrefix(side) : side.startIds,
    decoding:
      kind === 'likelihood'
        ? { kind }
        : { kind: 'greedy', maxTokens, stopIds: [...side.stopIds].sort((a, b) => a - b) },
  });
}

interface Measured {
  items: ItemResult[];
  tokens: number;
}

async function byGreedy(options: EvaluateOptions, scorer: Scorer): Promise<Measured> {
  const { engine, model, side, benchmark, signal } = options;
  const context = contextLength(options);
  const items = new Map<number, ItemResult>();
  const open: { item: BenchmarkItem; prompt: number[] }[] = [];
  for (const item of benchmark.items) {
    const prompt = encodePrompt(side, item.prompt);
    // At least one token of the answer must fit.
    if (prompt.length >= context) items.set(item.index, tooLong(item, promptTooLong(prompt.length, context)));
    else open.push({ item, prompt });
  }
  const completions = await inChunks(open, options, (chunk, onProgress) =>
    engine.sample(
      {
        model: model.id,
        prompts: chunk.map((entry) => entry.prompt),
        maxTokens: benchmark.config.maxTokens,
        temperature: 0,
        stopIds: side.stopIds,
      },
      callOptions(signal, onProgress),
    ),
  );
  const margins = await marginsOf(open, options);
  let tokens = 0;
  for (const [{ item }, completion] of completions) {
    const refusalMargin = margins.get(item.index);
    const output = side.tokenizer.decode(completion.tokens);
    const judged = scorer.judge(output, item, completion.finish);
    const unfinished = completion.finish === 'stop' ? 0 : 1;
    const rates = { ...judged.rates, rp4: repetitionRate(splitWords(output), 4), unfinished };
    const result = toResult(item, { ...judged, rates }, output, completion.finish);
    items.set(item.index, { ...result, ...(refusalMargin === undefined ? {} : { refusalMargin }) });
    tokens += completion.tokens.length;
  }
  return { items: inOrder(benchmark, items), tokens };
}

/** First-token refusal margins by item, where the scorer asks for them. */
async function marginsOf(
  open: readonly { item: BenchmarkItem; prompt: number[] }[],
  options: EvaluateOptions,
): Promise<Map<number, number>> {
  const { engine, model, side, benchmark, signal } = options;
  const [first] = open;
  const openers = first && openerTokens(side, benchmark.config, first.item.prompt);
  if (!openers) return new Map();
  // One short pass over the prompts beside the answers: its progress would only let the bar begin again.
  const prompts = open.map(({ prompt }) => prompt);
  const margins = await refusalMargins(engine, model.id, prompts, openers, signal ? { signal } : {});
  return new Map(open.map(({ item }, index) => [item.index, margins[index] as number]));
}

async function byLikelihood(options: EvaluateOptions, scorer: Scorer): Promise<Measured> {
  const { likelihood } = scorer;
  if (!likelihood) throw new Error(`the scorer ${scorer.id} declares no likelihood`);
  const { engine, model, side, benchmark, signal } = options;
  const context = contextLength(options);
  const prefix = likelihoodPrefix(side);
  const from = Math.max(1, prefix.length);
  const items = new Map<number, ItemResult>();
  const open: { item: BenchmarkItem; sequence: number[] }[] = [];
  for (const item of benchmark.items) {
    const sequences = likelihood.texts(item).map((text) => [...prefix, ...side.tokenizer.encode(text).ids]);
    const longest = Math.max(...sequences.map((sequence) => sequence.length));
    if (longest > context) items.set(item.index, tooLong(item, textTooLong(longest, context)));
    else open.push(...sequences.map((sequence) => ({ item, sequence })));
  }
  const scores = await inChunks(open, options, (chunk, onProgress) => {
    const sequences = chunk.map((entry) => entry.sequence);
    return engine.score(
      { model: model.id, sequences, from: sequences.map(() => from) },
      callOptions(signal, onProgress),
    );
  });
  const sums = new Map<BenchmarkItem, number[]>();
  let tokens = 0;
  for (const [{ item }, { logprobs }] of scores) {
    const list = sums.get(item) ?? [];
    list.push(logprobs.reduce((sum, logprob) => sum + logprob, 0));
    sums.set(item, list);
    tokens += logprobs.length;
  }
  for (const [item, list] of sums) items.set(item.index, toResult(item, likelihood.judge(list), '', 'scored'));
  return { items: inOrder(benchmark, items), tokens };
}

/**
 * What stands before a raw text: the model's own start token, or else its begin or end token, so that the first token
 * of the text is scored too. Empty when the tokenizer has none of them; the first token is then context only.
 */
function likelihoodPrefix(side: TextFacts): number[] {
  if (side.startIds.length > 0) return side.startIds;
  const substitute = side.tokenizer.bosId ?? side.tokenizer.eosId;
  return substitute === undefined ? [] : [substitute];
}

function contextLength({ side, model }: EvaluateOptions): number {
  return Math.min(side.contextLength, model.contextLength);
}

function callOptions(signal: AbortSignal | undefined, onProgress: EngineProgress): Parameters<Engine['score']>[1] {
  return { ...(signal ? { signal } : {}), onProgress };
}

/** Works through the jobs chunk by chunk, pairs each with its result and reports progress over all of them. */
async function inChunks<Job, Result>(
  jobs: readonly Job[],
  { signal, onProgress }: EvaluateOptions,
  work: (chunk: readonly Job[], onProgress: EngineProgress) => Promise<Result[]>,
): Promise<[Job, Result][]> {
  const pairs: [Job, Result][] = [];
  let tokens = 0;
  for (let start = 0; start < jobs.length; start += CHUNK) {
    signal?.throwIfAborted();
    const chunk = jobs.slice(start, start + CHUNK);
    let chunkTokens = 0;
    const results = await work(chunk, (progress) => {
      chunkTokens = progress.tokens;
      onProgress?.({ done: start + progress.done, total: jobs.length, tokens: tokens + chunkTokens });
    });
    chunk.forEach((job, index) => {
      const result = results[index];
      if (result === undefined) throw new Error(`the engine returned ${results.length} results for ${chunk.length}`);
      pairs.push([job, result]);
    });
    tokens += chunkTokens;
    onProgress?.({ done: start + chunk.length, total: jobs.length, tokens });
  }
  signal?.throwIfAborted();
  return pairs;
}

function toResult(item: BenchmarkItem, judged: Verdict, output: string, finish: ItemResult['finish']): ItemResult {
  const { strict, lenient, parsed, reason, rates } = judged;
  return {
    index: item.index,
    strict,
    lenient,
    parsed,
    output,
    finish,
    ...(reason === undefined ? {} : { reason: inEnglish(reason), words: reason }),
    ...(rates === undefined ? {} : { rates }),
  };
}

const promptTooLong = (length: number, context: number): Phrase =>
  phrase('the prompt has {0} tokens, the context holds {1}', length, context);

const textTooLong = (length: number, context: number): Phrase =>
  phrase('the text has {0} tokens, the context holds {1}', length, context);

function tooLong(item: BenchmarkItem, reason: Phrase): ItemResult {
  return toResult(item, { strict: 0, lenient: 0, parsed: false, reason, rates: { too_long: 1 } }, '', 'context');
}

/** When one item carries the rate `too_long`, all do, so that its mean is the share of all items. */
function withTooLongRate(items: ItemResult[]): ItemResult[] {
  if (!items.some((item) => item.rates?.too_long)) return items;
  return items.map((item) => ({ ...item, rates: { too_long: 0, ...item.rates } }));
}

function inOrder(benchmark: Benchmark, items: ReadonlyMap<number, ItemResult>): ItemResult[] {
  return benchmark.items.map((item) => {
    const result = items.get(item.index);
    if (!result) throw new Error(`item ${item.index} was not judged`);
    return result;
  });
}
