// Stop strings over an engine that knows token ids only: their usual tokens end a generation early, and the text is cut at the
// first occurrence, however it was tokenized.
import type { TextSide } from './textSide.ts';

/** Token sequences that end a generation as soon as one of them stands at its end. */
export function encodeStops(side: TextSide, stops: readonly string[]): number[][] {
  return stops.filter((stop) => stop !== '').map((stop) => side.tokenizer.encode(stop).ids);
}

export interface CutText {
  text: string;
  /** How many of the tokens make up `text` or less: the token that a stop string begins in is left out. */
  tokens: number;
  /** Whether a stop string was found. */
  stopped: boolean;
}

/** Decodes tokens up to the first occurrence of a stop string. */
export function cutAtStop(side: TextSide, tokens: readonly number[], stops: readonly string[]): CutText {
  const whole = side.tokenizer.decode(tokens);
  const found = stops.filter((stop) => stop !== '').map((stop) => whole.indexOf(stop));
  const first = Math.min(...found.filter((index) => index >= 0));
  if (!Number.isFinite(first)) return { text: whole, tokens: tokens.length, stopped: false };
  let count = tokens.length;
  while (count > 0 && side.tokenizer.decode(tokens.slice(0, count)).length > first) count--;
  return { text: whole.slice(0, first), tokens: count, stopped: true };
}
