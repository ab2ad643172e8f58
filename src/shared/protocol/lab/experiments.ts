// Experiment files while they are written: what is wrong and where, what can be typed next, what a key means; and texts
// of new experiment files. Positions are zero-based lines and UTF-16 columns, as editors count.
import type { BenchmarkConfig } from '../../experiment.ts';
import type { Phrase, Words } from '../../phrase.ts';
import { request } from './message.ts';
import type { Device } from './sessions.ts';

export interface TextPosition {
  line: number;
  character: number;
}

/** Half-open. */
export interface TextRange {
  start: TextPosition;
  end: TextPosition;
}

/** A replacement that mends a problem. */
export interface TextFix {
  title: Phrase;
  newText: string;
  range: TextRange;
}

/** Kinds of problems, for links and filters. */
export type ExperimentProblemCode =
  | 'syntax'
  | 'unknown-key'
  | 'missing-key'
  | 'wrong-value'
  | 'unknown-name'
  | 'duplicate'
  | 'missing-file'
  | 'unusable-file'
  | 'incomplete';

/** A problem, as the command line tells it. */
export interface ExperimentDiagnostic {
  range: TextRange;
  message: Words;
  remedy?: Words;
  code: ExperimentProblemCode;
  /** The file can be launched all the same. */
  severity?: 'warning';
  fix?: TextFix;
}

/** An experiment file as the editor has it: `path` is absolute, `text` may be unsaved. YAML and JSON alike. */
export interface ExperimentDocument {
  path: string;
  text: string;
}

/** All problems at once, in the order of the file; at most warnings when it can be launched. */
export const validateExperiment = request<ExperimentDocument, ExperimentDiagnostic[]>('experiments/validate');

/** Markdown as paragraphs of lines, in the reader's language once they are said. */
export type MarkdownWords = Words[][];

export interface ExperimentCompletion {
  label: string;
  kind: 'key' | 'value' | 'file' | 'folder' | 'preset' | 'scorer' | 'name';
  /** Beside the label: type and default of a key, title and arXiv id of a preset. */
  detail?: Words;
  documentation?: MarkdownWords;
  /** Snippet; indentation is absolute. */
  insertText: string;
  /** What it replaces; on the line of the cursor. */
  range: TextRange;
  /** Decides the order: required keys first. */
  sortText: string;
}

/** Works while the text is incomplete: only what stands before the cursor decides where it is. */
export const completeExperiment = request<ExperimentDocument & { position: TextPosition }, ExperimentCompletion[]>(
  'experiments/complete',
);

/** What the key or value at a position means: description, default, allowed values. */
export const hoverExperiment = request<
  ExperimentDocument & { position: TextPosition },
  { markdown: MarkdownWords; range: TextRange } | null
>('experiments/hover');

/** The names in a file and the files it names, as far as it can be read. */
export interface ExperimentOutline {
  name?: string;
  stages: string[];
  arms: string[];
  benchmarks: string[];
  /** Datasets, benchmarks and texts. Absolute. */
  files: string[];
}

export const outlineExperiment = request<ExperimentDocument, ExperimentOutline>('experiments/outline');

/** A file that can be a task to teach. */
export interface TaskCandidate {
  /** Absolute. */
  file: string;
  /** Suggested name of the stage. */
  name: string;
  format: string;
  /** Counted for small files, otherwise estimated from the first rows. */
  rows: number;
  rowsEstimated: boolean;
  /** Known from other experiments of the workspace, or fitting the rows; absent when nothing fits or none is needed. */
  verifier?: { scorer: string; field: string };
  /** Longest written target, where an experiment of the workspace says so. */
  maxTokens?: number;
  /** Columns of the first row. */
  columns: string[];
  /** Raw text has no answers to verify. */
  rawText: boolean;
}

/** A file that can measure a skill. */
export interface BenchmarkCandidate {
  /** Absolute. */
  file: string;
  name: string;
  /** Counted or estimated, as the rows of a task. */
  items: number;
  itemsEstimated: boolean;
  group: BenchmarkConfig['group'];
  /** From another experiment of the workspace, or the scorer that fits the items; absent when none does. */
  scorer?: string;
  maxTokens?: number;
  chance?: number;
}

/** A preset in a menu. */
export interface PresetChoice {
  id: string;
  title: Words;
  arxiv?: string;
  description: Words;
  /** Trains on the model's own verified answers. */
  needsVerifier: boolean;
  /** Mixes in old examples from a dataset. */
  needsReplay: boolean;
}

/** What a new experiment can be made of: read from the files of the workspace. */
export interface ExperimentMaterial {
  /** Where experiments of this workspace lie. */
  folder: string;
  tasks: TaskCandidate[];
  benchmarks: BenchmarkCandidate[];
  presets: PresetChoice[];
  scorers: { id: string; title: Words; description: Words }[];
  /** Ways to build training targets from a dataset; `writes`: the model writes them, so a scorer can check them. */
  recipes: { id: string; title: Words; description: Words; writes: boolean }[];
  /** Text for the cross-entropy to the base, and old examples for replay, when an experiment of the workspace names them. */
  neutralText?: string;
  replay?: string;
  /** The names that experiments of the workspace have, with their files. */
  names: Record<string, string>;
  /** Files were left out because there are too many. */
  incomplete: boolean;
}

export const experimentMaterial = request<Record<string, never>, ExperimentMaterial>('experiments/material');

export interface NewExperimentTask {
  file: string;
  name: string;
  rows: number;
  rowsEstimated: boolean;
  verifier?: { scorer: string; field: string };
  maxTokens?: number;
  /** Name of the benchmark that measures it. */
  benchmark?: string;
}

export interface NewExperimentBenchmark {
  file: string;
  name: string;
  scorer: string;
  group: BenchmarkConfig['group'];
  maxTokens?: number;
  chance?: number;
}

/** Answers of a person to the questions of New Experiment. Paths are absolute; `model` may be `pocket`. */
export interface NewExperimentChoices {
  name: string;
  model: string;
  /** Taught in this order. */
  tasks: NewExperimentTask[];
  /** Presets. */
  arms: string[];
  benchmarks: NewExperimentBenchmark[];
  device: Device;
  neutralText?: string;
  /** Dataset of old examples for arms that replay. */
  replay?: string;
}

/** The text of a new file at `path` (nothing is written), and what would be wrong with it. */
export const composeExperiment = request<
  { path: string; choices: NewExperimentChoices },
  { text: string; problems: ExperimentDiagnostic[] }
>('experiments/compose');

/**
 * The text of an experiment file that repeats the configuration a run really had, and the path for it: `path`, or beside
 * the experiment under the next free name, which the text then has too. Paths inside are relative to it.
 */
export const rerunExperiment = request<{ run: string; path?: string }, { path: string; text: string }>(
  'experiments/rerun',
);
