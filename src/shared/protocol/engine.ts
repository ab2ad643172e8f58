// The wire between a client and the engine process: JSON-RPC over stdio. Weights never travel, only folders do.
import type { ErrorWords } from '../errors.ts';

/** Raised with every incompatible change; both ends refuse another version with a message a person can act on. */
export const ENGINE_PROTOCOL_VERSION = 2;

/** Method names. Params and results of the verbs are those of the Engine interface. */
export const engineMethods = {
  hello: 'engine/hello',
  load: 'engine/load',
  score: 'engine/score',
  sample: 'engine/sample',
  forwardBackward: 'engine/forwardBackward',
  optimStep: 'engine/optimStep',
  save: 'engine/save',
  restore: 'engine/restore',
  dispose: 'engine/dispose',
} as const;

export interface HelloParams {
  protocolVersion: number;
}

export interface HelloResult {
  protocolVersion: number;
  pid: number;
  runtime: string;
}

/** Notification from the engine while a long verb works. */
export const engineProgressMethod = 'engine/progress';

export interface EngineProgressParams {
  call: number;
  done: number;
  total: number;
  tokens: number;
}

/** A verb's request with the number under which its progress is reported. */
export interface EngineCall<T> {
  call: number;
  request: T;
}

/** `data` of an error response: enough to rebuild a LabError. */
export interface EngineErrorData {
  code: string | undefined;
  words: ErrorWords;
  aborted: boolean;
}
