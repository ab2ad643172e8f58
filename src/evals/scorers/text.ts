// `exact` and `contains`: the answer is a text, or a list of equally good ones.
import { phrase } from '../../shared/phrase.ts';
import { verdict, type Scorer } from '../scorer.ts';
import { acceptedTexts, checkTexts, normalize, wholeWords } from './words.ts';

const NO_REFERENCE = { reason: phrase('the reference is not a text') };

/** Whether one of the texts stands in `text` as whole words, both in normal form. */
function mentions(text: string, answers: readonly string[]): boolean {
  return answers.some((answer) => wholeWords(normalize(answer)).test(text));
}

export const exact: Scorer = {
  id: 'exact',
  title: 'Exact text',
  description:
    'Strict: the whole output equals the answer. Lenient: the output contains the answer as whole words. ' +
    'Case, repeated blanks and punctuation at the ends do not matter.',
  kind: 'generate',
  version: 1,
  check: checkTexts,
  judge(output, item) {
    const answers = acceptedTexts(item.answer);
    if (!answers) return verdict(false, false, NO_REFERENCE);
    const text = normalize(output);
    if (text === '') return verdict(false, false, { reason: phrase('the output is empty') });
    const equal = answers.some((answer) => normalize(answer) === text);
    return verdict(equal, equal || mentions(text, answers), { extracted: text, reason: phrase('the output differs') });
  },
  reference: (item) => acceptedTexts(item.answer)?.[0],
};

export const contains: Scorer = {
  id: 'contains',
  title: 'Contains the text',
  description:
    'Strict: the answer stands in the output letter by letter, as whole words (blanks are collapsed). ' +
    'Lenient: the same without regard to case and punctuation at its ends.',
  kind: 'generate',
  version: 1,
  check: checkTexts,
  judge(output, item) {
    const answers = acceptedTexts(item.answer);
    if (!answers) return verdict(false, false, NO_REFERENCE);
    const text = collapse(output);
    if (text === '') return verdict(false, false, { reason: phrase('the output is empty') });
    const verbatim = answers.find((answer) => wholeWords(collapse(answer)).test(text));
    const lenient = verbatim !== undefined || mentions(normalize(output), answers);
    const reason = phrase('the output does not contain the answer');
    return verdict(verbatim !== undefined, lenient, { extracted: verbatim, reason, parsed: true });
  },
};

function collapse(text: string): string {
  return text.replace(/\s+/gu, ' ').trim();
}
