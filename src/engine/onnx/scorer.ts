// Log-probabilities of given tokens: packed, in chunks of bounded memory, results in the order of the request.
import type { LoadedModel } from './loadedModel.ts';
import { divergenceGraph, scoringGraph } from './graphs.ts';
import { tensorOf } from './executor.ts';
import type { Session } from './executor.ts';
import type { ModelSessions, Pass } from './modelSessions.ts';
import { packSequences, type PackedBatch } from './packing.ts';
import { checkLength, checkTokens, packedFeeds } from './trainer.ts';
import { requireFinite } from './finite.ts';
import type { CallOptions, ScoreRequest, SequenceDivergence, SequenceScore } from '../engine.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';

/** Bounds of one run: tokens through the layers, and cells of the logits matrix (128 MiB, several of which are alive). */
const MAX_TOKENS = 4096;
const MAX_LOGITS = 32 * 1024 * 1024;

interface Variant {
  topK: number;
  /** Token ids whose logprobs are asked for besides. */
  candidates: readonly number[];
  distribution: boolean;
  adapter: boolean;
}

export class Scorer {
  private divergence: Session | undefined;

  constructor(
    private readonly model: LoadedModel,
    private readonly sessions: ModelSessions,
  ) {}

  async score(request: ScoreRequest, baseline: Scorer | undefined, options: CallOptions): Promise<SequenceScore[]> {
    const { sequences } = request;
    const from = sequences.map((tokens, index) => checkFrom(tokens, request.from?.[index] ?? 1, index));
    sequences.forEach((tokens, index) => {
      checkTokens(tokens, this.model.spec.vocabulary, index);
      checkLength(tokens, this.model.spec.context, index);
    });
    checkCandidates(request.candidates ?? [], this.model.spec.vocabulary);
    const results = sequences.map(() => emptyScore(request));
    let done = 0;
    for (const chunk of chunkByWork(sequences, from, this.model.spec.vocabulary)) {
      // The event loop must breathe between chunks, or a cancellation could never arrive.
      await new Promise(setImmediate);
      options.signal?.throwIfAborted();
      await this.scoreChunk(request, chunk, from, baseline, results);
      done += chunk.length;
      const tokens = chunk.reduce((sum, index) => sum + sequences[index]!.length, 0);
      options.onProgress?.({ done, total: sequences.length, tokens });
    }
    return results;
  }

  private async scoreChunk(
    request: ScoreRequest,
    chunk: readonly number[],
    from: readonly number[],
    baseline: Scorer | undefined,
    results: SequenceScore[],
  ): Promise<void> {
    const chosen = chunk.map((index) => request.sequences[index]!);
    const batch = packSequences(chosen, (sequence, position) => position >= from[chunk[sequence]!]!);
    if (batch.predictions.length === 0) return;
    const topK = Math.min(request.topK ?? 0, this.model.spec.vocabulary);
    const { candidates = [], adapter = true } = request;
    const variant = { topK, candidates, distribution: baseline !== undefined, adapter };
    const out = await this.run(batch, variant);
    const nll = out.nll!.data as Float32Array;
    const bestNll = out.bestNll!.data as Float32Array;
    batch.predictions.forEach(({ sequence }, row) => {
      const result = results[chunk[sequence]!]!;
      requireFinite(-nll[row]!, () =>
        phrase('token {0} of sequence {1}', from[chunk[sequence]!]! + result.logprobs.length, chunk[sequence]!),
      );
      result.logprobs.push(-nll[row]!);
      // Both numbers come from the same row of logprobs, so equality is exact.
      result.greedy.push(nll[row] === bestNll[row]);
      if (candidates.length > 0) {
        const values = out.candidateLogprobs!.data as Float32Array;
        const own = values.subarray(row * candidates.length, (row + 1) * candidates.length);
        result.candidateLogprobs!.push([...own]);
      }
      if (topK > 0) {
        const slice = <T, U>(data: ArrayLike<T>, map: (v: T) => U) =>
          Array.from({ length: topK }, (_, k) => map(data[row * topK + k]!));
        result.topIds!.push(slice(out.topIds!.data as BigInt64Array, Number));
        result.topLogprobs!.push(slice(out.topLogprobs!.data as Float32Array, Number));
      }
    });
    if (baseline) await this.addDivergence(batch, out, baseline, chunk, results);
  }

  private async addDivergence(
    batch: PackedBatch,
    tuned: Awaited<ReturnType<Scorer['run']>>,
    baseline: Scorer,
    chunk: readonly number[],
    results: SequenceScore[],
  ): Promise<void> {
    const base = await baseline.run(batch, { topK: 0, candidates: [], distribution: true, adapter: true });
    const { spec, executor } = this.model;
    this.divergence ??= await executor.compile(divergenceGraph(spec.vocabulary, executor.provider));
    const names = ['crossEntropy', 'entropy', 'hard', 'baseBest', 'tunedBest'];
    const feeds = { baseline: base.logprobs!, tuned: tuned.logprobs! };
    const out = await executor.run(this.divergence, feeds, new Map(), names);
    const [crossEntropy, entropy, hard] = names.slice(0, 3).map((name) => out[name]!.data as Float32Array);
    const [baseBest, tunedBest] = names.slice(3).map((name) => out[name]!.data as BigInt64Array);
    batch.predictions.forEach(({ sequence }, row) => {
      const divergence = results[chunk[sequence]!]!.divergence!;
      requireFinite(-crossEntropy![row]!, () => phrase('sequence {0} beside its baseline', chunk[sequence]!));
      divergence.crossEntropy.push(crossEntropy![row]!);
      divergence.baselineEntropy.push(entropy![row]!);
      divergence.hardCrossEntropy.push(hard![row]!);
      divergence.agree.push(baseBest![row] === tunedBest![row]);
    });
  }

  private async run(batch: PackedBatch, variant: Variant) {
    const { spec, executor } = this.model;
    const lora = variant.adapter ? this.model.lora : undefined;
    const adapter = lora !== undefined;
    const { candidates } = variant;
    const options = { ...variant, candidates: candidates.length };
    const pass: Pass = {
      key: `score/${batch.length}/${variant.topK}/${candidates.length}/${variant.distribution}/${adapter}`,
      adapter,
      build: (constants) => scoringGraph(spec, lora, batch.length, options, executor.provider, constants),
    };
    const read = [
      'nll',
      'bestNll',
      ...(variant.distribution ? ['logprobs'] : []),
      ...(candidates.length > 0 ? ['candidateLogprobs'] : []),
      ...(variant.topK > 0 ? ['topLogprobs', 'topIds'] : []),
    ];
    const feeds = packedFeeds(batch);
    if (candidates.length > 0) feeds.candidates = tensorOf(BigInt64Array.from(candidates, BigInt), [candidates.length]);
    return this.sessions.run(pass, feeds, new Map(), read);
  }

  async release(): Promise<void> {
    await this.divergence?.release();
  }
}

function checkCandidates(candidates: readonly number[], vocabulary: number): void {
  const outside = candidates.find((id) => !Number.isInteger(id) || id < 0 || id >= vocabulary);
  if (outside === undefined) return;
  throw new LabError('usage', phrase('candidate {0} is no token: the vocabulary has {1}', String(outside), vocabulary));
}

function checkFrom(tokens: readonly number[], from: number, index: number): number {
  if (from >= 1 && from <= tokens.length) return from;
  throw new LabError(
    'usage',
    phrase('sequence {0}: from is {1}, it must be between 1 and the length {2}', index, String(from), tokens.length),
  );
}

function emptyScore(request: ScoreRequest): SequenceScore {
  const divergence: SequenceDivergence = { crossEntropy: [], baselineEntropy: [], hardCrossEntropy: [], agree: [] };
  return {
    logprobs: [],
    greedy: [],
    ...(request.candidates?.length ? { candidateLogprobs: [] } : {}),
    ...(request.topK ? { topIds: [], topLogprobs: [] } : {}),
    ...(request.baseline === undefined ? {} : { divergence }),
  };
}

/** Groups sequence indices of similar length so that each group stays within the bounds. */
function chunkByWork(
  sequences: readonly (readonly number[])[],
  from: readonly number[],
  vocabulary: number,
): number[][] {
  const order = sequences.map((_, index) => index).sort((a, b) => sequences[a]!.length - sequences[b]!.length || a - b);
  const chunks: number[][] = [];
  let [tokens, logits] = [Infinity, Infinity];
  for (const index of order) {
    const cells = (sequences[index]!.length - from[index]!) * vocabulary;
    if (tokens + sequences[index]!.length > MAX_TOKENS || logits + cells > MAX_LOGITS) {
      chunks.push([]);
      [tokens, logits] = [0, 0];
    }
    chunks.at(-1)!.push(index);
    tokens += sequences[index]!.length;
    logits += cells;
  }
  return chunks;
}
