// Numbers on the command line, refused in words when they are none.
import { LabError } from '../shared/errors.ts';
import { phrase, type Phrase } from '../shared/phrase.ts';

/** Reads a whole number of at least `least` from the command line. */
export function wholeNumber(name: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && text.trim() !== '') return value;
    throw new LabError('usage', phrase('{0} must be a whole number of at least {1}, not "{2}"', name, least, text));
  };
}

/** Reads a number within bounds from the command line; `above` leaves out the lower bound itself. */
export function numberBetween(name: string, least: number, most: number, above = false): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const highEnough = above ? value > least : value >= least;
    if (Number.isFinite(value) && highEnough && value <= most && text.trim() !== '') return value;
    throw new LabError('usage', notInRange(name, text, least, most, above));
  };
}

function notInRange(name: string, text: string, least: number, most: number, above: boolean): Phrase {
  if (least === -Infinity) {
    return most === Infinity
      ? phrase('{0} must be a number, not "{1}"', name, text)
      : phrase('{0} must be a number of at most {1}, not "{2}"', name, most, text);
  }
  if (most === Infinity) {
    return above
      ? phrase('{0} must be a number above {1}, not "{2}"', name, least, text)
      : phrase('{0} must be a number of at least {1}, not "{2}"', name, least, text);
  }
  return above
    ? phrase('{0} must be a number above {1} and at most {2}, not "{3}"', name, least, most, text)
    : phrase('{0} must be a number from {1} to {2}, not "{3}"', name, least, most, text);
}
