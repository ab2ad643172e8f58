// Scores of examples with their tokens, from the scoring service that all parts share: what somebody looks at before what is
// computed in bulk, everything kept by content and model.
import type { TextSide } from '../../data/textSide.ts';
import { encodeScorable, noToken } from '../../recipes/scoreRows.ts';
import type { ScoredRow } from '../../recipes/scoreRows.ts';
import type { Example } from '../../shared/dataset.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { ScoringModel } from '../../shared/protocol/lab/datasets.ts';
import { contentKey } from '../datasets/scoringService.ts';
import type { ScoringService, KnownScore } from '../datasets/scoringService.ts';

/** A scored example, or why it cannot be scored. */
export type ScoreResult = ScoredRow | { kind: 'unscorable'; reason: Words };

/** Where there is no result at all. */
export const notScored = phrase('not scored');

export interface OpenScorer {
  readonly side: TextSide;
  /** The result if it was computed before. */
  known(example: Example): ScoreResult | undefined;
  /** In the order of `examples`. `urgent`: somebody looks at them. `onResult` hears of each as it is computed. */
  score(examples: readonly Example[], options: ScoringOptions): Promise<ScoreResult[]>;
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
    model: async (choice) => {
      const model = await service.model(choice);
      const toResult = (example: Example, score: KnownScore | undefined): ScoreResult =>
        score && 'logprobs' in score
          ? toScoredRow(model.side, example, score.logprobs)
          : { kind: 'unscorable', reason: reasonOf(model.side, example) };
      return {
        side: model.side,
        known: (example) => {
          const score = service.known(model, contentKey(example));
          return score && toResult(example, score);
        },
        score: async (examples, { urgent, signal, onResult }) => {
          const scores = await service.score(model, examples, {
            priority: urgent ? 'visible' : 'background',
            signal,
            ...(onResult && {
              onScore: (index, score) => onResult(index, toResult(examples[index] as Example, score)),
            }),
          });
          return examples.map((example, index) => toResult(example, scores[index]));
        },
      };
    },
  };
}

/** The tokens that the probabilities belong to; encoding is cheap beside scoring. */
function toScoredRow(side: TextSide, example: Example, logprobs: readonly number[]): ScoreResult {
  const part = encodeScorable(side, example);
  if ('reason' in part) return { kind: 'unscorable', reason: part.reason };
  const { tokens, from, text, starts, ends, endIndex } = part;
  return { kind: 'scored', example, ids: tokens.slice(from), text, starts, ends, endIndex, logprobs: [...logprobs] };
}

function reasonOf(side: TextSide, example: Example): Words {
  try {
    const part = encodeScorable(side, example);
    return 'reason' in part ? part.reason : noToken;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
