import { expect, test, vi } from 'vitest';
import { Debounce } from './debounce.ts';

test('only the last call of a burst is carried out, for each key', () => {
  vi.useFakeTimers();
  const done: string[] = [];
  const debounce = new Debounce<string>(100);
  debounce.later('a', () => done.push('a1'));
  vi.advanceTimersByTime(60);
  debounce.later('a', () => done.push('a2'));
  debounce.later('b', () => done.push('b1'));
  vi.advanceTimersByTime(60);
  expect(done).toEqual([]);
  vi.advanceTimersByTime(60);
  expect(done).toEqual(['a2', 'b1']);
  debounce.later('a', () => done.push('a3'));
  debounce.dispose();
  vi.advanceTimersByTime(200);
  expect(done).toHaveLength(2);
  vi.useRealTimers();
});
