// What a person is told when a command fails: message and remedy, never a stack trace.
import { errorWords, LabError, onOneLine } from '../shared/errors.ts';
import { say } from '../shared/phrase.ts';
import { inMessage } from './outsideText.ts';
import type { Translate } from './translate.ts';

export interface Failure {
  /** For a notification. */
  text: string;
  /** Our own bug: its stack belongs into the log. */
  bug: boolean;
}

/** Undefined for cancellations, which are no failures. */
export function describeFailure(error: unknown, t: Translate): Failure | undefined {
  if (isCancellation(error)) return undefined;
  const words = errorWords(error);
  if (error instanceof LabError) return { text: inMessage(say(onOneLine(words), t)), bug: false };
  const message = say(words.message, t).trim() || t('something failed without a word');
  return { text: inMessage(firstLine(message)), bug: true };
}

/** The editor's CancellationError, an aborted signal, or a request that the server gave up because it was cancelled. */
export function isCancellation(error: unknown): boolean {
  return error instanceof Error && (error.name === 'Canceled' || error.name === 'AbortError');
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? text;
