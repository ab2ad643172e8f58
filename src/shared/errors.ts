// The one error class for what a person can mend (a bad file, a missing model, an unknown key). Anything else that is
// thrown is our own bug. The message names the thing and the place; the remedy says what to do about it.
import { inEnglish, phrase } from './phrase.ts';
import type { Words } from './phrase.ts';

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
  | 'run-versions-differ'
  | 'checkpoint-invalid'
  | 'loss-not-finite'
  | 'device-unavailable'
  | 'engine-died'
  | 'server-unavailable'
  | 'not-trusted'
  | 'usage';

/** What happened and what to do about it, for a reader of any language. */
export interface ErrorWords {
  message: Words;
  remedy?: Words;
}

/** An error that a person can mend. `message` names subject and place, `remedy` what to do; both in English. */
export class LabError extends Error {
  readonly code: ErrorCode;
  readonly words: ErrorWords;

  constructor(code: ErrorCode, message: Words, options: { remedy?: Words | undefined; cause?: unknown } = {}) {
    super(inEnglish(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'LabError';
    this.code = code;
    this.words = { message, ...(options.remedy === undefined ? {} : { remedy: options.remedy }) };
  }

  get remedy(): string | undefined {
    return this.words.remedy === undefined ? undefined : inEnglish(this.words.remedy);
  }
}

/** Message and remedy of any thrown value. What is not a LabError speaks for itself. */
export function errorWords(error: unknown): ErrorWords {
  if (error instanceof LabError) return error.words;
  return { message: error instanceof Error ? error.message : String(error) };
}

/** Both on one line. */
export function onOneLine({ message, remedy }: ErrorWords): Words {
  return remedy === undefined ? message : phrase('{0}. {1}', message, remedy);
}

/** One line for a person: message, then the remedy when there is one. Works for any thrown value. */
export function errorLine(error: unknown): Words {
  return onOneLine(errorWords(error));
}

/** The same in English. */
export function describeError(error: unknown): string {
  return inEnglish(errorLine(error));
}

/** What is told wherever something is refused in Restricted Mode. */
export function restricted(): LabError {
  return new LabError('not-trusted', phrase('Nothing is executed or written in Restricted Mode'), {
    remedy: phrase('Trust the workspace first'),
  });
}
