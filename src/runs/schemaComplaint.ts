// A complaint of the schema in words: what the value must be and what it is.
import type { z } from 'zod';
import { shorten } from '../shared/words.ts';

const wantedWords: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a mapping',
  record: 'a mapping',
};

/** `steps must be a whole number, not the text "many"`. Items of lists are counted from 1. */
export function complaint(issue: z.core.$ZodIssue, value: unknown): string {
  const name = nameOf(issue.path);
  const given = described(value);
  if (issue.code === 'invalid_type') {
    return `${name} must be ${wantedWords[issue.expected] ?? issue.expected}, not ${given}`;
  }
  if (issue.code === 'too_small') {
    const least = String(issue.minimum);
    if (isSize(issue.origin)) return `${name} must have at least ${least}, not ${sizeOf(value)}`;
    return `${name} must be ${issue.inclusive === false ? 'above' : 'at least'} ${least}, not ${given}`;
  }
  if (issue.code === 'too_big') {
    const most = String(issue.maximum);
    if (isSize(issue.origin)) return `${name} must have at most ${most}, not ${sizeOf(value)}`;
    return `${name} must be ${issue.inclusive === false ? 'below' : 'at most'} ${most}, not ${given}`;
  }
  return `${name}: ${issue.message}`;
}

const isSize = (origin: string): boolean => origin === 'string' || origin === 'array';

/** The last key of a path, with the key before where it says little by itself (`mask.kind`). */
export function nameOf(path: readonly PropertyKey[]): string {
  const last = path.at(-1);
  const before = path.at(-2);
  if (last === 'kind' && typeof before === 'string') return `${before}.kind`;
  if (typeof last !== 'number') return last === undefined ? 'the file' : String(last);
  return `item ${last + 1} of ${String(path.findLast((key) => typeof key === 'string') ?? 'the list')}`;
}

function described(value: unknown): string {
  if (typeof value === 'string') return `the text ${JSON.stringify(shorten(value, 40))}`;
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'nothing';
}

function sizeOf(value: unknown): string {
  const size = typeof value === 'string' || Array.isArray(value) ? value.length : 0;
  const unit = typeof value === 'string' ? 'character' : 'item';
  return size === 0 ? 'none' : `${size} ${unit}${size === 1 ? '' : 's'}`;
}
