import { describe, expect, it } from 'vitest';
import { cutAtStop, encodeStops } from './stopStrings.ts';
import type { TextSide } from './textSide.ts';
import { byteLevelTokenizer } from '../tokenizer/testTokenizers.ts';
import { createTokenizer } from '../tokenizer/tokenizer.ts';

const tokenizer = createTokenizer(byteLevelTokenizer(), {});
const side: TextSide = { folder: '', tokenizer, template: undefined, stopIds: [], startIds: [], contextLength: 64 };
const tokensOf = (text: string) => side.tokenizer.encode(text).ids;

describe('stop strings', () => {
  it('cut the text and its tokens at the first occurrence', () => {
    const tokens = tokensOf('one two STOP three STOP');
    const cut = cutAtStop(side, tokens, ['three', 'STOP']);
    expect(cut).toMatchObject({ text: 'one two ', stopped: true });
    expect('one two '.startsWith(side.tokenizer.decode(tokens.slice(0, cut.tokens)))).toBe(true);
  });

  it('leave a text without one alone', () => {
    const tokens = tokensOf('one two');
    expect(cutAtStop(side, tokens, ['STOP', ''])).toEqual({ text: 'one two', tokens: tokens.length, stopped: false });
  });

  it('become token sequences for the engine, empty ones left out', () => {
    expect(encodeStops(side, ['STOP', ''])).toEqual([tokensOf('STOP')]);
  });
});
