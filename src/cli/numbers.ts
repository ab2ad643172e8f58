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

/** Reads a number within bounds from the command line. */
export function numberBetween(name: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isFinite(value) && value >= least && value <= most && text.trim() !== '') return value;
    const range = most === Infinity ? `of at least ${least}` : least === -Infinity ? '' : `from ${least} to ${most}`;
    throw new LabError('usage', `${name} must be a number ${range}, not "${text}"`.replace('  ', ' '));
  };
}
