// How messages between the editor and the lab server are declared: once, with the types of both directions. The wire is
// JSON-RPC 2.0 framed as in the Language Server Protocol.

import type { ErrorWords } from '../../errors.ts';

/** A request: `Params` go to the server, `Result` comes back. */
export interface RequestSpec<Params, Result> {
  readonly method: string;
  /** Executes or writes something: refused in Restricted Mode, by the editor before sending and by the server. */
  readonly needsTrust?: boolean;
  /** Types only; never set. */
  readonly types?: (params: Params) => Result;
}

/** A notification: `Params` go one way, nothing comes back. */
export interface NotificationSpec<Params> {
  readonly method: string;
  /** Types only; never set. */
  readonly types?: (params: Params) => void;
}

export const request = <Params, Result>(
  method: string,
  options: { needsTrust?: boolean } = {},
): RequestSpec<Params, Result> => ({ method, ...options });
export const notification = <Params>(method: string): NotificationSpec<Params> => ({ method });

/** `data` of an error response: enough to show the error with its remedy. */
export interface LabErrorData {
  code: string | undefined;
  words: ErrorWords;
}
