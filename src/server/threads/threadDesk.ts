// A desk with a thread behind it, which is started on first need and ends when it has been idle for a while.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { LabError, type ErrorCode, type ErrorWords } from '../../shared/errors.ts';
import { inEnglish } from '../../shared/phrase.ts';
import type { Answers, Desk, Service } from './desk.ts';

/** What is sent to a thread. */
export interface ThreadRequest {
  id: number;
  kind: string;
  request: unknown;
}

/** What the thread sends back. */
export type ThreadReply =
  { id: number; result: unknown } | { id: number; error: { words: ErrorWords; code?: ErrorCode } };

export interface ThreadOptions {
  /** The thread's memory is given back after so long without work, milliseconds. */
  idleMs?: number;
  /** A request that takes longer ends the thread, milliseconds. Default: none does. */
  limitMs?: number;
}

const defaultIdleMs = 60_000;

interface Waiting {
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

/** The bundle of a thread: beside the running bundle, or in dist when running from source. */
export function threadFile(name: string): string | undefined {
  const candidates = [`./${name}.js`, `../../../dist/${name}.js`];
  return candidates.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((file) => existsSync(file));
}

/** A desk for a bundled thread. Without the bundle (tests from source) the same answers are made in this thread. */
export function createDesk<S extends Service>(name: string, answers: Answers<S>, options: ThreadOptions = {}): Desk<S> {
  const file = threadFile(name);
  if (file !== undefined) return new ThreadDesk(file, options);
  if (!import.meta.url.endsWith('.ts')) throw new Error(`${name}.js is missing beside the server`);
  return { ask: (kind, request) => answers[kind](request), close: () => Promise.resolve() };
}

/** A desk that works in a thread, where `serveDesk` answers. */
export class ThreadDesk<S extends Service> implements Desk<S> {
  private readonly file: string;
  private readonly idleMs: number;
  private readonly limitMs: number | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private thread: Worker | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastId = 0;

  constructor(file: string, { idleMs = defaultIdleMs, limitMs }: ThreadOptions = {}) {
    this.file = file;
    this.idleMs = idleMs;
    this.limitMs = limitMs;
  }

  ask<Kind extends keyof S & string>(kind: Kind, request: S[Kind]['ask']): Promise<S[Kind]['answer']> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      const message: ThreadRequest = { id, kind, request };
      this.started().postMessage(message);
      if (this.waiting.size === 1) this.watch();
    });
  }

  private started(): Worker {
    if (this.thread) return this.thread;
    const thread = new Worker(this.file);
    // The server decides how long it lives, not its threads.
    thread.unref();
    thread.on('message', (reply: ThreadReply) => this.take(reply));
    thread.on('error', (error) => this.lose(thread, error));
    thread.on('exit', () => this.lose(thread, new Error('the thread ended')));
    this.thread = thread;
    return thread;
  }

  private take(reply: ThreadReply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    this.watch();
    if ('result' in reply) waiting?.resolve(reply.result as never);
    else waiting?.reject(asError(reply.error));
  }

  /** From now on the thread may be idle, or work on its next request, for so long. */
  private watch(): void {
    clearTimeout(this.timer);
    const idle = this.waiting.size === 0;
    const ms = idle ? this.idleMs : this.limitMs;
    if (ms === undefined) return;
    this.timer = setTimeout(() => void this.end(idle ? 'was ended' : `took longer than ${ms / 1000} s`), ms);
    this.timer.unref();
  }

  private lose(thread: Worker, error: unknown): void {
    if (this.thread !== thread) return;
    this.thread = undefined;
    clearTimeout(this.timer);
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  close(): Promise<void> {
    return this.end('was ended');
  }

  private async end(why: string): Promise<void> {
    const { thread } = this;
    if (!thread) return;
    this.lose(thread, new Error(`the thread ${why}`));
    await thread.terminate();
  }
}

function asError({ words: { message, remedy }, code }: Extract<ThreadReply, { error: unknown }>['error']): Error {
  return code === undefined ? new Error(inEnglish(message)) : new LabError(code, message, { remedy });
}
