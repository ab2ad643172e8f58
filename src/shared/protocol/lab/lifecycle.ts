// Meeting and parting: the first message on a connection is hello, everything before it is refused.
import { notification, request } from './message.ts';

/** Raised with every incompatible change; both ends refuse another version with a message a person can act on. */
export const LAB_PROTOCOL_VERSION = 2;

/** Bounds of a frame; a larger one closes the connection. */
export const MAX_HEADER_BYTES = 8 * 1024;
export const MAX_BODY_BYTES = 64 * 1024 * 1024;

export interface LabHelloParams {
  protocolVersion: number;
  /** From the server's lock file, which only this user can read. */
  token: string;
  /** Who speaks, for the log: `editor 1.100.0`. */
  client: string;
  /** False in Restricted Mode: requests that execute or write are refused on this connection. */
  trusted: boolean;
}

export interface LabHelloResult {
  protocolVersion: number;
  /** Version of forgetting-lab that the server is part of. */
  version: string;
  pid: number;
  startedAt: string;
}

/** May be said again on the same connection when trust is granted. */
export const hello = request<LabHelloParams, LabHelloResult>('lab/hello');

/**
 * Asks a server to end; refused while it does something itself, and while another editor is attached. Sessions go on, and
 * the next server takes up the queue. The one request that is also answered after a hello of another version, so that a newer
 * editor can replace an older server.
 */
export const shutdown = request<Record<string, never>, null>('lab/shutdown');

/** A line for the editor's log. */
export const serverLog = notification<{ level: 'info' | 'warning' | 'error'; message: string }>('lab/log');
