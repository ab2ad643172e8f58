// Numbers in model answers: finding them and comparing them exactly, as decimal text rather than as floating point.

/** A number as found: its offsets in the text and its value in canonical decimal form. */
export interface FoundNumber {
  start: number;
  end: number;
  value: string;
}

// A minus sign counts only directly before the number and where nothing can be subtracted from: `45-23` and `45 - 23`
// hold 45 and 23. Commas are thousands separators when exactly three digits follow each of them. A currency sign may
// stand between sign and digits.
const NUMBER_SOURCE =
  '(?:(?<![\\p{L}\\p{N})\\]])[-\\u2212][$€£]?)?(?:\\d{1,3}(?:,\\d{3})+(?![\\d])|\\d+)(?:\\.\\d+)?' +
  '|(?:(?<![\\p{L}\\p{N})\\]])[-\\u2212])?(?<![\\p{L}\\p{N}])\\.\\d+';

/** All numbers of a text in order. */
export function findNumbers(text: string): FoundNumber[] {
  const found: FoundNumber[] = [];
  for (const match of text.matchAll(new RegExp(NUMBER_SOURCE, 'gu'))) {
    const value = canonicalNumber(match[0]);
    if (value !== undefined) found.push({ start: match.index, end: match.index + match[0].length, value });
  }
  return found;
}

/**
 * The canonical decimal form of one number ("$1,200.50" and "1200.5" are both "1200.5"), undefined for anything else.
 * Two numbers are equal exactly when their canonical forms are.
 */
export function canonicalNumber(text: string): string | undefined {
  const bare = text
    .trim()
    .replace(/\u2212/g, '-')
    .replace(/[\s$€£]/g, '');
  const plain = /^[-+]?\d{1,3}(?:,\d{3})+(?:\.\d*)?$/.test(bare) ? bare.replace(/,/g, '') : bare;
  const match = /^([-+]?)0*(\d*)(?:\.(\d*?)0*)?$/.exec(plain);
  if (!match || !/\d/.test(plain)) return undefined;
  const [, sign, whole, fraction] = match;
  const value = (whole || '0') + (fraction ? `.${fraction}` : '');
  return sign === '-' && value !== '0' ? `-${value}` : value;
}

/** The canonical form of a reference answer given as a number or as text. */
export function referenceNumber(answer: unknown): string | undefined {
  if (typeof answer === 'number') return Number.isFinite(answer) ? canonicalNumber(String(answer)) : undefined;
  return typeof answer === 'string' ? canonicalNumber(answer) : undefined;
}

/** Whether the number closes a sentence, a line or the text ("... is 42.", "42%", "(42)"). */
export function endsSentence(text: string, number: FoundNumber): boolean {
  return /^\s?[%"')\]*]*\s?(?:[.!?。!?](?:\s|["')\]*]|$)|\n|$)/u.test(text.slice(number.end));
}
