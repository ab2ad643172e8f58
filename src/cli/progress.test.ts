import { expect, test } from 'vitest';
import { formatProgress, formatSeconds } from './progress.ts';

test('progress in words', () => {
  expect(formatSeconds(7.4)).toBe('7 s');
  expect(formatSeconds(200)).toBe('3 min 20 s');
  expect(formatSeconds(7500)).toBe('2 h 5 min');
  expect(formatProgress('Scoring', 'rows', { done: 50, total: 100, seconds: 10 })).toBe(
    'Scoring ████████████░░░░░░░░░░░░ 50/100 rows, 5.0 rows/s, 10 s left',
  );
  expect(formatProgress('Scoring', 'rows', { done: 50, total: 0, seconds: 10 })).toBe('Scoring 50 rows, 5.0 rows/s');
});
