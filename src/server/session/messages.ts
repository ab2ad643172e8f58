// Between the server and a session process. The session also keeps its status in a file, so that a server that was not
// there from the beginning can follow it.
import type { Words } from '../../shared/phrase.ts';
import type { SessionProgress, SessionWork } from '../../shared/protocol/lab/sessions.ts';

export type StopHow = 'save' | 'now';

/** Nothing is done before `start` has come: the server first writes down which process it is. */
export type ToSession = { kind: 'start'; work: SessionWork; files: SessionFiles } | { kind: 'stop'; how: StopHow };

/** Files beside the queue that belong to one session. */
export interface SessionFiles {
  /** What the session wrote for people. */
  log: string;
  /** SessionStatus as JSON. */
  status: string;
  /** Its appearance, with `save` or `now` inside, asks a session to stop that has lost its server. */
  stop: string;
}

/** All that a session tells about itself. */
export interface SessionStatus {
  /** Run folder, once known. */
  run?: string;
  progress?: SessionProgress;
  end?: SessionEnd;
}

/** How it ended. */
export interface SessionEnd {
  state: 'done' | 'stopped' | 'failed';
  reason?: Words;
  remedy?: Words;
  /** Exit code of the command line for the same work. */
  exitCode: number;
  /** Files and folders written, for work that is not a run. */
  outputs?: string[];
  /** The result in words; of a run, what broke the forgetting budget. */
  result?: Words[];
}
