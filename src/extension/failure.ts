// What a person is told when a command fails: message and remedy, never a stack trace.
import { LabError } from '../shared/errors.ts';
import { inMessage } from './outsideText.ts';

export interface Failure {
  /** For a notification. */
  text: string;
  /** Our own bug: its stack belongs into the log. */
  bug: boolean;
}

/** Undefined for cancellations, which are no failures. */
export function describeFailure(error: unknown): Failure | undefined {
  if (isCancellation(error)) return undefined;
  const message = (error instanceof Error ? error.message : String(error)).trim() || 'something failed without a word';
  if (!(error instanceof LabError)) return { text: inMessage(firstLine(message)), bug: true };
  const text = error.remedy ? `${message.replace(/\.$/, '')}. ${error.remedy}` : message;
  return { text: inMessage(text), bug: false };
}

/** The editor's CancellationError, an aborted signal, or a request that the server gave up because it was cancelled. */
export function isCancellation(error: unknown): boolean {
  return error instanceof Error && (error.name === 'Canceled' || error.name === 'AbortError');
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? text;
