// Numbers on the command line, refused in words when they are none.
import { LabError } from '../shared/errors.ts';

/** Reads a whole number of at least `least` from the command line. */
export function wholeNumber(name: string, least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= least && text.trim() !== '') return value;
    throw new LabError('usage', `${name} must be a whole number of at least ${least}, not "${text}"`);
  };
}

/** Reads a number within bounds from the command line; `above` leaves out the lower bound itself. */
export function numberBetween(name: string, least: number, most: number, above = false): (text: string) => number {
  return (text) => {
    const value = Number(text);
    const highEnough = above ? value > least : value >= least;
    if (Number.isFinite(value) && highEnough && value <= most && text.trim() !== '') return value;
    throw new LabError('usage', `${name} must be a number${rangeWords(least, most, above)}, not "${text}"`);
  };
}

function rangeWords(least: number, most: number, above: boolean): string {
  if (least === -Infinity) return most === Infinity ? '' : ` of at most ${most}`;
  if (most === Infinity) return above ? ` above ${least}` : ` of at least ${least}`;
  return above ? ` above ${least} and at most ${most}` : ` from ${least} to ${most}`;
}
