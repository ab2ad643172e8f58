import { describe, expect, it } from 'vitest';
import { breachesBudget, exceedsBudget } from './budget.ts';

describe('the forgetting budget', () => {
  it('is not breached by a drop of just the budget, however it was computed', () => {
    for (const value of [0.95 - 1, -0.05, 0.9 - 0.95]) {
      expect(breachesBudget({ value, hi: -0.01 }, 0.05), String(value)).toBe(false);
    }
    expect(exceedsBudget(229 / 240 - 241 / 240, 0.05)).toBe(false);
    expect(exceedsBudget(-0.054, 0.05)).toBe(true);
  });

  it('needs an interval below zero', () => {
    expect(breachesBudget({ value: -0.2, hi: -0.01 }, 0.05)).toBe(true);
    expect(breachesBudget({ value: -0.2, hi: 0 }, 0.05)).toBe(false);
    expect(breachesBudget({ value: -0.2 }, 0.05)).toBe(false);
  });
});
