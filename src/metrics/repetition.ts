// Degeneration, diversity and script of generated text (methods 5.10): pure functions of words or tokens.

/** Words and single signs of a text; scripts that are written without spaces fall into their characters. */
export function splitWords(text: string): string[] {
  return (
    text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]|[\p{L}\p{N}\p{M}_]+|[^\s\p{L}\p{N}\p{M}_]/gu) ??
    []
  );
}

function ngrams(units: readonly (string | number)[], n: number): string[] {
  const grams: string[] = [];
  for (let start = 0; start + n <= units.length; start++) grams.push(JSON.stringify(units.slice(start, start + n)));
  return grams;
}

/** RP-n = 1 - distinct n-grams / n-grams of one response (methods 5.10). 0 when the response is shorter than n. */
export function repetitionRate(units: readonly (string | number)[], n = 4): number {
  const grams = ngrams(units, n);
  return grams.length === 0 ? 0 : 1 - new Set(grams).size / grams.length;
}

/** A block that the text ends by repeating. `length` = period * repeats units, 0 when there is no loop. */
export interface SuffixLoop {
  period: number;
  repeats: number;
  length: number;
}

/** The longest loop at the end of a response: the block and how many whole times it ends the text, at least twice. */
export function longestSuffixLoop(units: readonly (string | number)[]): SuffixLoop {
  let best: SuffixLoop = { period: 0, repeats: 0, length: 0 };
  const n = units.length;
  for (let period = 1; period * 2 <= n; period++) {
    let matched = 0;
    while (matched + period < n && units[n - 1 - matched] === units[n - 1 - matched - period]) matched++;
    const repeats = Math.floor(matched / period) + 1;
    if (repeats >= 2 && repeats * period > best.length) best = { period, repeats, length: repeats * period };
  }
  return best;
}

/** distinct-n: distinct n-grams / n-grams over several responses together; 0 when there are none (methods 5.10). */
export function distinctShare(responses: readonly (readonly (string | number)[])[], n: number): number {
  const grams = responses.flatMap((units) => ngrams(units, n));
  return grams.length === 0 ? 0 : new Set(grams).size / grams.length;
}

/** pass@k of n samples with c correct ones: 1 - C(n-c, k) / C(n, k) (methods 10.4). */
export function passAtK(n: number, c: number, k: number): number {
  if (k > n || k < 1 || c < 0 || c > n)
    throw new RangeError(`pass@${k} of ${n} samples with ${c} correct is not defined`);
  let miss = 1;
  for (let i = 0; i < k; i++) miss *= Math.max(0, n - c - i) / (n - i);
  return 1 - miss;
}

/** Writing systems told apart. */
export type Script = 'han' | 'kana' | 'hangul' | 'latin' | 'cyrillic' | 'other';

const scripts: readonly [Script, RegExp][] = [
  ['han', /\p{Script=Han}/u],
  ['kana', /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ['hangul', /\p{Script=Hangul}/u],
  ['latin', /\p{Script=Latin}/u],
  ['cyrillic', /\p{Script=Cyrillic}/u],
];

/** Shares of the letters of a text by script, an offline stand-in for language identity; all 0 without letters. */
export function scriptShares(text: string): Record<Script, number> {
  const shares: Record<Script, number> = { han: 0, kana: 0, hangul: 0, latin: 0, cyrillic: 0, other: 0 };
  const letters = text.match(/\p{L}/gu) ?? [];
  for (const letter of letters) {
    const script = scripts.find(([, pattern]) => pattern.test(letter))?.[0] ?? 'other';
    shares[script] += 1 / letters.length;
  }
  return shares;
}
