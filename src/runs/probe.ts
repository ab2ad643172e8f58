// Small measurements while a stage trains, so that forgetting shows before it has happened. Scoring draws nothing at random
// and changes no weight: a run has the same bytes with probes and without.
//
// Retention is the rise of the negative log-likelihood of reference answers against the base: for item i of a benchmark
// with the answer tokens a_1..a_T after the prompt x (end of turn included), nll_i(m) = -1/T sum_t ln p_m(a_t | x, a_<t),
// and the probe is the mean of nll_i(model) - nll_i(base) over the first items, in nats per token. The answer is the
// benchmark's reference text where it has one, and else what the base itself had answered, read from the base's judged
// items (an answer that ran into the token limit is left out). On its own answers the rise estimates KL(base || model).
// On benchmarks of harmful prompts also the first-token refusal margin over the same first items (methods 5.8.4).
// Cross-entropy to the base is that of drift.jsonl (methods 5.4, arXiv 2401.05605) on fewer texts.
import { encodePrompt } from '../data/encode.ts';
import { openerTokens, refusalMargins } from '../evals/refusalMargin.ts';
import type { OpenerTokens } from '../evals/refusalMargin.ts';
import { findScorer } from '../evals/scorers.ts';
import type { Benchmark, BenchmarkItem } from '../evals/benchmark.ts';
import { PredictionDriftAccumulator } from '../metrics/drift.ts';
import { meanNll } from '../metrics/perplexity.ts';
import { mean } from '../metrics/statistics.ts';
import { encodeScorable } from '../recipes/scoreRows.ts';
import type { ScorablePart } from '../recipes/scoreRows.ts';
import type { ExampleBody } from '../shared/dataset.ts';
import type { ProbeSettings } from '../shared/experiment.ts';
import type { TrialKey } from '../shared/records.ts';
import { driftParts } from './measure.ts';
import { driftTexts } from './plan.ts';
import { readItems } from './runFolder.ts';
import { record } from './session.ts';
import type { Session } from './session.ts';

/** Reference answers of one benchmark, with their negative log-likelihoods under the base. */
interface Reference {
  benchmark: string;
  parts: ScorablePart[];
  baseNlls: number[];
}

/** Harmful prompts of one benchmark, as token ids up to the response. */
interface MarginProbe {
  benchmark: string;
  prompts: number[][];
  openers: OpenerTokens;
}

export class Prober {
  private readonly session: Session;
  private readonly benchmarks: readonly Benchmark[];
  private readonly settings: ProbeSettings;
  private references: Reference[] | undefined;
  private marginProbes: MarginProbe[] | undefined;
  private readonly texts = new Map<string, Promise<ScorablePart[]>>();

  constructor(session: Session, benchmarks: readonly Benchmark[], settings: ProbeSettings) {
    this.session = session;
    this.benchmarks = benchmarks;
    this.settings = settings;
  }

  /** Measures a model at a step and records it, when the step is due: the first, the last, and every few in between. */
  async probe(
    model: number,
    key: TrialKey,
    stage: number,
    { step, steps }: { step: number; steps: number },
  ): Promise<void> {
    if (step % this.settings.every !== 0 && step !== steps) return;
    const startedAt = performance.now();
    const retention = await this.retention(model);
    const { crossEntropy, kl } = await this.drift(model, stage);
    const refusalMargin = await this.margins(model);
    const { arm, lr, seed } = key;
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    const measured = { retention, crossEntropy, kl, ...(refusalMargin ? { refusalMargin } : {}) };
    await record(this.session, { kind: 'probe', arm, lr, seed, stage, step, ...measured, seconds });
  }

  private async retention(model: number): Promise<Record<string, number>> {
    this.references ??= await this.readReferences();
    const parts = this.references.flatMap((reference) => reference.parts);
    const nlls = await this.nlls(model, parts);
    const retention: Record<string, number> = {};
    let at = 0;
    for (const { benchmark, baseNlls } of this.references) {
      retention[benchmark] = mean(baseNlls.map((base) => (nlls[at++] as number) - base));
    }
    return retention;
  }

  /** Mean first-token refusal margin by benchmark, nats; undefined when no benchmark asks for refusals. */
  private async margins(model: number): Promise<Record<string, number> | undefined> {
    this.marginProbes ??= this.benchmarks.flatMap((benchmark) => this.marginProbe(benchmark) ?? []);
    if (this.marginProbes.length === 0) return undefined;
    const { engine, abort } = this.session;
    const margins: Record<string, number> = {};
    for (const { benchmark, prompts, openers } of this.marginProbes) {
      margins[benchmark] = mean(await refusalMargins(engine, model, prompts, openers, { signal: abort }));
    }
    return margins;
  }

  private marginProbe({ config, items }: Benchmark): MarginProbe | undefined {
    const { side } = this.session;
    const prompts: number[][] = [];
    for (const item of items) {
      if (prompts.length === this.settings.items) break;
      const prompt = encodePrompt(side, item.prompt);
      if (prompt.length < side.contextLength) prompts.push(prompt);
    }
    const openers = items[0] && openerTokens(side, config, items[0].prompt);
    return openers && prompts.length > 0 ? { benchmark: config.name, prompts, openers } : undefined;
  }

  /** Token-mean negative log-likelihood of every part, nats. */
  private async nlls(model: number, parts: readonly ScorablePart[]): Promise<number[]> {
    if (parts.length === 0) return [];
    const request = { model, sequences: parts.map((part) => part.tokens), from: parts.map((part) => part.from) };
    const scores = await this.session.engine.score(request, { signal: this.session.abort });
    return scores.map(({ logprobs }) => meanNll(logprobs));
  }

  private async readReferences(): Promise<Reference[]> {
    const references: Reference[] = [];
    for (const benchmark of this.benchmarks) {
      const parts = await this.referenceParts(benchmark);
      if (parts.length === 0) continue;
      const baseNlls = await this.nlls(this.session.base.id, parts);
      references.push({ benchmark: benchmark.config.name, parts, baseNlls });
    }
    return references;
  }

  private async referenceParts(benchmark: Benchmark): Promise<ScorablePart[]> {
    const answers = await this.baseAnswers(benchmark);
    const parts: ScorablePart[] = [];
    for (const item of benchmark.items) {
      const body = referenceBody(benchmark, item, answers);
      if (body === undefined) continue;
      const source = { file: benchmark.config.data, line: item.index + 1 };
      const part = encodeScorable(this.session.side, { body, source, provenance: 'self_output', fields: {} });
      if (!('reason' in part)) parts.push(part);
      if (parts.length === this.settings.items) break;
    }
    return parts;
  }

  /** What the base answered, by item; only where it came to an end. */
  private async baseAnswers({ config }: Benchmark): Promise<Map<number, string>> {
    const { folder, run } = this.session;
    const cell = run.cells.find((one) => one.stage === 0 && one.benchmark === config.name);
    const items = cell && findScorer(config.scorer).kind === 'generate' ? await readItems(folder, cell) : [];
    return new Map(items.flatMap(({ index, finish, output }) => (finish === 'stop' ? [[index, output]] : [])));
  }

  private async drift(
    model: number,
    stage: number,
  ): Promise<{ crossEntropy: Record<string, number>; kl: Record<string, number> }> {
    const { engine, base, config, abort } = this.session;
    const crossEntropy: Record<string, number> = {};
    const kl: Record<string, number> = {};
    for (const text of driftTexts(config.experiment)) {
      const parts = await this.driftText(stage, text);
      if (parts.length === 0) continue;
      const sequences = parts.map((part) => part.tokens);
      const request = { model, baseline: base.id, sequences, from: parts.map((part) => part.from) };
      const sums = new PredictionDriftAccumulator();
      for (const { divergence } of await engine.score(request, { signal: abort })) if (divergence) sums.add(divergence);
      const drift = sums.finish();
      crossEntropy[text] = drift.crossEntropy;
      kl[text] = drift.kl;
    }
    return { crossEntropy, kl };
  }

  private driftText(stage: number, text: 'new-task' | 'neutral'): Promise<ScorablePart[]> {
    const key = `${stage} ${text}`;
    const known = this.texts.get(key);
    if (known) return known;
    const reading = driftParts(this.session, stage, text, this.settings.items);
    this.texts.set(key, reading);
    return reading;
  }
}

/** The text whose likelihood is followed: the benchmark's own reference, else the base's answer. */
function referenceBody(
  benchmark: Benchmark,
  item: BenchmarkItem,
  baseAnswers: ReadonlyMap<number, string>,
): ExampleBody | undefined {
  const scorer = findScorer(benchmark.config.scorer);
  const text = scorer.reference?.(item) ?? baseAnswers.get(item.index);
  if (text === undefined) return undefined;
  if (scorer.kind === 'likelihood') return { kind: 'text', text };
  const { prompt } = item;
  return typeof prompt === 'string'
    ? { kind: 'plain', prompt, completion: text }
    : { kind: 'chat', prompt, completion: text };
}
