// `sequence`: items in the right order, for instance sorted numbers or words. What counts as the answer is the last run
// of items in the output, so that a question repeated before the answer does no harm.
import { phrase } from '../../shared/phrase.ts';
import { verdict, type Scorer } from '../scorer.ts';

const NUMBER = /(?<![\p{L}\p{N}.])[-\u2212]?\d+(?:\.\d+)?(?![\p{L}\p{N}])/gu;
const SEPARATORS = /[\s,;|<>→[\](){}"'-]/u;
const LIST_SEPARATOR = /\s*(?:,|;|\||->|→|<|>)\s*(?:and\s+)?/u;

/** The items of a reference: a list, or a text with items between blanks, commas, semicolons or bars. */
function referenceItems(answer: unknown): string[] | undefined {
  if (typeof answer === 'string') return nonEmpty(answer.split(/[\s,;|]+/u));
  if (!Array.isArray(answer)) return undefined;
  const scalar = answer.every((entry) => typeof entry === 'string' || typeof entry === 'number');
  return scalar ? nonEmpty(answer.map(String)) : undefined;
}

function nonEmpty(items: string[]): string[] | undefined {
  const kept = items.map((item) => item.trim().toLowerCase()).filter((item) => item !== '');
  return kept.length > 0 ? kept : undefined;
}

const isNumber = (text: string): boolean => /^-?\d+(?:\.\d+)?$/.test(text);

/** Maximal runs of numbers with nothing but separators (and a last "and") between them. */
function numberRuns(text: string, acrossLines: boolean): string[][] {
  const runs: string[][] = [];
  let end = -1;
  for (const match of text.matchAll(NUMBER)) {
    const between = text.slice(Math.max(end, 0), match.index);
    const gap = between.replace(/\band\b/u, '');
    const joined = end >= 0 && [...gap].every((char) => SEPARATORS.test(char) && (acrossLines || char !== '\n'));
    const value = match[0].replace('\u2212', '-');
    if (joined) runs.at(-1)?.push(value);
    else runs.push([value]);
    end = match.index + match[0].length;
  }
  return runs;
}

/** Number runs as long as a sequence must be; a list with one number a line counts when no line holds more. */
function numberSequences(text: string, length: number): string[][] {
  const longEnough = (runs: string[][]): string[][] => runs.filter((run) => length === 1 || run.length > 1);
  const runs = longEnough(numberRuns(text, false));
  return runs.length > 0 ? runs : longEnough(numberRuns(text, true));
}

/**
 * Word sequences, one per clause (clauses end at . : ! ? and line ends). In a clause with list separators the text up
 * to the last word before the first separator is the lead-in; otherwise everything up to "is" or "are" is.
 */
function wordSequences(text: string): string[][] {
  const clauses = text.toLowerCase().split(/[.:!?。：！？]+(?:\s|$)|\n+/u);
  return clauses.map(clauseItems).filter((items) => items.length > 0);
}

function clauseItems(clause: string): string[] {
  const bare = clause.replace(/["'`*()[\]{}]/gu, ' ').trim();
  if (bare === '') return [];
  if (LIST_SEPARATOR.test(bare)) {
    const [head = '', ...tail] = bare.split(new RegExp(LIST_SEPARATOR, 'u'));
    const first = head.trim().split(/\s+/u).at(-1) ?? '';
    const rest = tail.flatMap((item) => item.trim().split(/\s+and\s+/u));
    return [first, ...rest].filter((item) => item !== '');
  }
  const words = bare.split(/\s+/u);
  const verb = Math.max(words.lastIndexOf('is'), words.lastIndexOf('are'));
  return words.slice(verb + 1);
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function within(gold: readonly string[], items: readonly string[]): boolean {
  return items.some((_, start) => equal(gold, items.slice(start, start + gold.length)));
}

export const sequence: Scorer = {
  id: 'sequence',
  title: 'Sequence',
  description:
    'The answer is a list of items in order, for instance "1 3 7 9". Strict: the last sequence in the output is exactly ' +
    'it. Lenient: it appears anywhere in the output. Items may stand between blanks, commas, semicolons, bars or arrows.',
  kind: 'generate',
  version: 1,
  check: (item) =>
    referenceItems(item.answer) ? undefined : phrase('"answer" must be a list of items, for instance "1 3 7"'),
  judge(output, item) {
    const gold = referenceItems(item.answer);
    if (!gold) return verdict(false, false, { reason: phrase('the reference is not a sequence') });
    const runs = gold.every(isNumber) ? numberSequences(output, gold.length) : wordSequences(output);
    const last = runs.at(-1);
    if (!last) return verdict(false, false, { reason: phrase('no sequence in the output') });
    const right = equal(last, gold);
    const lenient = right || runs.some((run) => within(gold, run));
    const extracted = last.join(' ');
    const reason = phrase('the last sequence is {0}, not {1}', extracted, gold.join(' '));
    return verdict(right, lenient, { extracted, reason });
  },
};
