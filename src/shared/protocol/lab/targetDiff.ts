// Targets beside each other: for every prompt of a dataset the ground truth, another column, and the answers of other target
// files. The server keeps a place and a few numbers a row; texts travel by page.
import type { Provenance } from '../../dataset.ts';
import type { ErrorWords } from '../../errors.ts';
import type { Words } from '../../phrase.ts';
import type { ScoredToken, TargetStatistics } from '../../records.ts';
import type { ScoringModel } from './datasets.ts';
import { notification, request } from './message.ts';

/** Where answers to the prompts of a dataset come from. Paths are absolute. */
export type TargetSourceSpec =
  /** The dataset's own answers. `recorded` is a file of the same answers that has their probabilities. */
  | { kind: 'dataset'; recorded?: string }
  /** Another column of the dataset with text. */
  | { kind: 'column'; column: string }
  /** A file of targets: written by `targets`, by a run, or by hand. `label` is what it is called on the screen. */
  | { kind: 'file'; file: string; label?: string };

export interface TargetVerifier {
  /** Id of a scorer. */
  scorer: string;
  /** Column with the reference; rows without it are judged by the ground truth. */
  field: string;
}

/** What can be put beside a dataset. */
export interface TargetSourceOffer {
  spec: TargetSourceSpec;
  label: string;
  /** Where it was found, in words. */
  detail: string;
}

export interface TargetSourceOffers {
  dataset: string;
  /** The dataset's path within the workspace, its name alone when it lies outside. */
  place: string;
  /** Ground truth first, then what is most likely wanted. */
  offers: TargetSourceOffer[];
  /** The verifier that an experiment names for this dataset. */
  verifier?: TargetVerifier;
  /** Scorers that can judge answers: id and title. */
  scorers: { id: string; title: Words }[];
  /** Text or number columns that may hold a reference. */
  columns: string[];
  /** Models to score under that belong to the run: base and checkpoints. */
  models: { name: string; label: Words }[];
}

/** Looks for what can be compared: with a `run`, what its arms trained on at a stage. */
export const findTargetSources = request<
  { dataset?: string; run?: string; stage?: number; other?: string },
  TargetSourceOffers
>('targetDiff/sources');

/** One source of an open comparison. Numbers are over the rows that could be scored. */
export interface TargetSourceState {
  spec: TargetSourceSpec;
  /** No two sources of a comparison have the same. */
  label: string;
  /** Why its file cannot be read; the comparison goes on without its answers. */
  failure?: ErrorWords;
  /** The most frequent provenance of its rows. */
  provenance: Provenance;
  /** Prompts of the dataset it has an answer to. */
  items: number;
  /** Rows of the file without a prompt of the dataset, and prompts without an answer. */
  unmatched: number;
  missing: number;
  dropped: { reason: Words; count: number; first: number }[];
  /** Of the answers scored so far; absent until something is scored. */
  statistics?: TargetStatistics;
  scored: number;
  /** What the files recorded of all answers, while the first model that was asked for scores them anew. */
  recorded?: TargetStatistics;
  /** Rows that cannot be scored, by reason. */
  unscorable: { reason: Words; count: number }[];
  /** Absent without a verifier. */
  verified?: { judged: number; accepted: number };
  /** Share of answer tokens that the loss leaves out; absent without a mask. */
  maskedShare?: number;
}

export interface ComparisonState {
  id: string;
  dataset: string;
  /** Prompts of the dataset. */
  rows: number;
  /** `failed`: the dataset cannot be read, `failure` says why. */
  state: 'aligning' | 'ready' | 'failed';
  failure?: ErrorWords;
  sources: TargetSourceState[];
  verifier?: TargetVerifier;
  judging: boolean;
  /** Absent until scoring was asked for. */
  scoring?: {
    model: string;
    state: 'loading' | 'running' | 'done' | 'failed';
    /** Targets done and to do. */
    done: number;
    total: number;
    failure?: ErrorWords;
  };
}

/**
 * Opens a comparison. `after`: the one whose place it takes, if that is still there; its verifier, rule and rows chosen by hand
 * go on where row and answer are still what they were, and it ends.
 */
export const openComparison = request<
  { dataset: string; sources: TargetSourceSpec[]; verifier?: TargetVerifier; after?: string },
  ComparisonState
>('targetDiff/open');
/** An open comparison. One whose window has gone is kept for some minutes, for the window that comes back. */
export const getComparison = request<{ id: string }, ComparisonState>('targetDiff/get');
export const closeComparison = request<{ id: string }, null>('targetDiff/close');
/** Judges every row anew; without a verifier nothing is judged. */
export const judgeComparison = request<{ id: string; verifier?: TargetVerifier }, ComparisonState>('targetDiff/judge');
/** Scores every row under a model, those on the screen first. An earlier model's numbers are replaced. */
export const scoreComparison = request<{ id: string; model: ScoringModel }, ComparisonState>('targetDiff/score', {
  needsTrust: true,
});
/** Numbers, verdicts or alignment went on. At most four times a second. */
export const comparisonChanged = notification<{ id: string; state: ComparisonState }>('targetDiff/changed');

export type VerdictFilter = 'any' | 'both' | 'left' | 'right' | 'neither';

export interface ComparisonFilter {
  /** Which side the verifier accepts. */
  verdict: VerdictFilter;
  /** Smallest ratio of the two perplexities, 1 for no limit. */
  gap: number;
  /** Occurs in the prompt or one of the two answers, whatever the case. */
  text: string;
  differing: boolean;
}

export type ComparisonSort = 'line' | 'gap' | 'left' | 'right';

/** Two sources beside each other: indices into `sources`. */
export interface ComparisonView {
  left: number;
  right: number;
  filter: ComparisonFilter;
  /** By line; by gap, left or right perplexity, largest first and unscored rows last. */
  sort: ComparisonSort;
}

/**
 * Puts the rows into an order and keeps it, whatever is scored later. `view` names it in `getComparisonRows`; the two last
 * ones of a comparison are kept.
 */
export const arrangeComparison = request<
  { id: string } & ComparisonView,
  {
    view: number;
    count: number;
    /** Rows whose perplexities are still to come: of those listed, and of those that only a limit on the gap leaves out. */
    unscored: number;
  }
>('targetDiff/arrange');

export interface ComparedTarget {
  text: string;
  /** Characters left out at the end. */
  cut: number;
  provenance: Provenance;
  /** File and line it was read from. */
  file: string;
  line: number;
  ppl?: number;
  /** The number of tokens that `ppl` is over. */
  length?: number;
  /** Strict score, 0..1. */
  verdict?: number;
  /** Under the model that was asked for; else as recorded in the file, where there is no id and no text of tokens. */
  tokens?: ScoredToken[];
  /** UTF-16 spans that the loss leaves out, as the file says. */
  mask: [start: number, end: number][];
  /** Why it cannot be scored. */
  problem?: Words;
}

export interface ComparedRow {
  /** Index among the dataset's usable rows: names the row in choices. */
  row: number;
  line: number;
  prompt: string;
  left?: ComparedTarget;
  right?: ComparedTarget;
  /** Words of left against right; absent when one is missing or cut. */
  diff?: { kind: 'same' | 'removed' | 'added'; text: string }[];
  /** What will be trained on, with the rule and the row's own choice. */
  choice: RowChoice;
}

/** `source` is an index; null: left out, with the reason. */
export interface RowChoice {
  source: number | null;
  masked: boolean;
  /** The row's own choice, not the rule's. */
  own: boolean;
  reason?: Words;
}

/** Rows `from` to `from + count` of an arrangement. Texts are cut after `characters`. */
export const getComparisonRows = request<
  { id: string; view: number; from: number; count: number; characters: number },
  ComparedRow[]
>('targetDiff/rows');

/** What to train on. With a verifier only accepted answers of `prefer` count. */
export type ChoiceRule =
  | { kind: 'ground-truth' }
  | { kind: 'prefer'; source: number; otherwise: 'ground-truth' | 'drop' }
  /** Among the accepted answers where there is a verifier; the ground truth always takes part. */
  | { kind: 'lowest-perplexity' }
  /** Tokens with a perplexity above `tau` are left out of the loss (methods 2.11). */
  | { kind: 'ground-truth-masked'; tau: number };

/** What would be written. */
export interface ChoiceSummary {
  rule: ChoiceRule;
  rows: number;
  /** Rows by source index. */
  bySource: number[];
  masked: number;
  /** Rows whose own choice differs from the rule. */
  own: number;
  dropped: { reason: Words; count: number }[];
  /** Choices by hand in the comparison before this one that could not go on. */
  lost: { reason: Words; count: number }[];
  /** Rows that the rule cannot decide before they are scored. */
  undecided: number;
}

/** Sets the rule for all rows, or one row's own choice; `source: 'rule'` takes a row's own choice back. */
export const chooseTargets = request<
  { id: string; rule?: ChoiceRule; row?: { row: number; source: number | null | 'rule' } },
  ChoiceSummary
>('targetDiff/choose');

export interface WrittenTargets {
  file: string;
  rows: number;
  provenance: Partial<Record<Provenance, number>>;
  dropped: { reason: Words; count: number }[];
}

/** Writes the chosen targets in the format of `targets`, with the provenance of every row. */
export const writeChosenTargets = request<{ id: string; file: string; overwrite: boolean }, WrittenTargets>(
  'targetDiff/write',
  { needsTrust: true },
);
