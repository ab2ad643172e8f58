// Levels of format following for JSON answers (methods 5.9): the gap between "value right given the schema" and "value
// right whatever the format" separates a forgotten skill from a forgotten format.

export type JsonType = 'string' | 'number' | 'boolean' | 'array' | 'object' | 'null';

/** What a JSON answer must look like. */
export interface JsonExpectation {
  /** Keys that must exist, with their type where it matters. */
  keys: readonly { name: string; type?: JsonType }[];
  /** Default false: a key that is not listed breaks the schema. */
  allowExtra?: boolean;
  /** The right value and the key that must hold it. */
  answer?: { key: string; value: unknown };
}

export interface JsonLevels {
  /** The whole trimmed text is valid JSON. */
  strict: boolean;
  /** The first balanced object parses, after a code fence or leading text is removed. */
  lenient: boolean;
  /** An object with the required keys of the right types (read leniently). */
  schema: boolean;
  /** The schema holds and the key has the right value. */
  valueCorrect: boolean;
  /** The right value appears in the text, in whatever format. */
  valueIgnoringFormat: boolean;
}

function tryParse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined; // not JSON: that is the measurement
  }
}

/** The end of the object that opens at `start`, counting braces outside strings; -1 when it never closes. */
function objectEnd(text: string, start: number): number {
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at++) {
    const sign = text[at];
    if (inString) {
      if (sign === '\\') at++;
      else if (sign === '"') inString = false;
    } else if (sign === '"') inString = true;
    else if (sign === '{') depth++;
    else if (sign === '}' && --depth === 0) return at + 1;
  }
  return -1;
}

/** The first balanced object of a text that parses, with anything around it. Looks at no more than 64 opening braces. */
export function findJsonObject(text: string): { value: unknown } | undefined {
  let start = text.indexOf('{');
  for (let attempt = 0; start >= 0 && attempt < 64; attempt++) {
    const end = objectEnd(text, start);
    const parsed = end < 0 ? undefined : tryParse(text.slice(start, end));
    if (parsed) return parsed;
    start = text.indexOf('{', start + 1);
  }
  return undefined;
}

function jsonType(value: unknown): JsonType {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as JsonType;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return jsonType(value) === 'object';
}

function matchesSchema(value: unknown, expectation: JsonExpectation): boolean {
  if (!isRecord(value)) return false;
  const required = expectation.keys.every(
    ({ name, type }) => Object.hasOwn(value, name) && (type === undefined || jsonType(value[name]) === type),
  );
  if (!required) return false;
  const names = new Set(expectation.keys.map((key) => key.name));
  return expectation.allowExtra === true || Object.keys(value).every((name) => names.has(name));
}

/** Equal as JSON values, strings compared without case and surrounding space. */
function sameValue(a: unknown, b: unknown): boolean {
  if (typeof a === 'string' && typeof b === 'string') return a.trim().toLowerCase() === b.trim().toLowerCase();
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((part, k) => sameValue(part, b[k]));
  if (isRecord(a) && isRecord(b)) {
    const names = Object.keys(a);
    return (
      names.length === Object.keys(b).length &&
      names.every((name) => Object.hasOwn(b, name) && sameValue(a[name], b[name]))
    );
  }
  return a === b;
}

/** Whether a text names the value as a whole word. Structured values count when all their leaves are named. */
function mentions(text: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.every((part) => mentions(text, part));
  if (isRecord(value)) return Object.values(value).every((part) => mentions(text, part));
  const wanted = String(value).trim().toLowerCase();
  if (wanted === '') return false;
  const escaped = wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  // Scripts without spaces have no word edges, so edges are only asked for beside letters and digits of other scripts.
  const edge = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(wanted) ? '' : '[\\p{L}\\p{N}]';
  const pattern = edge === '' ? escaped : `(?<!${edge})(?<!\\d[.])${escaped}(?!${edge})(?![.]\\d)`;
  return new RegExp(pattern, 'u').test(text.toLowerCase());
}

/** All levels of one response (methods 5.9). */
export function jsonLevels(output: string, expectation: JsonExpectation): JsonLevels {
  const whole = tryParse(output.trim());
  const parsed = whole ?? findJsonObject(output);
  const schema = parsed !== undefined && matchesSchema(parsed.value, expectation);
  const { answer } = expectation;
  const held = schema && answer && isRecord(parsed.value) ? parsed.value[answer.key] : undefined;
  const valueCorrect = answer !== undefined && schema && sameValue(held, answer.value);
  return {
    strict: whole !== undefined,
    lenient: parsed !== undefined,
    schema,
    valueCorrect,
    valueIgnoringFormat: valueCorrect || (answer !== undefined && mentions(output, answer.value)),
  };
}
