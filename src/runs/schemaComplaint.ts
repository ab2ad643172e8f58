// A complaint of the schema in words: what the value must be and what it is.
import type { z } from 'zod';
import { phrase } from '../shared/phrase.ts';
import type { Phrase, Words } from '../shared/phrase.ts';
import { shorten } from '../shared/words.ts';

const wantedWords: Record<string, Phrase> = {
  string: phrase('a text'),
  number: phrase('a number'),
  int: phrase('a whole number'),
  boolean: phrase('true or false'),
  array: phrase('a list'),
  tuple: phrase('a list'),
  object: phrase('a mapping'),
  record: phrase('a mapping'),
};

/** What refinements of the schema say, which are sentences of our own. */
const refinements = [phrase('must not be only dots')];

/** `steps must be a whole number, not the text "many"`. Items of lists are counted from 1. */
export function complaint(issue: z.core.$ZodIssue, value: unknown): Phrase {
  const name = nameOf(issue.path);
  const given = described(value);
  if (issue.code === 'invalid_type') {
    return phrase('{0} must be {1}, not {2}', name, wantedWords[issue.expected] ?? issue.expected, given);
  }
  if (issue.code === 'too_small') {
    const least = String(issue.minimum);
    if (isSize(issue.origin)) return tooFew(name, least, value);
    return issue.inclusive === false
      ? phrase('{0} must be above {1}, not {2}', name, least, given)
      : phrase('{0} must be at least {1}, not {2}', name, least, given);
  }
  if (issue.code === 'too_big') {
    const most = String(issue.maximum);
    if (isSize(issue.origin)) return tooMany(name, most, value);
    return issue.inclusive === false
      ? phrase('{0} must be below {1}, not {2}', name, most, given)
      : phrase('{0} must be at most {1}, not {2}', name, most, given);
  }
  if (issue.code === 'invalid_value') {
    return phrase('{0} must be one of {1}, not {2}', name, issue.values.join(', '), given);
  }
  if (issue.code === 'invalid_union') return phrase('{0} cannot be {1}', name, given);
  return phrase('{0}: {1}', name, refinements.find(({ text }) => text === issue.message) ?? issue.message);
}

const isSize = (origin: string): boolean => origin === 'string' || origin === 'array';

/** The last key of a path, with the key before where it says little by itself (`mask.kind`). */
export function nameOf(path: readonly PropertyKey[]): Words {
  const last = path.at(-1);
  const before = path.at(-2);
  if (last === 'kind' && typeof before === 'string') return `${before}.kind`;
  if (typeof last !== 'number') return last === undefined ? phrase('the file') : String(last);
  const list = path.findLast((key) => typeof key === 'string');
  return phrase('item {0} of {1}', last + 1, list ?? phrase('the list'));
}

function described(value: unknown): Words {
  if (typeof value === 'string') return phrase('the text {0}', JSON.stringify(shorten(value, 40)));
  if (Array.isArray(value)) return phrase('a list');
  if (typeof value === 'object' && value !== null) return phrase('a mapping');
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : phrase('nothing');
}

function tooFew(name: Words, least: string, value: unknown): Phrase {
  const items = Array.isArray(value) ? value.length : 0;
  if (items === 1) return phrase('{0} must have at least {1}, not 1 item', name, least);
  if (items > 1) return phrase('{0} must have at least {1}, not {2} items', name, least, items);
  return phrase('{0} must have at least {1}, not {2}', name, least, lengthOf(value));
}

/** Lists that are bounded may hold at least one item, so that what is too many is several. */
function tooMany(name: Words, most: string, value: unknown): Phrase {
  return Array.isArray(value)
    ? phrase('{0} must have at most {1}, not {2} items', name, most, value.length)
    : phrase('{0} must have at most {1}, not {2}', name, most, lengthOf(value));
}

function lengthOf(value: unknown): Phrase {
  const length = typeof value === 'string' ? value.length : 0;
  if (length === 0) return phrase('none');
  return length === 1 ? phrase('1 character') : phrase('{0} characters', length);
}
