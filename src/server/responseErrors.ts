// Errors on their way to an editor: what a person can mend keeps its words and remedy, everything else only its message.
import { ErrorCodes, ResponseError } from 'vscode-jsonrpc/node';
import { errorWords, LabError } from '../shared/errors.ts';
import { inEnglish } from '../shared/phrase.ts';
import type { Words } from '../shared/phrase.ts';
import type { LabErrorData } from '../shared/protocol/lab/message.ts';

/** As in the Language Server Protocol. */
const requestCancelled = -32800;
const serverError = -32000;

/** What crosses the wire for anything thrown by a handler. */
export function toResponseError(error: unknown): ResponseError<LabErrorData> {
  if (error instanceof ResponseError) return error as ResponseError<LabErrorData>;
  if (error instanceof LabError) {
    return new ResponseError(serverError, error.message, { code: error.code, words: error.words });
  }
  return faultResponse(isAbort(error) ? requestCancelled : ErrorCodes.InternalError, errorWords(error).message);
}

/** What no person can mend. */
export function faultResponse(code: number, message: Words): ResponseError<LabErrorData> {
  return new ResponseError(code, inEnglish(message), { code: undefined, words: { message } });
}

/** Cancellation is not an error worth a log line. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
