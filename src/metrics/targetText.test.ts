import { describe, expect, it } from 'vitest';
import { editDistance } from '../shared/nearest.ts';
import { closenessToGreedy, duplicateShare, editRatio, tokenF1, tokenKind, TokenKindCounter } from './targetText.ts';

const ln = Math.log;

describe('what targets are made of (methods 5.3)', () => {
  it('kinds of tokens', () => {
    const texts = ['12', ' the', '#', ' \n', 'x1', '你'];
    expect(texts.map(tokenKind)).toEqual(['number', 'word', 'symbol', 'whitespace', 'word', 'word']);
  });

  it('shares of kinds, and of hard tokens within each', () => {
    const counter = new TokenKindCounter();
    counter.add('number', ln(0.1));
    counter.add('number', ln(0.9));
    counter.add('word', ln(0.41));
    counter.add('template', ln(0.39));
    expect(counter.finish()).toEqual({
      number: { share: 0.5, hard: 0.5 },
      word: { share: 0.25, hard: 0 },
      template: { share: 0.25, hard: 1 },
    });
    expect(new TokenKindCounter().finish()).toEqual({});
  });

  it('duplicates', () => {
    expect(duplicateShare(['a', 'b', 'a', 'a'])).toBe(0.5);
    expect(duplicateShare([])).toBe(0);
  });

  it('edit distance and ratio', () => {
    const codes = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));
    expect(editDistance(codes('kitten'), codes('sitting'))).toBe(3);
    expect(editDistance([], [1, 2])).toBe(2);
    expect(editRatio([1, 2, 3, 4], [1, 3, 4])).toBe(0.25);
    expect(() => editRatio([], [1])).toThrow(RangeError);
  });

  it('token F1 counts repeated tokens as often as both have them', () => {
    expect(tokenF1([1, 1, 2, 3], [1, 2, 2])).toBeCloseTo(4 / 7, 12);
    expect(tokenF1([1], [2])).toBe(0);
    expect(tokenF1([], [])).toBe(0);
    expect(tokenF1([5, 6], [6, 5])).toBe(1);
  });

  it('closeness to greedy answers is the mean over pairs with an answer', () => {
    const pairs = [
      { greedy: [1, 2], target: [1, 2] },
      { greedy: [1, 2], target: [3, 4] },
      { greedy: [], target: [9] },
    ];
    expect(closenessToGreedy(pairs)).toEqual({ rows: 2, editRatio: 0.5, tokenF1: 0.5 });
    expect(closenessToGreedy([])).toBeUndefined();
  });
});
