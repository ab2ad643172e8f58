// A dataset as a list of rows, however large the file: lines are found by an index of byte offsets that is built in the
// background, and travel by page.
import type { ErrorWords } from '../../errors.ts';
import type { Words } from '../../phrase.ts';
import type { ScoredToken } from '../../records.ts';
import type { ScoringModel } from './datasets.ts';
import { notification, request } from './message.ts';

export interface DatasetViewState {
  id: string;
  file: string;
  /** Bytes of the file, and how many of them the index covers. */
  size: number;
  indexed: number;
  /** Rows known so far; all of them once `done`. */
  rows: number;
  done: boolean;
  /** JSON Lines, or the elements of one JSON array. */
  layout: 'lines' | 'array';
  /** Why no more can be read: reading failed, or the file has changed on the disk. */
  failure?: ErrorWords;
}

/** Returns when the first rows can be read. */
export const openDatasetView = request<{ file: string }, DatasetViewState>('datasetView/open');
export const closeDatasetView = request<{ id: string }, null>('datasetView/close');
/** The index has grown, or the file has changed on the disk. At most four times a second. */
export const datasetViewChanged = notification<DatasetViewState>('datasetView/changed');

export interface DatasetViewRow {
  /** 0-based. */
  row: number;
  /** The row's text as it stands in the file; long rows are cut after `characters` of the request. */
  text: string;
  bytes: number;
  cut: boolean;
  /** Why it is not a row of a dataset: not valid JSON, no known format... Absent for blank lines too. */
  problem?: Words;
  blank: boolean;
  /** Prompt and answer, cut like the text, where the row has a known format. */
  prompt?: string;
  answer?: string;
  provenance?: string;
}

export const getDatasetViewRows = request<
  { id: string; from: number; count: number; characters: number },
  DatasetViewRow[]
>('datasetView/rows');

/** The first row at or after `from` whose text holds `text`, whatever the case of ASCII letters; null when there is none. */
export const searchDatasetView = request<{ id: string; text: string; from: number }, { row: number } | null>(
  'datasetView/search',
);
/** How far a search has come, as a share of the file. */
export const searchProgress = notification<{ id: string; share: number }>('datasetView/searching');

/** A JSON string of the row's text, between its quotes; UTF-16 units. */
export interface AnswerPlace {
  start: number;
  end: number;
}

export interface DatasetViewScore {
  row: number;
  ppl?: number;
  /** Answer tokens; offsets are UTF-16 units of `answer`. */
  tokens?: ScoredToken[];
  /** The row's answer; the text that was scored where a template writes something else altogether. */
  answer?: string;
  /** Where the strings that make up `answer` stand in the row's text; absent where they are not `answer`. */
  answerPlaces?: AnswerPlace[];
  /** The hardest tokens with what the model would rather have written, hardest first. */
  hardest?: { index: number; alternatives: { text: string; logprob: number }[] }[];
  /** Why it cannot be scored. */
  problem?: Words;
}

/** Scores of some rows under a model; cancelled when the rows scroll away. */
export const scoreDatasetViewRows = request<{ id: string; model: ScoringModel; rows: number[] }, DatasetViewScore[]>(
  'datasetView/score',
  { needsTrust: true },
);

/** One row with its hardest tokens and what the model would rather have written. */
export const explainDatasetViewRow = request<{ id: string; model: ScoringModel; row: number }, DatasetViewScore>(
  'datasetView/explain',
  { needsTrust: true },
);
