// The connection to the lab server as features use it, without vscode: attached on the first request, restored when it
// breaks, within limits. Listeners live across connections.
import { setTimeout as sleep } from 'node:timers/promises';
import { errorWords, LabError, restricted } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import { serverLog } from '../../shared/protocol/lab/lifecycle.ts';
import type { NotificationSpec, RequestSpec } from '../../shared/protocol/lab/message.ts';
import type { LabState } from '../workbench.ts';
import { attach, AttachRefused, helloOf } from './attach.ts';
import type { Attached, AttachOptions } from './attach.ts';
import { Limiter } from './limiter.ts';
import { aborted, BrokenLink, NoAnswer, TurnedAway } from './link.ts';
import type { Link } from './link.ts';

export type LabClientOptions = Omit<AttachOptions, 'beforeStart'>;

/** A server that ends so often within this time is not started again. */
const mostStarts = 5;
const startWindowMs = 3 * 60_000;
const mostAttempts = 3;
/**
 * A server that leaves so many greetings, one after the other, without an answer is given up until the next request: each
 * silence takes long, while one that closes its connections may be about to end.
 */
const mostSilences = 3;
const mostTurnedAway = 7;
const firstDelayMs = 100;
const longestDelayMs = 5_000;

type Listener = (params: unknown) => void;

export class LabClient {
  private readonly options: LabClientOptions;
  private readonly limiter = new Limiter(mostStarts, startWindowMs);
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly stateListeners = new Set<(state: LabState) => void>();
  private current: LabState = 'stopped';
  private attached: Attached | undefined;
  private attaching: Promise<Attached> | undefined;
  private lastFailure: Words | undefined;
  private readonly end = new AbortController();

  constructor(options: LabClientOptions) {
    this.options = options;
  }

  get state(): LabState {
    return this.current;
  }

  /** Process id of the server while attached. */
  get serverPid(): number | undefined {
    return this.attached?.server.pid;
  }

  onDidChangeState(listener: (state: LabState) => void): () => void {
    this.stateListeners.add(listener);
    return () => void this.stateListeners.delete(listener);
  }

  /**
   * Sends a request; waits until a server is attached. One that only reads is sent again when the connection breaks.
   * Rejects with a LabError, or an AbortError after `signal`.
   */
  async request<Params, Result>(
    spec: RequestSpec<Params, Result>,
    params: Params,
    signal?: AbortSignal,
  ): Promise<Result> {
    if (spec.needsTrust && !this.options.trusted()) {
      throw restricted();
    }
    for (let attempt = 1; ; attempt++) {
      const { link } = await unlessAborted(this.whenAttached(), signal);
      try {
        if (spec.needsTrust) await this.passTrustOn();
        return await link.request<Result>(spec.method, params, signal);
      } catch (error) {
        const again = error instanceof BrokenLink && !spec.needsTrust && attempt < mostAttempts;
        if (!again || this.end.signal.aborted) throw error;
      }
    }
  }

  /** Sends a notification; dropped while not attached. */
  notify<Params>(spec: NotificationSpec<Params>, params: Params): void {
    this.attached?.link.notify(spec.method, params);
  }

  /** Hears a notification of every server that is attached from now on. Gives the function that ends it. */
  on<Params>(spec: NotificationSpec<Params>, listener: (params: Params) => void): () => void {
    const listeners = this.listeners.get(spec.method) ?? new Set<Listener>();
    this.listeners.set(spec.method, listeners.add(listener as Listener));
    return () => void listeners.delete(listener as Listener);
  }

  /**
   * Tells the server that trust has been granted since it was greeted: what waits for that there goes on. Requests that
   * need trust do so themselves, whoever hears of it first.
   */
  async passTrustOn(): Promise<void> {
    const { attached, options } = this;
    if (!attached || attached.trusted || !options.trusted()) return;
    await attached.link.hello(helloOf(attached.token, options), attached.server.pid);
    attached.trusted = true;
  }

  /** Detaches for good; the server goes on while it has work. */
  dispose(): void {
    this.end.abort();
    this.attached?.link.close();
    this.attached = undefined;
    this.become('stopped');
  }

  private whenAttached(): Promise<Attached> {
    if (this.end.signal.aborted) return Promise.reject(ended());
    if (this.attached) return Promise.resolve(this.attached);
    this.attaching ??= this.attachPatiently().finally(() => (this.attaching = undefined));
    return this.attaching;
  }

  private async attachPatiently(): Promise<Attached> {
    this.become('starting');
    let unanswered = 0;
    for (let delay = firstDelayMs; ; delay = Math.min(2 * delay, longestDelayMs)) {
      try {
        return this.welcome(await attach({ ...this.options, beforeStart: () => this.countStart() }));
      } catch (error) {
        if (this.end.signal.aborted) throw ended();
        // A refusal repeats the reason of the start that failed; keeping it would nest them.
        if (!(error instanceof AttachRefused)) this.lastFailure = errorWords(error).message;
        this.options.log('error', (error as Error).message);
        const most = mostUnanswered(error);
        unanswered = most === undefined ? 0 : unanswered + 1;
        if (error instanceof AttachRefused || !(error instanceof LabError) || unanswered >= (most ?? Infinity)) {
          this.become('failed');
          throw error;
        }
      }
      await sleep(delay, undefined, { signal: this.end.signal }).catch(() => {
        throw ended();
      });
    }
  }

  private countStart(): void {
    if (this.limiter.allows(Date.now())) return;
    const often = phrase('The lab server ended {0} times within 3 minutes and is not started again', mostStarts);
    const message = this.lastFailure === undefined ? often : phrase('{0}: {1}', often, this.lastFailure);
    throw new AttachRefused('server-unavailable', message, {
      remedy: phrase('The log of Forgetting Lab may say why; try again in a few minutes'),
    });
  }

  private welcome(attached: Attached): Attached {
    if (this.end.signal.aborted) {
      attached.link.close();
      throw ended();
    }
    this.attached = attached;
    attached.link.listen(
      (method, params) => this.hear(method, params),
      () => this.broke(attached.link),
    );
    this.become('attached');
    // Granted while hello was under way: nobody else would tell.
    this.passTrustOn().catch((error: unknown) => this.options.log('warning', (error as Error).message));
    return attached;
  }

  private hear(method: string, params: unknown): void {
    if (method === serverLog.method) {
      const { level, message } = params as { level: 'info' | 'warning' | 'error'; message: string };
      this.options.log(level, message);
    }
    for (const listener of this.listeners.get(method) ?? []) {
      try {
        listener(params);
      } catch (error) {
        this.options.log(
          'error',
          `${method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        );
      }
    }
  }

  private broke(link: Link): void {
    if (this.attached?.link !== link) return;
    this.attached = undefined;
    if (this.end.signal.aborted) return;
    this.lastFailure ??= phrase('the connection broke');
    // Live views need notifications, so the connection is restored without waiting for a request.
    this.whenAttached().catch(() => undefined); // the state says so, and the next request tells why
  }

  private become(state: LabState): void {
    if (state === this.current) return;
    this.current = state;
    for (const listener of this.stateListeners) listener(state);
  }
}

/** After how many greetings without an answer a server is given up; undefined where that is not what failed. */
function mostUnanswered(error: unknown): number | undefined {
  if (error instanceof NoAnswer) return mostSilences;
  return error instanceof TurnedAway ? mostTurnedAway : undefined;
}

/** What a promise gives, unless the signal comes first: attaching goes on for others. */
async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let stop: () => void = () => undefined;
  const stopped = new Promise<never>((_, reject) => {
    stop = () => reject(aborted());
  });
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([promise, stopped]).finally(() => signal.removeEventListener('abort', stop));
}

const ended = (): LabError =>
  new LabError('server-unavailable', phrase('This window is closing'), { remedy: phrase('Reload the window') });
