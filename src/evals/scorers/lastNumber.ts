// `last_number` (methods 6.1): the last number of the answer is the result, however it is introduced.
import { phrase } from '../../shared/phrase.ts';
import { endsSentence, findNumbers, referenceNumber } from '../numbers.ts';
import { verdict, type Scorer } from '../scorer.ts';

export const lastNumber: Scorer = {
  id: 'last_number',
  title: 'Last number',
  description:
    'Strict: the last number in the output equals the answer and the model ended the answer by itself. ' +
    'Lenient: the last number, or any number that closes a sentence or line, equals it. ' +
    'Thousands separators and trailing zeros do not matter.',
  kind: 'generate',
  version: 1,
  check: (item) => (referenceNumber(item.answer) === undefined ? phrase('"answer" must be a number') : undefined),
  judge(output, item, finish) {
    const gold = referenceNumber(item.answer);
    const numbers = findNumbers(output);
    const last = numbers.at(-1);
    if (gold === undefined || !last) {
      const reason = last ? phrase('the reference is not a number') : phrase('no number in the output');
      return verdict(false, false, { reason });
    }
    const equal = last.value === gold;
    const ended = finish === 'stop';
    const lenient = equal || numbers.some((number) => number.value === gold && endsSentence(output, number));
    const reason = equal
      ? phrase('the answer did not end by itself')
      : phrase('the last number is {0}, not {1}', last.value, gold);
    return verdict(equal && ended, lenient, { extracted: last.value, reason });
  },
};
