import { describe, expect, it } from 'vitest';
import { capital, fillIn, inEnglish, joinedBySemicolon, listed, phrase, say } from './phrase.ts';

const german: Record<string, string> = { 'lost {0} of {1}': 'von {1} weg: {0}', '{0} and {1}': '{0} und {1}' };
const translate = (text: string, ...values: (string | number)[]): string => fillIn(german[text] ?? text, values);

describe('a phrase', () => {
  it('is English with its values', () => {
    expect(inEnglish(phrase('lost {0} of {1}', 3, 'sorting'))).toBe('lost 3 of sorting');
    expect(inEnglish('as it is')).toBe('as it is');
  });

  it('is said in another language, with the phrases inside it', () => {
    const inner = listed(['a', 'b']);
    expect(say(phrase('lost {0} of {1}', 3, inner), translate)).toBe('von a und b weg: 3');
  });

  it('reads no places in a value', () => {
    expect(inEnglish(phrase('{0}: {1}', '{1}', phrase('{0}', '{0}')))).toBe('{1}: {0}');
  });

  it('begins a sentence with a capital', () => {
    expect(inEnglish(capital(phrase('{0} lost', phrase('one'))))).toBe('One lost');
  });

  it('lists as people write', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c', 'd']].map((parts) => inEnglish(listed(parts)))).toEqual([
      '',
      'a',
      'a and b',
      'a, b, c and d',
    ]);
    expect(inEnglish(joinedBySemicolon(['a', 'b', 'c']))).toBe('a; b; c');
  });
});
