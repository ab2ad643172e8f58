// What the parts of the lab server share: where they register messages, and what they know of the workspace.
import type { Words } from '../shared/phrase.ts';
import type { NotificationSpec, RequestSpec } from '../shared/protocol/lab/message.ts';

export interface CallContext {
  /** Aborted when the caller cancels or goes away. */
  signal: AbortSignal;
  /** Identifies the connection, for state that belongs to one editor window. */
  client: number;
}

export type Handler<Params, Result> = (params: Params, context: CallContext) => Promise<Result> | Result;

/** One part of the server (queue, runs, datasets...) registers its messages here when the server starts. */
export interface ServerContext {
  /** Folder of the workspace, absolute. */
  readonly workspace: string;
  /** Private folder of this server for queue and caches; exists. */
  readonly stateFolder: string;
  handle<Params, Result>(spec: RequestSpec<Params, Result>, handler: Handler<Params, Result>): void;
  /** A message from an editor that wants no answer. */
  onNotification<Params>(spec: NotificationSpec<Params>, handler: (params: Params, context: CallContext) => void): void;
  /** Tells every attached editor. */
  broadcast<Params>(spec: NotificationSpec<Params>, params: Params): void;
  /** Tells one editor. */
  send<Params>(client: number, spec: NotificationSpec<Params>, params: Params): void;
  log(level: 'info' | 'warning' | 'error', message: string): void;
  /**
   * Called when the first editor with a trusted workspace attaches. Nothing may be executed or written before, whatever a
   * restored queue or cache asks for.
   */
  onTrusted(listener: () => void): void;
  /** Called when a connection closes. */
  onClientGone(listener: (client: number) => void): void;
  /**
   * Keeps the server alive while the returned function has not been called. With `next`, another server takes the work up as
   * it is, so that one of another version may follow.
   */
  hold(reason: Words, takenUpBy?: 'next'): () => void;
  /** Ends the server; what runs in session processes goes on. `why` is for the log. */
  end(why: string): Promise<void>;
  /** Called once when the server ends. */
  onShutdown(listener: () => Promise<void> | void): void;
}

/** Every part exports one of these. */
export type ServerPart = (server: ServerContext) => Promise<void> | void;
