// The state of a run being carried out: what is on disk, kept in memory as well, and told to whoever watches. Every
// record goes to disk before anyone sees it.
import type { TextSide } from '../data/textSide.ts';
import type { Engine, ModelInfo } from '../engine/engine.ts';
import { inEnglish, phrase } from '../shared/phrase.ts';
import type { Phrase, Words } from '../shared/phrase.ts';
import type { CellRecord, LogRecord, RunConfig, RunData, StatusRecord } from '../shared/records.ts';
import { appendRecord } from './runFolder.ts';
import type { RunRecord } from './runFolder.ts';
import type { Work } from './plan.ts';

/** What a watcher of a run hears: every record as it is written, and what is going on in between. */
export type RunEvent =
  | RunRecord
  | {
      kind: 'plan';
      folder: string;
      config: RunConfig;
      work: Work[];
      /** Per piece of work: already on disk. */
      done: boolean[];
      cells: CellRecord[];
      resumed: boolean;
    }
  /** A piece of work begins or ends; `index` points into the plan. */
  | { kind: 'work'; index: number; state: 'begin' | 'end' }
  | { kind: 'progress'; done: number; total: number; tokens: number };

export type RunListener = (event: RunEvent) => void;

/** Two ways to end early: `stop` finishes the step in progress and saves, `abort` drops what is in progress. */
export interface StopSignals {
  stop: AbortSignal;
  abort: AbortSignal;
}

/** Why a run ended that somebody stopped. */
export const stoppedOnRequest = phrase('stopped on request');

/** Thrown inside a run when it was asked to stop; never seen outside. */
export class RunStopped extends Error {
  constructor() {
    super('stopped');
    this.name = 'AbortError';
  }
}

export interface Session extends StopSignals {
  folder: string;
  config: RunConfig;
  engine: Engine;
  /** The base model, loaded for inference. */
  base: ModelInfo;
  side: TextSide;
  /** What is on disk. */
  run: RunData;
  listener: RunListener;
}

/** Appends a record, keeps it and tells it. */
export async function record(session: Pick<Session, 'folder' | 'run' | 'listener'>, entry: RunRecord): Promise<void> {
  await appendRecord(session.folder, entry);
  keep(session.run, entry);
  session.listener(entry);
}

function keep(run: RunData, entry: RunRecord): void {
  switch (entry.kind) {
    case 'status':
      run.status = entry;
      return;
    case 'cell':
      run.cells.push(entry);
      return;
    case 'targets':
      run.targets.push(entry);
      return;
    case 'checkpoint':
      run.checkpoints.push(entry);
      return;
    case 'drift':
      run.drift.push(entry);
      return;
    case 'log':
      run.log.push(entry);
      return;
    case 'metric':
    case 'probe':
      // Steps are many and nothing here asks for them: they stay on disk.
      return;
    default:
      entry satisfies never;
  }
}

/** Writes something worth telling that is not a measurement. */
export async function log(
  session: Pick<Session, 'folder' | 'run' | 'listener'>,
  level: LogRecord['level'],
  message: Words,
): Promise<void> {
  const at = new Date().toISOString();
  await record(session, { kind: 'log', at, level, message: inEnglish(message), ...apart(message) });
}

/** Writes a change of the run's life. */
export async function setStatus(
  session: Pick<Session, 'folder' | 'run' | 'listener'>,
  state: StatusRecord['state'],
  reason?: Words,
): Promise<void> {
  const at = new Date().toISOString();
  const why = reason === undefined ? {} : { reason: inEnglish(reason) };
  await record(session, { kind: 'status', at, state, pid: process.pid, ...why, ...apart(reason) });
}

/** A phrase with its values apart, as records keep it beside its English. */
const apart = (words: Words | undefined): { words?: Phrase } => (typeof words === 'object' ? { words } : {});

/** Ends the run here when it was asked to stop. */
export function throwIfStopped(signals: StopSignals): void {
  if (signals.stop.aborted || signals.abort.aborted) throw new RunStopped();
}

/** Forwards an engine's progress. */
export function progressOf(
  session: Pick<Session, 'listener'>,
): (progress: { done: number; total: number; tokens: number }) => void {
  return ({ done, total, tokens }) => session.listener({ kind: 'progress', done, total, tokens });
}
