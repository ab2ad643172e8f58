import { describe, expect, it } from 'vitest';
import { itemCount, rowCount } from './counts.ts';
import { english } from './translate.ts';

describe('counts', () => {
  it('say one and several', () => {
    expect([1, 0, 2, 1500].map((count) => rowCount(count, english))).toEqual([
      '1 row',
      '0 rows',
      '2 rows',
      '1,500 rows',
    ]);
    expect([1, 64].map((count) => itemCount(count, english))).toEqual(['1 item', '64 items']);
  });

  it('claim no exactness where they are estimates', () => {
    expect(rowCount(101_030, english, true)).toBe('about 101,000 rows');
    expect(rowCount(2000, english, true)).toBe('about 2,000 rows');
    expect(itemCount(12_345, english, true)).toBe('about 12,300 items');
  });
});
