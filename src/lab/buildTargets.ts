// Training targets by a recipe, written as JSONL with where each came from, and their statistics (methods 5.3).
import { readExamples } from '../data/examples.ts';
import type { DatasetFormat } from '../data/examples.ts';
import { writeRows } from '../data/writeRows.ts';
import { TargetStatisticsAccumulator } from '../metrics/perplexity.ts';
import { maskTargets } from '../recipes/mask.ts';
import type { MaskableTarget } from '../recipes/mask.ts';
import { rowToJson, toTargetRow } from '../recipes/rows.ts';
import { scoreRows } from '../recipes/scoreRows.ts';
import type { RowToScore } from '../recipes/scoreRows.ts';
import { makeTargets } from '../recipes/targets/index.ts';
import { answerOf } from '../recipes/targets/recipe.ts';
import type { TargetEvent, Verify } from '../recipes/targets/recipe.ts';
import { stageVerifier } from '../runs/stageTargets.ts';
import type { Example } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import type { ArmChoices } from '../shared/experiment.ts';
import { joinedBySemicolon, phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import type { TargetStatistics } from '../shared/records.ts';
import { coderOf } from '../data/textCoder.ts';
import { createDropCounter } from '../data/dropCounter.ts';
import type { DropCounter, DropReason } from '../data/dropCounter.ts';
import type { OpenModel } from './openModel.ts';
import { recipeChoices } from './targetChoices.ts';
import type { RecipeRequest } from './targetChoices.ts';

export interface TargetsRequest extends RecipeRequest {
  /** Dataset with prompts and answers. */
  data: string;
  /** JSONL file to write, absolute. */
  out: string;
  format?: DatasetFormat;
  /** Only the first rows. */
  limit?: number;
  /** Verifier of written answers, and the column with its reference. */
  scorer?: string;
  field?: string;
  /** Seed of sampling and random masks. */
  seed?: number;
  /** Longest written answer in tokens. */
  maxTokens?: number;
}

export interface TargetsHooks {
  signal?: AbortSignal;
  /** Rows that have been read. */
  onProgress?: (rows: number) => void;
  /** Something a person should know. */
  onNote?: (line: Phrase) => void;
}

export interface BuiltTargets {
  recipe: string;
  out: string;
  statistics: TargetStatistics;
  /** Rows by provenance. */
  provenance: Record<string, number>;
  /** Share of the answer tokens that the mask leaves out. */
  maskedShare: number;
  /** Share of targets the verifier accepts (absent without one). */
  verified?: number;
  tokensGenerated: number;
  dropped: DropReason[];
}

/** Writes targets. Throws `usage` for an unknown recipe, `dataset-empty` when no row is left; aborting leaves no file. */
export async function buildTargets(
  model: OpenModel,
  request: TargetsRequest,
  hooks: TargetsHooks = {},
): Promise<BuiltTargets> {
  return new Builder(model, request, hooks).build();
}

/** The result in words. */
export function describeTargets(built: BuiltTargets, scorer: string | undefined): Phrase[] {
  const { items, pplMean, pplStd, corpusPpl, lengthMean, hardShare } = built.statistics;
  const sources = Object.entries(built.provenance).map(([name, count]) => `${count} ${name}`);
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const { maskedShare, verified } = built;
  return [
    phrase('{0} targets ({1}) written to {2}', items, sources.join(', '), built.out),
    phrase(
      'perplexity mean {0} (std {1}), corpus {2}, {3} tokens a target, {4} hard tokens',
      ...[pplMean, pplStd, corpusPpl].map((value) => value.toFixed(3)),
      lengthMean.toFixed(1),
      percent(hardShare['2.5']),
    ),
    ...(maskedShare > 0 ? [phrase('{0} of the answer tokens are masked', percent(maskedShare))] : []),
    ...(verified === undefined
      ? []
      : [phrase('{0} of the targets are accepted by {1}', percent(verified), scorer ?? '')]),
  ];
}

/** One pass over a dataset. */
class Builder {
  private readonly model: OpenModel;
  private readonly request: TargetsRequest;
  private readonly hooks: TargetsHooks;
  private readonly choices: ArmChoices;
  private readonly seed: number;
  private readonly verify: Verify | undefined;
  private readonly drops: DropCounter = createDropCounter();
  private readonly statistics = new TargetStatisticsAccumulator();
  private readonly provenance = new Map<string, number>();
  private verified = 0;
  private masked = 0;
  private tokens = 0;
  private tokensGenerated = 0;

  constructor(model: OpenModel, request: TargetsRequest, hooks: TargetsHooks) {
    this.model = model;
    this.request = request;
    this.hooks = hooks;
    this.choices = recipeChoices(request);
    this.seed = request.seed ?? 0;
    const { scorer, field = 'answer' } = request;
    this.verify = stageVerifier(scorer === undefined ? {} : { verifier: { scorer, field } });
  }

  async build(): Promise<BuiltTargets> {
    const { choices, verify, request } = this;
    if (choices.targets.kind === 'self-output' && !verify) {
      this.hooks.onNote?.(phrase('No --scorer given: every finished answer counts as correct.'));
    }
    const masks = choices.mask.kind === 'random' ? await this.randomMasks() : undefined;
    const count = await writeRows(request.out, this.rows(masks));
    if (count === 0) throw this.noTargets();
    return {
      recipe: request.recipe,
      out: request.out,
      statistics: this.statistics.finish(),
      provenance: Object.fromEntries(this.provenance),
      maskedShare: this.masked / this.tokens,
      ...(verify ? { verified: this.verified / count } : {}),
      tokensGenerated: this.tokensGenerated,
      dropped: this.drops.reasons(),
    };
  }

  private targets(): AsyncIterable<TargetEvent> {
    const { engine, info, side } = this.model;
    return makeTargets(this.examples(), this.choices.targets, {
      engine,
      model: info.id,
      texts: coderOf(side),
      ...(this.verify ? { verify: this.verify } : {}),
      ...this.signal(),
      maxTokens: this.request.maxTokens ?? 128,
      seed: this.seed,
      onGenerated: (tokens) => {
        this.tokensGenerated += tokens;
      },
    });
  }

  private async *rows(masks: readonly boolean[][] | undefined): AsyncGenerator<object> {
    const { engine, info, side } = this.model;
    let index = 0;
    for await (const row of scoreRows(this.targets(), { engine, model: info.id, side, ...this.signal() })) {
      this.hooks.signal?.throwIfAborted();
      if (row.kind === 'dropped') {
        this.drops.add(row.dropped);
        continue;
      }
      this.statistics.add(row.logprobs);
      const { provenance } = row.example;
      this.provenance.set(provenance, (this.provenance.get(provenance) ?? 0) + 1);
      if (this.verify?.(answerOf(row.example), row.example, 'stop')) this.verified++;
      const mask = masks?.[index] ?? maskTargets([row], this.choices.mask, this.seed).masked[0] ?? [];
      index++;
      this.masked += mask.filter(Boolean).length;
      this.tokens += mask.length;
      const json = rowToJson(toTargetRow(row, mask));
      // With a mask recipe the list is always there, also when nothing is masked.
      yield this.choices.mask.kind === 'none' ? json : { mask: [], ...json };
    }
  }

  private async *examples(): AsyncGenerator<Example> {
    let done = 0;
    for await (const event of readExamples(this.request.data, this.readOptions())) {
      this.hooks.signal?.throwIfAborted();
      if (event.kind === 'dropped') this.drops.add(event.dropped);
      else {
        yield event.example;
        this.hooks.onProgress?.(++done);
      }
    }
  }

  /** A random mask is drawn over all targets together, so it needs a pass over them first; only numbers are kept. */
  private async randomMasks(): Promise<boolean[][]> {
    const kept: MaskableTarget[] = [];
    const { engine, info, side } = this.model;
    const rows: AsyncIterable<RowToScore> = readExamples(this.request.data, this.readOptions());
    for await (const row of scoreRows(rows, { engine, model: info.id, side, ...this.signal() })) {
      if (row.kind === 'scored') kept.push({ logprobs: row.logprobs, endIndex: row.endIndex });
    }
    return maskTargets(kept, this.choices.mask, this.seed).masked;
  }

  private readOptions(): { format?: DatasetFormat; limit?: number } {
    const { format, limit } = this.request;
    return { ...(format === undefined ? {} : { format }), ...(limit === undefined ? {} : { limit }) };
  }

  private signal(): { signal?: AbortSignal } {
    return this.hooks.signal ? { signal: this.hooks.signal } : {};
  }

  private noTargets(): LabError {
    const { out, scorer, field = 'answer' } = this.request;
    const reasons = this.drops.reasons().map(({ reason, count }) => phrase('{0}: {1}', count, reason));
    const message =
      reasons.length > 0
        ? phrase('No target was written to {0} ({1})', out, joinedBySemicolon(reasons))
        : phrase('No target was written to {0}', out);
    return new LabError('dataset-empty', message, {
      remedy:
        scorer === undefined
          ? phrase('Check the dataset and the model; on the command line --fallback ground-truth keeps the answers')
          : phrase(
              'Check that "{0}" is the column with the right answers and {1} the scorer that fits them; on the command line --fallback ground-truth keeps the answers',
              field,
              scorer,
            ),
    });
  }
}
