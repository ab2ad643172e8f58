// Answers that mark their final number: `final_answer` ("The answer is N", the strict match of the common GSM8K
// harness) and `gsm8k` (official answers whose result follows "####"). Losing the marker is a loss of format, losing
// the number a loss of skill (methods 6.1, pitfall 2): strict asks for the marker, lenient takes the last number.
import { phrase } from '../../shared/phrase.ts';
import { canonicalNumber, findNumbers, referenceNumber } from '../numbers.ts';
import { verdict, type Scorer, type ScorerItem, type Verdict } from '../scorer.ts';

/** The number that the first "The answer is" introduces, in canonical form. */
function statedAnswer(output: string): string | undefined {
  const marker = /the (?:final )?answer is:?\s*[*$\\(]*/giu;
  for (const match of output.matchAll(marker)) {
    const rest = output.slice(match.index + match[0].length);
    const number = findNumbers(rest)[0];
    // A unit such as "$" may precede the number; words may not.
    if (number && !/[\p{L}\p{N}]/u.test(rest.slice(0, number.start))) return number.value;
  }
  return undefined;
}

/** The number on the first line that is just "#### N". Headings ("#### 1. Add") are not answers. */
function hashAnswer(output: string): string | undefined {
  for (const [, rest = ''] of output.matchAll(/^\s*####([^\n]*)$/gmu)) {
    const number = canonicalNumber(rest.replace(/[.%\s]+$/u, ''));
    if (number !== undefined) return number;
  }
  return undefined;
}

/** The official result of a GSM8K answer: what follows "####", commas removed. */
export function gsm8kGold(answer: unknown): string | undefined {
  if (typeof answer !== 'string') return referenceNumber(answer);
  const parts = answer.split('####');
  return canonicalNumber(parts.at(-1) ?? '');
}

function judgeMarked(marked: string | undefined, gold: string | undefined, output: string): Verdict {
  if (gold === undefined) return verdict(false, false, { reason: phrase('the reference is not a number') });
  const last = findNumbers(output).at(-1)?.value;
  const reason =
    marked === undefined
      ? phrase('no marked answer in the output')
      : phrase('the answer is {0}, not {1}', marked, gold);
  return verdict(marked === gold, marked === gold || last === gold, { extracted: marked, reason });
}

export const finalAnswer: Scorer = {
  id: 'final_answer',
  title: 'Final answer',
  description:
    'Strict: the number in the first "The answer is N" equals the answer. ' +
    'Lenient: that number or the last number in the output equals it.',
  kind: 'generate',
  version: 1,
  check: (item) => (referenceNumber(item.answer) === undefined ? phrase('"answer" must be a number') : undefined),
  judge: (output, item) => judgeMarked(statedAnswer(output), referenceNumber(item.answer), output),
};

export const gsm8k: Scorer = {
  id: 'gsm8k',
  title: 'GSM8K',
  description:
    'The answer is the official text with "#### N". Strict: the number marked by a line "#### N", or else by the first ' +
    '"The answer is N", equals it. Lenient: that number or the last number in the output equals it.',
  kind: 'generate',
  version: 1,
  check: (item: ScorerItem) =>
    gsm8kGold(item.answer) === undefined ? phrase('"answer" must end with "#### " and a number') : undefined,
  judge: (output, item) => judgeMarked(hashAnswer(output) ?? statedAnswer(output), gsm8kGold(item.answer), output),
  reference: ({ answer }) => (typeof answer === 'string' ? answer : undefined),
};
