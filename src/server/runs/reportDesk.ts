// Where the server has reports made: a thread that is started on first need and ends when it has been idle for a while.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { LabError } from '../../shared/errors.ts';
import type { ErrorCode, ErrorWords } from '../../shared/errors.ts';
import { inEnglish } from '../../shared/phrase.ts';
import type { ReportAnswers, ReportRequest } from './report.ts';

export interface ReportDesk {
  ask<Request extends ReportRequest>(request: Request): Promise<ReportAnswers[Request['kind']]>;
  close(): Promise<void>;
}

/** What the thread sends back. */
export type ReportReply =
  { id: number; result: unknown } | { id: number; error: { words: ErrorWords; code?: ErrorCode } };

/** The thread's memory (bootstrap draws, items) is given back after so long without work. */
const idleMs = 60_000;

interface Waiting {
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

/** The bundle of the thread: beside the running bundle, or in dist when running from source. */
export function reportThreadFile(): string | undefined {
  const candidates = ['./reportThread.js', '../../../dist/reportThread.js'];
  return candidates.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((file) => existsSync(file));
}

/** A desk that works in a thread. */
export class ThreadDesk implements ReportDesk {
  private readonly file: string;
  private readonly waiting = new Map<number, Waiting>();
  private thread: Worker | undefined;
  private timer: NodeJS.Timeout | undefined;
  private lastId = 0;

  constructor(file: string) {
    this.file = file;
  }

  ask<Request extends ReportRequest>(request: Request): Promise<ReportAnswers[Request['kind']]> {
    const id = ++this.lastId;
    clearTimeout(this.timer);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.started().postMessage({ id, request });
    });
  }

  private started(): Worker {
    if (this.thread) return this.thread;
    const thread = new Worker(this.file);
    // The server decides how long it lives, not its reports.
    thread.unref();
    thread.on('message', (reply: ReportReply) => {
      this.take(reply);
    });
    thread.on('error', (error) => {
      this.lose(thread, error);
    });
    thread.on('exit', () => {
      this.lose(thread, new Error('the report thread ended'));
    });
    this.thread = thread;
    return thread;
  }

  private take(reply: ReportReply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if ('result' in reply) waiting?.resolve(reply.result as never);
    else waiting?.reject(asError(reply.error));
    if (this.waiting.size > 0) return;
    this.timer = setTimeout(() => void this.close(), idleMs);
    this.timer.unref();
  }

  private lose(thread: Worker, error: unknown): void {
    if (this.thread !== thread) return;
    this.thread = undefined;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  /** Ends the thread; what it was asked is rejected. A later request starts another. */
  async close(): Promise<void> {
    clearTimeout(this.timer);
    const { thread } = this;
    if (!thread) return;
    this.lose(thread, new Error('the report thread was ended'));
    await thread.terminate();
  }
}

function asError({ words: { message, remedy }, code }: Extract<ReportReply, { error: unknown }>['error']): Error {
  return code === undefined ? new Error(inEnglish(message)) : new LabError(code, message, { remedy });
}
