// The score of a model on one benchmark: which benchmark is meant, measuring it, and the result in words.
import { basename, dirname, extname, resolve } from 'node:path';
import { loadBenchmark } from '../evals/benchmark.ts';
import { evaluate } from '../evals/evaluate.ts';
import type { Evaluation } from '../evals/evaluate.ts';
import { findScorer, scorers } from '../evals/scorers.ts';
import { loadExperiment } from '../runs/loadExperiment.ts';
import { LabError } from '../shared/errors.ts';
import { benchmarkSchema } from '../shared/experiment.ts';
import type { BenchmarkConfig } from '../shared/experiment.ts';
import { phrase } from '../shared/phrase.ts';
import type { Words } from '../shared/phrase.ts';
import { formatMargin } from '../shared/words.ts';
import { rateName } from '../shared/rates.ts';
import { nearest } from '../shared/nearest.ts';
import { exists } from './exists.ts';
import type { OpenModel } from './openModel.ts';

export interface BenchmarkRequest {
  /** Name of a benchmark in the experiment, or a JSONL file of items. */
  benchmark: string;
  /** Experiment file that declares the benchmark. */
  experiment: string;
  /** How answers are judged; needed for a file. */
  scorer?: string;
  /** Only the first items. */
  limit?: number;
  /** Longest answer in tokens. */
  maxTokens?: number;
}

/** The benchmark that is meant. Throws `usage` when there is none of that name. */
export async function findBenchmark(request: BenchmarkRequest): Promise<BenchmarkConfig> {
  const declared = await declaredBenchmark(request);
  return {
    ...declared,
    ...(request.limit === undefined ? {} : { limit: request.limit }),
    ...(request.maxTokens === undefined ? {} : { maxTokens: request.maxTokens }),
  };
}

async function declaredBenchmark({ benchmark, experiment, scorer }: BenchmarkRequest): Promise<BenchmarkConfig> {
  const file = resolve(benchmark);
  if (await exists(file)) {
    if (scorer === undefined) {
      throw new LabError('usage', phrase('--benchmark {0} is a file and needs --scorer', benchmark), {
        remedy: phrase('Scorers: {0}', scorers.map(({ id }) => id).join(', ')),
      });
    }
    const name = basename(file, extname(file));
    return benchmarkSchema.parse({ name, data: file, scorer: findScorer(scorer).id, maxTokens: 256 });
  }
  const { benchmarks } = (await loadExperiment(experiment)).experiment;
  const found = benchmarks.find(({ name }) => name === benchmark);
  if (found) return scorer === undefined ? found : { ...found, scorer: findScorer(scorer).id };
  const names = benchmarks.map(({ name }) => name);
  throw new LabError('usage', phrase('There is no benchmark "{0}" in {1}, and no such file', benchmark, experiment), {
    remedy: phrase('Did you mean "{0}"? Benchmarks: {1}', nearest(benchmark, names), names.join(', ')),
  });
}

export interface EvaluationHooks {
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** Measures a model on a benchmark. */
export async function evaluateModel(
  { engine, info, side }: OpenModel,
  config: BenchmarkConfig,
  { signal, onProgress }: EvaluationHooks = {},
): Promise<Evaluation> {
  const benchmark = await loadBenchmark(config, dirname(config.data));
  return evaluate({
    engine,
    model: info,
    side,
    benchmark,
    ...(signal ? { signal } : {}),
    onProgress: ({ done, total }) => onProgress?.(done, total),
  });
}

/** The result in words. */
export function describeEvaluation(name: string, evaluation: Omit<Evaluation, 'items'>): Words[] {
  const { score, lo, hi, lenient, parseRate, n, rates, refusalMargin } = evaluation;
  return [
    phrase(
      '{0}: {1} [{2}, {3}], lenient {4}, parsed {5}, n {6}',
      name,
      ...[score, lo, hi, lenient, parseRate].map((value) => value.toFixed(3)),
      n,
    ),
    ...Object.entries(rates).map(([rate, value]) => phrase('  {0} {1}', rateName(rate), value.toFixed(3))),
    ...(refusalMargin === undefined
      ? []
      : [phrase('  first-token refusal margin {0} nats', formatMargin(refusalMargin))]),
  ];
}
