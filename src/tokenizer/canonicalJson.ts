// SHA-256 of JSON values that does not depend on key order or white space.
import { createHash } from 'node:crypto';

/** Hex SHA-256 of a JSON value with the keys of every object sorted. */
export function hashJson(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const record = value as Record<string, unknown>;
    // Large vocabularies have a hundred thousand keys: the built-in order of strings is several times as fast as a function.
    const keys = Object.keys(record).sort();
    const entries = keys.flatMap((key) =>
      record[key] === undefined ? [] : [`${JSON.stringify(key)}:${canonicalJson(record[key])}`],
    );
    return `{${entries.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
