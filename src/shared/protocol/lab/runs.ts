// Runs as the sidebar and the panels show them: everything is read from run folders, whoever wrote them.
import type { ArmStyle } from '../../arms.ts';
import type { MatrixView } from '../../matrixView.ts';
import type { Words } from '../../phrase.ts';
import type {
  CheckpointRecord,
  DriftRecord,
  LogRecord,
  MetricRecord,
  ProbeRecord,
  RunConfig,
  TargetRecord,
  TrialKey,
} from '../../records.ts';
import { notification, request } from './message.ts';

/** `interrupted`: says running, but its process is gone. `corrupt`: cannot be read; `reason` says why. */
export type RunState = 'running' | 'interrupted' | 'stopped' | 'done' | 'failed' | 'corrupt';

export interface CheckpointSummary {
  step: number;
  what: CheckpointRecord['what'];
  /** Absolute path; absent on disk when `exists` is false. */
  folder: string;
  exists: boolean;
}

export interface StageSummary {
  /** 0 is the base. */
  stage: number;
  name: string;
  state: 'waiting' | 'training' | 'measuring' | 'done';
  /** Share of the optimizer steps done, 0..1. */
  share: number;
  checkpoints: CheckpointSummary[];
}

/** One training chain of a run. */
export interface TrialSummary extends TrialKey {
  /** Colour and glyph of the arm, as in every other view. */
  style?: ArmStyle;
  state: 'waiting' | 'running' | 'done';
  /** Mean change after the last measured stage, score units (0..1): on the taught tasks, and on the old skills. */
  gained?: number;
  forgot?: number;
  stages: StageSummary[];
}

export interface RunSummary {
  folder: string;
  id: string;
  /** Name of the experiment as the run's configuration has it. */
  experiment: string;
  /** The experiment file it was launched from, which may have gone since; absent where the run does not tell. */
  experimentFile?: string;
  state: RunState;
  reason?: Words;
  createdAt: string;
  /** Time of the last record, ISO. */
  updatedAt: string;
  model: string;
  trials: TrialSummary[];
  /** Result in a few words: `gained 8, forgot 24` of the reference arm, or progress. */
  line: Words;
  /** Whose result `line` tells, in a run of several arms. */
  lineArm?: string;
  /** Share of the planned work that is on disk, steps of the current training included, 0..1. Never goes back. */
  share: number;
  damagedLines: number;
  /** Guarded benchmarks below the forgetting budget. */
  breaches: number;
}

export interface ExperimentSummary {
  name: string;
  /** Experiment file; absent for runs whose file is gone. */
  file?: string;
  /** Why the file cannot be used. */
  problem?: Words;
  /** 0, as the stages, while there is neither a file nor a run that has been read. */
  arms: number;
  stages: number;
  /** Newest first. */
  runs: RunSummary[];
}

/**
 * All experiments with their runs. A first list of many runs holds runs that are not read yet, without trials; `runsChanged`
 * tells when they are. With `read` it is answered when all have been.
 */
export const listExperiments = request<{ read?: boolean }, ExperimentSummary[]>('runs/list');
export const getRun = request<{ run: string }, RunSummary>('runs/get');
/** Runs or experiment files appeared, changed or went; `list` means the list itself changed. At most four times a second. */
export const runsChanged = notification<{ runs: string[]; list: boolean }>('runs/changed');

/** An item that a training flipped, with both answers. */
export interface FlippedAnswer {
  index: number;
  prompt: string;
  before: string;
  now: string;
  diff: { kind: 'same' | 'removed' | 'added'; text: string }[];
  /** The answer ran into the token limit. */
  cutOff: boolean;
  reasonBefore?: Words;
  reasonNow?: Words;
}

export interface FlipList {
  n: number;
  lost: FlippedAnswer[];
  gained: FlippedAnswer[];
  /** More than the list holds. */
  lostCount: number;
  gainedCount: number;
  /** Judged by likelihood: there is no text. */
  textless: boolean;
}

/** Everything the heatmap shows. */
export interface HeatmapData {
  run: RunSummary;
  config: RunConfig;
  view: MatrixView;
  /** The sentences above the chart. */
  verdict: Words[];
  /** Definitions behind `gained` and `forgot`, in words. */
  definitions: { gained: Words; forgot: Words };
  /** Intervals are still being computed: changes carry none yet, and `runsChanged` follows when they are there. */
  pending: boolean;
  /** The cell that is being measured or trained for, if any. */
  active?: { arm: string; lr: number; stage: number };
}

export const getHeatmap = request<{ run: string; seed?: number }, HeatmapData>('runs/heatmap');
/** Answers after a stage beside those after the stage `against`, which is the base (0) unless said otherwise. */
export const getFlips = request<
  TrialKey & { run: string; stage: number; benchmark: string; against?: number; limit?: number },
  FlipList
>('runs/flips');
/** The same files as `forgetting-lab report` writes. */
export const exportRun = request<
  { run: string; what: 'matrix-csv' | 'matrix-markdown' | 'report-html' },
  { text: string; suggestedName: string }
>('runs/export');

/** A point of the small measurements during training; ProbeRecord says what its numbers are. */
export type ProbePoint = ProbeRecord;

/**
 * Records of a run from a position on, in the order in which they were written. A resumed run may repeat steps: the last
 * record of a step counts. `next` is where the following call continues; while `more` is true there is more on disk than
 * one answer holds, so ask again at once.
 */
export interface CurveData {
  config: RunConfig;
  metrics: MetricRecord[];
  probes: ProbePoint[];
  drift: DriftRecord[];
  log: LogRecord[];
  next: CurvePosition;
  more: boolean;
  /** Seconds that the run will still take when somebody works on it, from its records; absent before anything was timed. */
  secondsLeft?: number;
}

/** Bytes of each record file that have been read. */
export type CurvePosition = Record<string, number>;

export const getCurves = request<{ run: string; from?: CurvePosition }, CurveData>('runs/curves');

/** The target table of a run. */
export const getTargets = request<{ run: string }, TargetRecord[]>('runs/targets');

/** A point of the learning-forgetting plane (methods 5.6). */
export interface PlanePoint extends TrialKey {
  run: string;
  runId: string;
  /** Of the arm in its own run. */
  style: ArmStyle;
  stage: number;
  /** Score units. */
  gained: number;
  forgot: number;
  gainedInterval?: [number, number];
  forgotInterval?: [number, number];
  /** Seeds averaged. */
  seeds: number;
}

export interface Comparison {
  runs: RunSummary[];
  points: PlanePoint[];
  /** Values that differ, by path in the configuration; `values` in the order of `runs`. */
  differences: { path: string; values: string[] }[];
  /** Why some runs must not be compared cell by cell. */
  warnings: Words[];
}

export const compareRuns = request<{ runs: string[] }, Comparison>('runs/compare');
