import { Tokenizer } from '@huggingface/tokenizers';
import { describe, expect, it } from 'vitest';
import { createBpeEncoder, tokenizerJson, trainBpe } from './bpe.ts';
import { bosToken, specialTokens, tokenizerConfig } from './chatFormat.ts';

// Words: "abab" x3, "ab" x2, "bc" x1. Pair counts: a+b 3*2+2 = 8, b+a 3, b+c 1. First merge ab; then ab+ab 3; then b+c 1.
const texts = ['abab', 'abab', 'abab', 'ab', 'ab', 'bc'];

describe('trainBpe', () => {
  it('merges the most frequent pair first', () => {
    const model = trainBpe(texts, { size: 1000, specials: ['<s>'], minimumCount: 1 });
    expect(model.merges).toEqual([
      ['a', 'b'],
      ['ab', 'ab'],
      ['b', 'c'],
    ]);
    expect(model.ids.size).toBe(1 + 256 + 3);
    expect(model.ids.get('<s>')).toBe(0);
    expect(model.ids.get('abab')).toBe(1 + 256 + 1);
  });

  it('stops at the wanted size and at the minimum count', () => {
    expect(trainBpe(texts, { size: 258, specials: ['<s>'] }).merges).toEqual([['a', 'b']]);
    expect(trainBpe(texts, { size: 1000, specials: ['<s>'], minimumCount: 2 }).merges).toHaveLength(2);
  });

  it('breaks ties by spelling, not by order of the texts', () => {
    const forwards = trainBpe(['xy', 'pq'], { size: 258, specials: ['<s>'], minimumCount: 1 });
    const backwards = trainBpe(['pq', 'xy'], { size: 258, specials: ['<s>'], minimumCount: 1 });
    expect(forwards.merges).toEqual([['p', 'q']]);
    expect(backwards.merges).toEqual(forwards.merges);
  });

  it('keeps digits and Chinese characters apart', () => {
    const model = trainBpe(['红花 红花 12 12 12'], { size: 300, specials: ['<s>'], minimumCount: 1 });
    const encode = createBpeEncoder(model);
    expect(encode('12')).toHaveLength(2);
    expect(encode('红花')).toHaveLength(2);
  });
});

describe('the written tokenizer.json', () => {
  const model = trainBpe(['Add 23 and 45.', 'In Chinese: 我们看见红鸟', 'call set_level(room="hall")', ...texts], {
    size: 320,
    specials: specialTokens,
  });
  const standard = new Tokenizer(tokenizerJson(model, bosToken), tokenizerConfig(256));
  const encode = createBpeEncoder(model);

  it.each(['Add 23 and 45.', 'a 我b红', '  two  spaces\n\nand\tmore ', 'emoji 😀 é', 'x=1;{"k": [2,3]}'])(
    'gives the ids of the training encoder for %j',
    (text) => {
      const ids = standard.encode(text, { add_special_tokens: false }).ids;
      expect(ids).toEqual(encode(text));
      expect(standard.decode(ids)).toBe(text);
    },
  );

  it('puts the start token before raw text only', () => {
    expect(standard.encode('Add').ids[0]).toBe(specialTokens.indexOf(bosToken));
  });
});
