// Datasets while they are read and edited: documents kept in step with the editor, their rows with perplexities and token
// places, problems, a summary, changes of rows, and the list of dataset files. Positions are zero-based lines and UTF-16
// columns; logarithms are natural.
import type { Provenance } from '../../dataset.ts';
import type { DifficultyBin } from '../../difficulty.ts';
import type { ErrorWords } from '../../errors.ts';
import type { Words } from '../../phrase.ts';
import type { TextPosition, TextRange } from './experiments.ts';
import { notification, request } from './message.ts';
import type { Device } from './sessions.ts';

/** How a row of a format is recognised by its columns. */
export type DatasetFormatName = 'text' | 'messages' | 'prompt-completion' | 'alpaca' | 'sharegpt' | 'question-answer';

/** A few lines of a document, so that the server can tell whether it reads the same text as the editor shows. */
export interface TextProbe {
  lineCount: number;
  lines: { line: number; text: string }[];
}

/**
 * A document that an editor shows. Without `text` the server reads the file at `path` and checks it with `probe`; `text`
 * is the whole text, or its beginning when `partial`: the rest follows as changes.
 */
export interface OpenDataset {
  uri: string;
  /** Absolute path; names the document in messages even where it is not on disk. */
  path: string;
  version: number;
  probe?: TextProbe;
  text?: string;
  partial?: boolean;
}

export interface OpenedDataset {
  /** False: the text on disk is not the editor's; send it. */
  inStep: boolean;
  /** False: not a dataset, nothing is to be shown. */
  isDataset: boolean;
}

export const openDataset = request<OpenDataset, OpenedDataset>('datasets/open');

/** Changes in the order in which they apply; `lineCount` is that of the result. */
export interface DatasetChanges {
  uri: string;
  version: number;
  changes: { range: TextRange; text: string }[];
  lineCount: number;
  /** More of the text follows. */
  partial?: boolean;
}

export const changeDataset = notification<DatasetChanges>('datasets/change');
export const closeDataset = notification<{ uri: string }>('datasets/close');
/** The server has lost step with a document: it must be opened again, with its text. */
export const datasetLost = notification<{ uri: string }>('datasets/lost');

/** The model that annotates: `pocket` or a folder, and where it computes. */
export interface ScoringModel {
  name: string;
  device?: Device;
  /** 0 or absent: all. */
  threads?: number;
}

/** A part of a token in the raw text; on one line. */
export interface TokenMark {
  line: number;
  start: number;
  end: number;
  bin: DifficultyBin;
  /** Of the hardest token of it, rounded. */
  logprob: number;
  /** The row's mask leaves it out of the loss. */
  masked: boolean;
}

/** One row as far as it is known. */
export interface DatasetRow {
  /** Lines of the row, both included. */
  line: number;
  endLine: number;
  /** Column of the first character. */
  character: number;
  /** As the command line names the row: line (JSON Lines) or number (array), 1-based. */
  number: number;
  /** `pending`: its score is on the way. `unscored`: no model was asked. `bad`: cannot be used; `reason` says why. */
  state: 'scored' | 'pending' | 'unscored' | 'bad';
  reason?: Words;
  provenance?: Provenance;
  /** exp of the mean negative log probability of the trained-on tokens. */
  perplexity?: number;
  /** Of all answer tokens, when the row's mask leaves some out. */
  unmaskedPerplexity?: number;
  /** Trained-on tokens. */
  tokens?: number;
  maskedTokens?: number;
  /** Keeps its ground truth, so that the way back is open. */
  hasGroundTruth?: boolean;
  /** Only when asked for and scored. */
  marks?: TokenMark[];
  /** Prompt texts, which are context only; with `marks`. */
  context?: TextRange[];
}

export interface RowsRequest {
  uri: string;
  version: number;
  /** Lines, both included. */
  from: number;
  to: number;
}

export interface DatasetRows {
  /** Version of the document that the rows belong to. */
  version: number;
  rows: DatasetRow[];
}

/** A part of a document: a selection, or the place of the cursor. */
export interface RangeRequest {
  uri: string;
  version: number;
  range: TextRange;
}

/** Rows that the range touches, the first ones of many, as read; nothing is computed. */
export const getDatasetRows = request<RangeRequest, DatasetRows>('datasets/rows');

/**
 * The same with scores. What is not known yet comes as `pending` and is computed before everything else, the newest
 * request of a document first; those that nobody repeats are given up when others come. `datasetScored` says when to ask again.
 */
export const scoreDatasetRows = request<RowsRequest & { model: ScoringModel; marks?: boolean }, DatasetRows>(
  'datasets/score',
  { needsTrust: true },
);

/** Scores of rows within the lines arrived (at most ten times a second). */
export const datasetScored = notification<{ uri: string; version: number; model: string; from: number; to: number }>(
  'datasets/scored',
);

/** A token with what the model would have put in its place. */
export interface HardToken {
  text: string;
  /** Probability, 0..1. */
  p: number;
  masked: boolean;
  /** Ends the answer; it has no place in the text. */
  endOfTurn: boolean;
  /** The model's own first choices, most probable first. */
  alternatives: { text: string; p: number }[];
  ranges: TextRange[];
}

/** Everything a hover says. */
export interface RowDetails extends DatasetRow {
  format: DatasetFormatName;
  model: string;
  /** Mean negative log probability of the trained-on tokens, nats. */
  meanNll: number;
  /** Hardest first, at most five. */
  hardest: HardToken[];
  /** The token at the asked position. */
  here?: HardToken;
  /** Answer tokens that selective token masking at perplexity 2.5 would leave out. */
  stmTokens: number;
  /** Tokens before the answer. */
  contextTokens: number;
}

/** Null where there is no usable row. */
export const explainDatasetRow = request<
  { uri: string; version: number; position: TextPosition; model: ScoringModel },
  RowDetails | null
>('datasets/explain', { needsTrust: true });

export interface DatasetProblem {
  line: number;
  endLine: number;
  /** Columns of the row on its first line. */
  start: number;
  end: number;
  message: Words;
  severity: 'error' | 'warning';
  /** Of a row that can be read and not scored under the model: too-long, no-token, all-masked, refused (by the template). */
  code: 'invalid-row' | 'too-long' | 'no-token' | 'all-masked' | 'refused' | 'empty' | 'not-rows' | 'encoding';
}

export interface DatasetSummary {
  uri: string;
  version: number;
  /** False: not a dataset (any more), nothing is to be shown. */
  isDataset: boolean;
  format?: DatasetFormatName;
  /** Rows that can be read. */
  rows: number;
  bad: { reason: Words; count: number }[];
  provenance: Partial<Record<Provenance, number>>;
  /** The first problems, in the order of the file. */
  problems: DatasetProblem[];
  problemCount: number;
  /** All rows have been read. */
  read: boolean;
  /** Present once a model was asked for. */
  scores?: SummaryScores;
}

/** Over the rows scored so far. */
export interface SummaryScores {
  model: string;
  scored: number;
  tokens: number;
  /** Mean and sample deviation of the rows' perplexities, as `forgetting-lab score` prints them; null before the first. */
  perplexityMean: number | null;
  perplexityStd: number | null;
  /** exp of nll sum over token sum. */
  corpusPerplexity: number | null;
  /** All rows that will be scored are scored. */
  done: boolean;
  /** Only so many rows from the beginning are scored; the file is longer. */
  limit?: number;
  /** Why nothing is scored. */
  failure?: ErrorWords;
}

/**
 * The summary as far as it is known, without scores (which come to an end); it is completed in the background and told by
 * `datasetSummarised`.
 */
export const summariseDataset = request<{ uri: string; version: number }, DatasetSummary>('datasets/summary');
/** The same, with scores of all rows under a model in the background, behind everything that is visible. */
export const scoreDataset = request<{ uri: string; version: number; model: ScoringModel }, DatasetSummary>(
  'datasets/scoreAll',
  { needsTrust: true },
);
/** At most twice a second. */
export const datasetSummarised = notification<DatasetSummary>('datasets/summarised');

/**
 * `self-output`: the model's own answer. `rephrase`: the ground truth in its words. `mask-hard`: the loss leaves out
 * tokens of perplexity above 2.5. `ground-truth`: what the row had before.
 */
export type RowAction = 'self-output' | 'rephrase' | 'mask-hard' | 'ground-truth';

/** New text for rows of that version; nothing is written. `skipped` says which rows stay as they are and why. */
export interface RowActionResult {
  version: number;
  edits: { range: TextRange; newText: string }[];
  skipped: { number: number; reason: Words }[];
  /** Rows that the range touches and that can be used; of more than a few hundred only the first are changed or skipped. */
  selected: number;
  /** How answers were verified: a scorer's id; absent when none is known for this dataset. */
  verifier?: string;
}

export const rewriteDatasetRows = request<RangeRequest & { action: RowAction; model: ScoringModel }, RowActionResult>(
  'datasets/rewrite',
  { needsTrust: true },
);

/** A dataset file of the workspace. */
export interface DatasetFile {
  /** Absolute. */
  path: string;
  /** Relative to the workspace, with forward slashes. */
  name: string;
  bytes: number;
  /** Present once the file has been read. */
  rows?: number;
  badRows?: number;
  format?: DatasetFormatName;
  provenance?: Partial<Record<Provenance, number>>;
  /** Known from an earlier look at the whole file under the model. */
  perplexity?: { model: string; mean: number; std: number };
  /** Why it cannot be read. */
  problem?: Words;
}

/** JSON Lines and JSON files with rows of a known format below the workspace, sorted by name; not those of run folders. */
export const listDatasets = request<{ model?: string }, DatasetFile[]>('datasets/list');
/** Files came, went, changed or have been read (at most twice a second). */
export const datasetsChanged = notification<Record<string, never>>('datasets/changed');
/** The editor saw files being created, changed or deleted. */
export const datasetFilesChanged = notification<{ paths: string[] }>('datasets/filesChanged');
