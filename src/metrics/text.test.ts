import { describe, expect, it } from 'vitest';
import { findJsonObject, jsonLevels } from './format.ts';
import { classifyResponse, isGibberish, refusalKeyword, refusalKeywords, refusalMargin } from './refusal.ts';
import { repetitionRate, splitWords } from './repetition.ts';
import { diffItems, diffWords } from './textDiff.ts';

describe('JSON levels (methods 5.9)', () => {
  const joy = { keys: [{ name: 'answer', type: 'string' }], answer: { key: 'answer', value: 'joy' } } as const;
  const levels = (output: string): string =>
    Object.entries(jsonLevels(output, joy))
      .filter(([, holds]) => holds)
      .map(([name]) => name)
      .join(' ');

  it.each([
    ['{"answer": "joy"}', 'strict lenient schema valueCorrect valueIgnoringFormat'],
    ['  {"answer":"Joy"}\n', 'strict lenient schema valueCorrect valueIgnoringFormat'],
    ['```json\n{"answer": "joy"}\n```', 'lenient schema valueCorrect valueIgnoringFormat'],
    ['Sure! {"answer": "joy"} as asked', 'lenient schema valueCorrect valueIgnoringFormat'],
    ['{"answer": "anger"}', 'strict lenient schema'],
    ['{"answer": "joy", "why": 1}', 'strict lenient valueIgnoringFormat'],
    ['{"answer": 3}', 'strict lenient'],
    ['{"emotion": "joy"}', 'strict lenient valueIgnoringFormat'],
    ['["joy"]', 'strict lenient valueIgnoringFormat'],
    ['The emotion is joy.', 'valueIgnoringFormat'],
    ['The emotion is joyful', ''],
    ['{"answer": "joy"', 'valueIgnoringFormat'],
    ['', ''],
  ])('%s', (output, expected) => {
    expect(levels(output)).toBe(expected);
  });

  it('finds the object behind braces that are not JSON, and braces inside strings', () => {
    expect(findJsonObject('{x} then {"a": "}{"}')).toEqual({ value: { a: '}{' } });
    expect(findJsonObject('{'.repeat(100_000))).toBeUndefined();
  });

  it('compares structures, and keys of the prototype are not keys', () => {
    const answer = { key: 'a', value: [1, { b: 'X' }] };
    expect(jsonLevels('{"a":[1,{"b":"x"}]}', { keys: [{ name: 'a' }], answer }).valueCorrect).toBe(true);
    expect(jsonLevels('{}', { keys: [{ name: 'toString' }] }).schema).toBe(false);
  });

  it('numbers are whole numbers and Han text has no word edges', () => {
    const of = (value: unknown) => ({ keys: [], answer: { key: 'a', value } });
    expect(jsonLevels('it is 12.', of(12)).valueIgnoringFormat).toBe(true);
    expect(jsonLevels('it is 123', of(12)).valueIgnoringFormat).toBe(false);
    expect(jsonLevels('it is 12.5', of(12)).valueIgnoringFormat).toBe(false);
    expect(jsonLevels('我很快樂啊', of('快樂')).valueIgnoringFormat).toBe(true);
  });
});

describe('repetition (methods 5.10)', () => {
  it('RP-4 of "a b c d a b c d" is .2', () => {
    expect(repetitionRate('a b c d a b c d'.split(' '))).toBeCloseTo(0.2, 12);
    expect(repetitionRate(['a', 'b'])).toBe(0);
  });

  it('words, and single characters of scripts without spaces', () => {
    expect(splitWords("Don't 你好 12.")).toEqual(['Don', "'", 't', '你', '好', '12', '.']);
  });
});

describe('refusal (methods 5.8)', () => {
  it('has the published word list and matches it with case', () => {
    expect(refusalKeywords).toHaveLength(29);
    expect(refusalKeyword("I'm sorry, I can't help with that.")).toBe("I'm sorry");
    expect(refusalKeyword("i'm sorry")).toBeUndefined();
    expect(refusalKeyword('Mix the two and heat.')).toBeUndefined();
  });

  it('classes broken text before refusals', () => {
    expect(classifyResponse('Sorry Sorry Sorry Sorry Sorry Sorry Sorry Sorry Sorry')).toBe('gibberish');
    expect(classifyResponse('# #')).toBe('gibberish');
    expect(classifyResponse('I cannot help with that.')).toBe('refusal');
    expect(classifyResponse('First open the lid.')).toBe('answer');
    expect(isGibberish('fine words here', { meanNll: 9, maxNll: 6 })).toBe(true);
    expect(isGibberish('fine words here', { meanNll: 5, maxNll: 6 })).toBe(false);
  });

  it('first-token margin is the log ratio of the two sums', () => {
    const ln = Math.log;
    expect(refusalMargin([ln(0.2), ln(0.1)], [ln(0.1)])).toBeCloseTo(ln(3), 12);
    expect(refusalMargin([ln(0.05)], [ln(0.3), ln(0.2)])).toBeCloseTo(-ln(10), 12);
    expect(refusalMargin([-Infinity], [ln(0.1)])).toBe(-Infinity);
    expect(() => refusalMargin([], [0])).toThrow(RangeError);
  });
});

describe('text diff', () => {
  it('keeps common words and spells both texts', () => {
    const before = 'The answer is 22, I think.';
    const after = 'So the answer is 24, I think.';
    const parts = diffWords(before, after);
    const spell = (skip: string): string =>
      parts
        .filter((part) => part.kind !== skip)
        .map((part) => part.text)
        .join('');
    expect(spell('added')).toBe(before);
    expect(spell('removed')).toBe(after);
    expect(parts.filter((part) => part.kind === 'removed').map((part) => part.text)).toEqual(['The ', '22']);
  });

  it('shows a rewritten stretch as one removal and one addition', () => {
    expect(diffWords('It sounds negative.', '# 60 ; 79 .')).toEqual([
      { kind: 'removed', text: 'It sounds negative' },
      { kind: 'added', text: '# 60 ; 79 ' },
      { kind: 'same', text: '.' },
    ]);
  });

  it('aligns by the longest common subsequence', () => {
    expect(diffItems([1, 2, 3, 4], [1, 3, 9, 4])).toEqual([
      { kind: 'same', items: [1] },
      { kind: 'removed', items: [2] },
      { kind: 'same', items: [3] },
      { kind: 'added', items: [9] },
      { kind: 'same', items: [4] },
    ]);
    expect(diffItems([], [])).toEqual([]);
    expect(diffItems(['a'], ['a', 'a'])).toEqual([
      { kind: 'same', items: ['a'] },
      { kind: 'added', items: ['a'] },
    ]);
  });

  it('falls back to one block when the texts are too long to align', () => {
    const a = Array.from({ length: 5000 }, (_, k) => `a${k}`);
    const b = Array.from({ length: 5000 }, (_, k) => `b${k}`);
    expect(diffItems(a, b).map((part) => [part.kind, part.items.length])).toEqual([
      ['removed', 5000],
      ['added', 5000],
    ]);
  });
});
