import { expect, test } from 'vitest';
import { Limiter } from './limiter.ts';

test('allows five times in three minutes, and again when they have passed', () => {
  const limiter = new Limiter(5, 180_000);
  const asked = [0, 1, 2, 3, 4, 5, 179_999, 180_000, 180_000, 180_001].map((now) => limiter.allows(now));
  expect(asked).toEqual([true, true, true, true, true, false, false, true, false, true]);
});
