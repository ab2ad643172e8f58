import { describe, expect, it } from 'vitest';
import { canonicalNumber, endsSentence, findNumbers, referenceNumber } from './numbers.ts';

const values = (text: string): string[] => findNumbers(text).map((number) => number.value);

describe('findNumbers', () => {
  it.each([
    ['45-23=22', ['45', '23', '22']],
    ['45 - 23 = -22', ['45', '23', '-22']],
    ['(4)-3', ['4', '3']],
    ['it is -3, not −4', ['-3', '-4']],
    ['a loss of -$1,250.50!', ['-1250.5']],
    ['$1,234,567 and 1,23 and 1,2345', ['1234567', '1', '23', '1', '2345']],
    ['3.0 is 3. Then .5', ['3', '3', '0.5']],
    ['no numbers', []],
    ['x2 costs 007', ['2', '7']],
    ['- 5 apples', ['5']],
    ['a-5', ['5']],
  ])('reads %j', (text, expected) => {
    expect(values(text)).toEqual(expected);
  });
});

describe('canonicalNumber', () => {
  it.each([
    ['1,200.50', '1200.5'],
    ['-0', '0'],
    ['-0.0', '0'],
    ['+7', '7'],
    ['.5', '0.5'],
    ['100', '100'],
    ['10.', '10'],
    ['123456789012345678901', '123456789012345678901'],
    ['1,23', undefined],
    ['', undefined],
    ['.', undefined],
    ['1e5', undefined],
    ['seven', undefined],
  ])('makes %j into %j', (text, expected) => {
    expect(canonicalNumber(text)).toBe(expected);
  });
});

describe('referenceNumber', () => {
  it('takes numbers and text and nothing else', () => {
    expect([referenceNumber(42), referenceNumber(' 42.0 '), referenceNumber(null), referenceNumber(NaN)]).toEqual([
      '42',
      '42',
      undefined,
      undefined,
    ]);
  });
});

describe('endsSentence', () => {
  it.each([
    ['It is 42.', true],
    ['It is 42 .', true],
    ['It is **42**.', true],
    ['It is 42', true],
    ['It is 42%\nGood', true],
    ['42 apples', false],
    ['42, or', false],
  ])('%j: %s', (text, expected) => {
    const [number] = findNumbers(text);
    expect(number && endsSentence(text, number)).toBe(expected);
  });
});
