// `last_number` (methods 6.1): the last number of the answer is the result, however it is introduced.
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
  check: (item) => (referenceNumber(item.answer) === undefined ? '"answer" must be a number' : undefined),
  judge(output, item, finish) {
    const gold = referenceNumber(item.answer);
    const numbers = findNumbers(output);
    const last = numbers.at(-1);
    if (gold === undefined || !last) {
      return verdict(false, false, { reason: last ? 'the reference is not a number' : 'no number in the output' });
    }
    const equal = last.value === gold;
    const ended = finish === 'stop';
    const lenient = equal || numbers.some((number) => number.value === gold && endsSentence(output, number));
    const reason = equal ? 'the answer did not end by itself' : `the last number is ${last.value}, not ${gold}`;
    return verdict(equal && ended, lenient, { extracted: last.value, reason });
  },
};
