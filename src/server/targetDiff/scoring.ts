// Scores of examples, from the scoring service that all parts share: what somebody looks at before what is computed in bulk,
// everything kept by content and model. Their tokens are made where they are shown or written.
import { noToken, tooLong, type ScoredRow } from '../../recipes/scoreRows.ts';
import type { Example } from '../../shared/dataset.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { ScoringModel } from '../../shared/protocol/lab/datasets.ts';
import { contentKey } from '../datasets/scoringService.ts';
import type { KnownScore, OpenedModel, ScoringService } from '../datasets/scoringService.ts';
import type { EncodedRow, ModelTexts } from '../texts/modelTexts.ts';

/** Probabilities of an example's answer tokens, natural logarithms; or why there are none. */
export type ScoreResult = { kind: 'scored'; logprobs: readonly number[] } | { kind: 'unscorable'; reason: Words };

/** A scored example with its tokens; `texts` are those of the tokens for display. */
export type RowTokens = ScoredRow & { texts: string[] };

export type ScoredOrNot = RowTokens | { kind: 'unscorable'; reason: Words };

/** Where there is no result at all. */
export const notScored = phrase('not scored');

export interface OpenScorer {
  readonly texts: ModelTexts;
  /** The result if it was computed before. */
  known(example: Example): ScoreResult | undefined;
  /** In the order of `examples`. `urgent`: somebody looks at them. `onResult` hears of each as it is computed. */
  score(examples: readonly Example[], options: ScoringOptions): Promise<ScoreResult[]>;
  /** The tokens that the probabilities belong to, `results` being those of `examples`; what has none says why. */
  tokens(examples: readonly Example[], results: readonly (ScoreResult | undefined)[]): Promise<ScoredOrNot[]>;
}

export interface ScoringOptions {
  urgent: boolean;
  signal: AbortSignal;
  onResult?: (index: number, result: ScoreResult) => void;
}

export interface Scoring {
  /** Opens a model. Throws what the command line says about models that cannot be used. */
  model(model: ScoringModel): Promise<OpenScorer>;
}

export function createScoring(service: ScoringService): Scoring {
  return {
    model: async (choice) => openScorer(service, await service.model(choice)),
  };
}

function openScorer(service: ScoringService, model: OpenedModel): OpenScorer {
  const toResult = (score: KnownScore | undefined): ScoreResult => {
    if (score && 'logprobs' in score) return { kind: 'scored', logprobs: score.logprobs };
    return { kind: 'unscorable', reason: score ? reasonOf(score, model) : notScored };
  };
  return {
    texts: model.texts,
    known: (example) => {
      const score = service.known(model, contentKey(example));
      return score && toResult(score);
    },
    score: async (examples, { urgent, signal, onResult }) => {
      const scores = await service.score(model, examples, {
        priority: urgent ? 'visible' : 'background',
        signal,
        ...(onResult && { onScore: (index, score) => onResult(index, toResult(score)) }),
      });
      return scores.map(toResult);
    },
    tokens: async (examples, results) => {
      const scored = examples.filter((_, index) => results[index]?.kind === 'scored');
      const rows = (await model.texts.encodeRows(scored)).values();
      return examples.map((example, index): ScoredOrNot => {
        const result = results[index];
        if (result?.kind !== 'scored') return result ?? { kind: 'unscorable', reason: notScored };
        return withTokens(example, result.logprobs, rows.next().value as EncodedRow, model);
      });
    },
  };
}

function withTokens(example: Example, logprobs: readonly number[], row: EncodedRow, model: OpenedModel): ScoredOrNot {
  if (!('tokens' in row)) return { kind: 'unscorable', reason: reasonOf(row, model) };
  const { tokens, from, ...places } = row;
  return { kind: 'scored', example, ids: tokens.slice(from), ...places, logprobs: [...logprobs] };
}

function reasonOf(score: Exclude<KnownScore, { logprobs: unknown }>, model: OpenedModel): Words {
  if ('refused' in score) return score.refused;
  return score.reason === 'too-long' ? tooLong(model.texts.facts) : noToken;
}
