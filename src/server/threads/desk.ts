// Work that would hold up the lab server is asked for at a desk, and done in a thread behind it.

/** Kinds of requests, each with what it asks and what comes back. Both cross between threads as structured clones. */
export type Service = Record<string, { ask: unknown; answer: unknown }>;

export interface Desk<S extends Service> {
  /** Rejects with a LabError that can be shown, or with an Error for what is our own fault. */
  ask<Kind extends keyof S & string>(kind: Kind, request: S[Kind]['ask']): Promise<S[Kind]['answer']>;
  /** Ends what is under way; what was asked is rejected. A later request is answered again. */
  close(): Promise<void>;
}

/** What a thread does, request by request. */
export type Answers<S extends Service> = {
  readonly [Kind in keyof S]: (request: S[Kind]['ask']) => Promise<S[Kind]['answer']>;
};
