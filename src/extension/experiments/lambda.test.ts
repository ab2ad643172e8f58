import { expect, test } from 'vitest';
import { readLambda } from './lambda.ts';

test('lambda is any finite number', () => {
  expect(['0.5', ' 1 ', '-0.2', '1.5', '1e-1'].map(readLambda)).toEqual([0.5, 1, -0.2, 1.5, 0.1]);
  expect(['', ' ', 'half', '1,5', 'Infinity', 'NaN'].map(readLambda)).toEqual(Array(6).fill(undefined));
});
