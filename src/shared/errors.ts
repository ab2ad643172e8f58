// The one error class for what a person can mend (a bad file, a missing model, an unknown key). Anything else that is
// thrown is our own bug. The message names the thing and the place; the remedy says what to do about it.

/** Machine-readable reasons. `LabError` carries one; the command line prints it with `--json`. */
export type ErrorCode =
  | 'file-not-found'
  | 'file-unreadable'
  | 'disk-full'
  | 'safetensors-invalid'
  | 'model-unsupported'
  | 'model-invalid'
  | 'tokenizer-invalid'
  | 'template-invalid'
  | 'dataset-invalid'
  | 'dataset-empty'
  | 'experiment-invalid'
  | 'benchmark-invalid'
  | 'run-invalid'
  | 'run-not-resumable'
  | 'checkpoint-invalid'
  | 'loss-not-finite'
  | 'device-unavailable'
  | 'engine-died'
  | 'server-unavailable'
  | 'not-trusted'
  | 'usage';

/** An error that a person can mend. `message` names subject and place, `remedy` what to do. */
export class LabError extends Error {
  readonly code: ErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LabError';
    this.code = code;
    this.remedy = options.remedy;
  }
}

/** One line for a person: message, then the remedy when there is one. Works for any thrown value. */
export function describeError(error: unknown): string {
  if (error instanceof LabError) return error.remedy ? `${error.message}. ${error.remedy}` : error.message;
  return error instanceof Error ? error.message : String(error);
}
