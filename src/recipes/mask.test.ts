import { describe, expect, test } from 'vitest';
import { maskSpans, maskTargets, spansOfColumn, tokensInSpans } from './mask.ts';

// tau 2.5 masks p < 0.4, that is nll > 0.9163 (methods 10.4).
const targets = [
  { logprobs: [Math.log(0.9), Math.log(0.39), Math.log(0.41), Math.log(0.1)], endIndex: 3 },
  { logprobs: [Math.log(0.2), Math.log(0.2), Math.log(0.99)], endIndex: 2 },
];

describe('selective token masking', () => {
  test('masks tokens with a perplexity above tau and protects the end of turn', () => {
    const result = maskTargets(targets, { kind: 'stm', tau: 2.5, protectEos: true }, 0);
    expect(result.masked).toEqual([
      [false, true, false, false],
      [true, true, false],
    ]);
    expect(result.share).toBeCloseTo(3 / 7, 12);
    expect(result.eosShare).toBe(0);
    expect(result.eosShareUnprotected).toBe(0.5);
  });

  test('reports masked ends of turn when they are not protected', () => {
    const result = maskTargets(targets, { kind: 'stm', tau: 2.5, protectEos: false }, 0);
    expect(result.masked[0]).toEqual([false, true, false, true]);
    expect(result.eosShare).toBe(0.5);
  });
});

describe('random masking', () => {
  test('masks exactly as many tokens as STM, elsewhere', () => {
    const many = Array.from({ length: 40 }, () => targets).flat();
    const stm = maskTargets(many, { kind: 'stm', tau: 2.5, protectEos: true }, 0);
    const random = maskTargets(many, { kind: 'random', rate: 'stm', tau: 2.5, protectEos: true }, 7);
    expect(random.share).toBe(stm.share);
    expect(random.masked).not.toEqual(stm.masked);
    expect(random.eosShare).toBe(0);
    expect(maskTargets(many, { kind: 'random', rate: 'stm', tau: 2.5, protectEos: true }, 7)).toEqual(random);
    expect(maskTargets(many, { kind: 'random', rate: 'stm', tau: 2.5, protectEos: true }, 8)).not.toEqual(random);
  });

  test('takes a share of its own', () => {
    const result = maskTargets(targets, { kind: 'random', rate: 0.3, tau: 2.5, protectEos: false }, 1);
    expect(result.share).toBeCloseTo(2 / 7, 12);
  });
});

describe('maskSpans', () => {
  test('joins neighbours and leaves out empty tokens', () => {
    expect(maskSpans([true, true, false, true, true], [0, 2, 4, 6, 8], [2, 4, 6, 8, 8])).toEqual([
      [0, 4],
      [6, 8],
    ]);
  });
});

describe('tokensInSpans', () => {
  test('is the way back from maskSpans', () => {
    const [starts, ends] = [
      [0, 2, 4, 6, 8],
      [2, 4, 6, 8, 8],
    ];
    const masked = [true, true, false, true, false];
    expect(tokensInSpans(maskSpans(masked, starts, ends), starts, ends)).toEqual(masked);
  });

  test('trains on nothing that is masked when the tokens are others', () => {
    expect(tokensInSpans([[2, 3]], [0, 1, 4], [1, 4, 6])).toEqual([false, true, false]);
  });

  test('takes a damaged column for none', () => {
    expect(spansOfColumn([[0, 1], [1], 'x', [1, 2.5], [2, 3]])).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(spansOfColumn('x')).toEqual([]);
  });
});
