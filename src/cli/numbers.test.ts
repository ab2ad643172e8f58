import { expect, test } from 'vitest';
import { numberBetween, wholeNumber } from './numbers.ts';

test('numbers are refused in words that name the option and the range', () => {
  expect(wholeNumber('--limit', 1)('12')).toBe(12);
  expect(() => wholeNumber('--limit', 1)('0')).toThrow('--limit must be a whole number of at least 1, not "0"');
  expect(numberBetween('--lambda', -Infinity, Infinity)('-0.5')).toBe(-0.5);
  expect(() => numberBetween('--lambda', -Infinity, Infinity)('x')).toThrow('--lambda must be a number, not "x"');
  expect(() => numberBetween('--t', 0, 100)('')).toThrow('--t must be a number from 0 to 100, not ""');
  expect(() => numberBetween('--top-p', 0, 1, true)('0')).toThrow(
    '--top-p must be a number above 0 and at most 1, not "0"',
  );
});
