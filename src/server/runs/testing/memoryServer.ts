// A server context in memory: tests call what a part registered and see what it broadcast.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { NotificationSpec, RequestSpec } from '../../../shared/protocol/lab/message.ts';
import type { CallContext, Handler, ServerContext, ServerPart } from '../../context.ts';

export interface MemoryServer {
  call<Params, Result>(spec: RequestSpec<Params, Result>, params: Params, signal?: AbortSignal): Promise<Result>;
  /** The editor that calls dies. */
  leave(): void;
  /** A message that wants no answer. */
  notify<Params>(spec: NotificationSpec<Params>, params: Params): void;
  /** Everything told to editors so far. */
  messages: { method: string; params: unknown }[];
  /** Resolves with the params of the next broadcast of a method that fits. */
  next<Params>(
    spec: { method: string; types?: (params: Params) => void },
    fits?: (params: Params) => boolean,
  ): Promise<Params>;
  logged: string[];
  shutdown(): Promise<void>;
}

/** All calls come from one editor. */
const theClient = 1;

/** Starts a part on a workspace; it is shut down when the test ends. */
export async function memoryServer(part: ServerPart, workspace: string, stateFolder?: string): Promise<MemoryServer> {
  const handlers = new Map<string, Handler<unknown, unknown>>();
  const messages: MemoryServer['messages'] = [];
  const waiting = new Set<(message: { method: string; params: unknown }) => void>();
  const listeners = new Map<string, (params: unknown, context: CallContext) => void>();
  const gone: ((client: number) => void)[] = [];
  const endings: (() => Promise<void> | void)[] = [];
  const logged: string[] = [];
  const tell = (method: string, params: unknown): void => {
    const message = { method, params };
    messages.push(message);
    for (const take of waiting) take(message);
  };
  const context: ServerContext = {
    workspace,
    stateFolder: stateFolder ?? (await temporaryFolder('lab-state-')),
    handle: (spec, handler) => {
      handlers.set(spec.method, handler as Handler<unknown, unknown>);
    },
    onNotification: (spec, listener) => {
      listeners.set(spec.method, listener as (params: unknown, context: CallContext) => void);
    },
    broadcast: (spec, params) => {
      tell(spec.method, params);
    },
    send: (_, spec, params) => {
      tell(spec.method, params);
    },
    log: (_, message) => {
      logged.push(message);
    },
    onClientGone: (listener) => {
      gone.push(listener);
    },
    onTrusted: () => undefined,
    hold: () => () => undefined,
    end: () => Promise.resolve(),
    onShutdown: (listener) => {
      endings.push(listener);
    },
  };
  await part(context);
  const shutdown = async (): Promise<void> => {
    for (const end of endings.splice(0)) await end();
  };
  onTestFinished(shutdown);
  return {
    messages,
    logged,
    shutdown,
    notify: (spec, params) => {
      listeners.get(spec.method)?.(params, { signal: new AbortController().signal, client: theClient });
    },
    leave: () => {
      for (const listener of gone) listener(theClient);
    },
    call: async (spec, params, signal = new AbortController().signal) => {
      const handler = handlers.get(spec.method);
      if (!handler) throw new Error(`nobody handles ${spec.method}`);
      return (await handler(params, { signal, client: theClient })) as never;
    },
    next: (spec, fits = () => true) =>
      new Promise((resolve) => {
        const take = (message: { method: string; params: unknown }): void => {
          if (message.method !== spec.method || !fits(message.params as never)) return;
          waiting.delete(take);
          resolve(message.params as never);
        };
        waiting.add(take);
      }),
  };
}

/** A folder that is removed when the test ends. */
export async function temporaryFolder(prefix: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), prefix));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
