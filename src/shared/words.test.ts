import { describe, expect, it } from 'vitest';
import {
  formatChange,
  formatCount,
  formatDuration,
  formatLearningRate,
  formatP,
  formatPerplexity,
  formatScore,
  formatShare,
  shorten,
} from './words.ts';

describe('numbers in words', () => {
  it('scores and changes', () => {
    expect([0.524, 1, 0, 0.999].map(formatScore)).toEqual(['.52', '1.00', '.00', '1.00']);
    expect([0.41, -0.38, 0, -0.004, 0.375, (0.1 + 0.65) / 2, 0.0001].map(formatChange)).toEqual([
      '+41',
      '−38',
      '0',
      '−0.4',
      '+38',
      '+38',
      '0',
    ]);
  });

  it('rates, perplexities, shares, spans', () => {
    expect([3e-4, 1e-3, 2.5e-5, 0, 10].map(formatLearningRate)).toEqual(['3e-4', '1e-3', '2.5e-5', '0', '1e1']);
    expect([1.163, 480.4, 13_009.4, 5.8e5, Infinity].map(formatPerplexity)).toEqual([
      '1.16',
      '480',
      '13,009',
      '5.8e5',
      '∞',
    ]);
    expect([1, 0.238, 0.0634, 0, 0.05].map(formatShare)).toEqual(['100 %', '24 %', '6.3 %', '0 %', '5 %']);
    expect([40, 125, 120, 3780].map(formatDuration)).toEqual(['40 s', '2 min 5 s', '2 min', '1 h 3 min']);
    expect(formatCount(1234567)).toBe('1,234,567');
    expect([0.0312, 0.0001].map(formatP)).toEqual(['p = .031', 'p < .001']);
  });

  it('shortened text', () => {
    expect(shorten('遺忘困惑度', 3)).toBe('遺忘…');
    expect(shorten('ab', 2)).toBe('ab');
  });
});
