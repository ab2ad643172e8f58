// Answers of a benchmark, token by token: how hard they are to predict for the base, or for the model that gave them.
import type { Words } from '../../phrase.ts';
import type { ScoredToken, TrialKey } from '../../records.ts';
import type { ScoringModel } from './datasets.ts';
import { request } from './message.ts';

/** Whose probabilities: the model before the training or after it. */
export type FlipScorer = 'base' | 'checkpoint';

export interface FlipTokens {
  /** Row of the benchmark file, 0-based. */
  index: number;
  /** Offsets are UTF-16 units of the answers as `getFlips` tells them; absent where there is nothing to score. */
  before?: ScoredToken[];
  now?: ScoredToken[];
  /** Why an answer has no tokens. */
  problem?: Words;
}

/** Scores both answers to some items of a cell, those that somebody looks at. Device and threads as the editor is set. */
export const scoreFlips = request<
  TrialKey & {
    run: string;
    stage: number;
    benchmark: string;
    /** As in `getFlips`. */
    against?: number;
    under: FlipScorer;
    items: number[];
  } & Pick<ScoringModel, 'device' | 'threads'>,
  FlipTokens[]
>('targetDiff/flips', { needsTrust: true });
