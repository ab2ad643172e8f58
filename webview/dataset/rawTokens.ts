// The answer inside a row's raw JSON: where each of its characters stands, through escapes, so that its tokens can be
// coloured in the text of the file.
import type { ScoredToken } from '../../src/shared/records.ts';

const short: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

interface Literal {
  value: string;
  /** Offset in the raw text of every UTF-16 unit of the value, and of the end. */
  at: number[];
  /** False: the raw text was cut inside it. */
  closed: boolean;
  /** After the closing quote. */
  end: number;
}

/** Reads the string that begins after a quote at `from - 1`. */
function readLiteral(raw: string, from: number): Literal {
  const at: number[] = [];
  let value = '';
  let k = from;
  while (k < raw.length && raw[k] !== '"') {
    const escape = raw[k] === '\\';
    const unicode = escape && raw[k + 1] === 'u';
    const length = unicode ? 6 : escape ? 2 : 1;
    // Cut within an escape: what it would have been is not known.
    if (k + length > raw.length) return { value, at: [...at, k], closed: false, end: raw.length };
    at.push(k);
    const next = raw[k + 1] ?? '';
    value += unicode
      ? String.fromCharCode(parseInt(raw.slice(k + 2, k + 6), 16))
      : escape
        ? (short[next] ?? next)
        : raw[k];
    k += length;
  }
  return { value, at: [...at, k], closed: k < raw.length, end: k + 1 };
}

/**
 * Tokens of `answer` with offsets in the raw row, for the last string that is the answer (or its beginning, where the raw
 * text was cut). Undefined where the row spells the answer otherwise.
 */
export function tokensInRaw(raw: string, answer: string, tokens: readonly ScoredToken[]): ScoredToken[] | undefined {
  let found: Literal | undefined;
  for (let k = raw.indexOf('"'); k >= 0;) {
    const literal = readLiteral(raw, k + 1);
    const fits = literal.closed ? literal.value === answer : literal.value !== '' && answer.startsWith(literal.value);
    if (fits) found = literal;
    k = literal.closed ? raw.indexOf('"', literal.end) : -1;
  }
  if (!found || answer === '') return undefined;
  const { at } = found;
  const last = at.length - 1;
  return tokens
    .filter(({ start, end }) => start < last && end > start)
    .map((token) => ({ ...token, start: at[token.start] as number, end: at[Math.min(token.end, last)] as number }));
}
