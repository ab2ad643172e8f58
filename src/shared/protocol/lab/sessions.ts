// The queue: experiments and other long work, one after another, in processes of their own.
import type { Words } from '../../phrase.ts';
import { notification, request } from './message.ts';

/** As in the engine and in experiment files. */
export type Device = 'auto' | 'cpu' | 'webgpu' | 'cuda';

/** Where work computes as the editor is set. What an experiment file names itself comes first. */
export interface EngineSettings {
  device?: Device;
  threads?: number;
}

/** What a session does. Paths are absolute. */
export type SessionWork =
  | ({ kind: 'run'; experiment: string } & EngineSettings)
  | { kind: 'resume'; run: string; force?: boolean }
  | ({
      kind: 'targets';
      model: string;
      data: string;
      recipe: string;
      out: string;
      scorer?: string;
      field?: string;
      samples?: number;
      temperature?: number;
      instruction?: string;
      limit?: number;
      seed?: number;
      maxTokens?: number;
      /** Perplexity above which STM masks. */
      tau?: number;
      /** What happens to prompts without an accepted answer. */
      fallback?: 'drop' | 'ground-truth';
    } & EngineSettings)
  | ({ kind: 'evaluate'; model: string; experiment: string; benchmarks: string[] } & EngineSettings)
  | { kind: 'merge'; base: string; tuned: string; lambda: number; out: string };

export type SessionState = 'queued' | 'running' | 'stopping' | 'done' | 'stopped' | 'failed';

export interface SessionProgress {
  /** Share of the whole that is done, 0..1. Of a run its summary tells the same; views show that one. */
  share: number;
  /** What is going on, in words: `train (self-output · 3e-4 · seed 0, stage 1 subtraction)`. */
  activity: Words;
  secondsLeft?: number;
  step?: { index: number; count: number };
  loss?: number;
  tokensPerSecond?: number;
}

export interface SessionSummary {
  id: string;
  work: SessionWork;
  /** For people: name of the experiment, or what is built from what. */
  title: Words;
  state: SessionState;
  queuedAt: string;
  startedAt?: string;
  endedAt?: string;
  /** Run folder, once known. */
  run?: string;
  /** Files written, for work that is not a run. */
  outputs?: string[];
  /** Lines of a result in words; of a run, what broke the forgetting budget. */
  result?: Words[];
  /** Why it failed or stopped, and what to do. */
  reason?: Words;
  remedy?: Words;
  progress?: SessionProgress;
  /** Exit code of the command line for the same work (2: forgetting budget breached). */
  exitCode?: number;
}

export const listSessions = request<Record<string, never>, SessionSummary[]>('sessions/list');
export const launchSession = request<SessionWork, { id: string }>('sessions/launch', { needsTrust: true });
/** Rejects with what the command line says of two models that cannot be merged. */
export const checkMerge = request<{ base: string; tuned: string }, null>('sessions/checkMerge');
/**
 * Stops a session of the queue, or a run that a terminal started (by its folder). `save` finishes the step in progress
 * and saves, `now` ends the whole process tree.
 */
export const stopSession = request<{ id?: string; run?: string; how: 'save' | 'now' }, null>('sessions/stop', {
  needsTrust: true,
});
/** Takes an ended or queued session off the list. */
export const removeSession = request<{ id: string }, null>('sessions/remove', { needsTrust: true });
/** The last lines a session wrote. */
export const sessionLog = request<{ id: string }, { text: string }>('sessions/log');
/** Sessions that changed since the last notification (at most ten times a second). */
export const sessionsChanged = notification<{ sessions: SessionSummary[]; removed: string[] }>('sessions/changed');
