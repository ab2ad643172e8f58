import { describe, expect, it } from 'vitest';
import type { ItemResult } from '../shared/records.ts';
import { findFlips } from './flips.ts';

function item(index: number, strict: number, lenient = strict): ItemResult {
  return { index, strict, lenient, parsed: true, output: `${index}`, finish: 'stop' };
}

describe('findFlips', () => {
  const before = { protocol: 'p', items: [item(0, 1), item(1, 1), item(2, 0), item(3, 0), item(5, 1)] };

  it('lists what was lost and what was won', () => {
    const after = { protocol: 'p', items: [item(5, 0, 1), item(0, 1), item(1, 0), item(2, 1), item(3, 0)] };
    const { rightToWrong, wrongToRight } = findFlips(before, after);
    expect(rightToWrong.map((flip) => [flip.index, flip.formatOnly])).toEqual([
      [1, false],
      [5, true],
    ]);
    expect(wrongToRight.map((flip) => [flip.index, flip.before.strict, flip.after.strict])).toEqual([[2, 0, 1]]);
  });

  it('refuses other protocols and other items', () => {
    const wrong = expect.objectContaining({ code: 'run-invalid' }) as unknown;
    expect(() => findFlips(before, { ...before, protocol: 'q' })).toThrow(wrong);
    expect(() => findFlips(before, { protocol: 'p', items: before.items.slice(1) })).toThrow(/5 and 4 items/);
    const others = [...before.items.slice(1), item(9, 1)];
    expect(() => findFlips(before, { protocol: 'p', items: others })).toThrow(/item 0 is missing/);
  });
});
