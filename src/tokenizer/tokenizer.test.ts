import { existsSync, readFileSync } from 'node:fs';
import { Tokenizer as LibraryTokenizer } from '@huggingface/tokenizers';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../shared/random.ts';
import { byteFallbackTokenizer, byteLevelTokenizer } from './testTokenizers.ts';
import { createTokenizer, type Tokenizer } from './tokenizer.ts';

const reference = new URL('../../../shared/models/stories260K/', import.meta.url);
const hasReference = existsSync(reference);

const gpt2Merges: [string, string][] = [
  ['h', 'e'],
  ['l', 'l'],
  ['he', 'll'],
  ['hell', 'o'],
  ['Ġ', 'w'],
  ['ð', 'Ł'],
  ['Ġ', 'ðŁ'],
  ['ĺ', 'Ģ'],
  ['ĺĢ', '!'],
];

/** [text of the span, token] for every token. */
function spans(tokenizer: Tokenizer, text: string): [string, string][] {
  const { ids, starts, ends } = tokenizer.encode(text);
  return ids.map((id, i) => [text.slice(starts[i], ends[i]), tokenizer.tokenText(id)]);
}

/** Everything that must hold for any text. */
function checkInvariants(tokenizer: Tokenizer, library: LibraryTokenizer, text: string): void {
  const { ids, starts, ends } = tokenizer.encode(text);
  const label = JSON.stringify(text);
  expect(ids, label).toEqual(library.encode(text, { add_special_tokens: false }).ids);
  if (ids.length === 0) return;
  expect(starts[0], label).toBe(0);
  expect(ends.at(-1), label).toBe(text.length);
  expect(starts.slice(1), label).toEqual(ends.slice(0, -1));
  expect(
    ends.every((end, i) => end >= (starts[i] ?? Infinity)),
    label,
  ).toBe(true);
  const joined = ids.map((_, i) => text.slice(starts[i], ends[i])).join('');
  expect(joined, label).toBe(text);
}

describe('byte-level BPE', () => {
  const tokenizer = createTokenizer(byteLevelTokenizer({ merges: gpt2Merges }), {
    bos_token: null,
    eos_token: { content: '<|im_end|>', lstrip: false },
    pad_token: '<|endoftext|>',
  });

  test('a token has its space, digits are apart', () => {
    expect(spans(tokenizer, 'hello w12')).toEqual([
      ['hello', 'hello'],
      [' w', ' w'],
      ['1', '1'],
      ['2', '2'],
    ]);
  });

  test('of the tokens that share a character, the first has it', () => {
    // U+1F600 is F0 9F 98 80: " F0 9F" and "98 80 !" are the tokens.
    expect(tokenizer.encode('a 😀!')).toEqual({
      ids: [97, 262, 264],
      starts: [0, 1, 4],
      ends: [1, 4, 5],
    });
    expect(spans(tokenizer, 'é')).toEqual([
      ['é', '<0xC3>'],
      ['', '<0xA9>'],
    ]);
  });

  test('an added prefix space takes no room', () => {
    const preTokenizer = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true };
    expect(createTokenizer(byteLevelTokenizer({ preTokenizer }), {}).encode('éa')).toEqual({
      ids: [32, 0xc3, 0xa9, 97],
      starts: [0, 0, 1, 1],
      ends: [0, 1, 1, 2],
    });
  });

  test('of special tokens that begin alike, the longest is taken', () => {
    const nested = createTokenizer(byteLevelTokenizer({ specials: ['<a', '<a>', '<a>b', '<'] }), {});
    expect(nested.encode('<a><a>b<<ab').ids).toEqual([257, 258, 259, 256, 98]);
  });

  test('special tokens in the text are single tokens', () => {
    expect(spans(tokenizer, '<|im_start|>hello<|im_end|>\n')).toEqual([
      ['<|im_start|>', '<|im_start|>'],
      ['hello', 'hello'],
      ['<|im_end|>', '<|im_end|>'],
      ['\n', '\n'],
    ]);
    expect(tokenizer.tokenId('<|im_end|>')).toBe(267);
    expect([tokenizer.bosId, tokenizer.eosId, tokenizer.padId]).toEqual([undefined, 267, 265]);
    expect(tokenizer.vocabularySize).toBe(268);
  });

  test('decoding gives back the text and leaves spaces before punctuation alone', () => {
    const text = "hello , don ' t ... 日本 😀 é\r\n";
    const { ids } = tokenizer.encode(`${text}<|im_end|>`);
    expect(tokenizer.decode(ids)).toBe(text);
    expect(tokenizer.decode(ids, { skipSpecialTokens: false })).toBe(`${text}<|im_end|>`);
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.decode([104, 9999, 105])).toBe('hi');
  });

  test('the hash ignores key order and sees every value', () => {
    const json = byteLevelTokenizer({ merges: gpt2Merges });
    const reordered = Object.fromEntries(Object.entries(json).reverse());
    expect(createTokenizer(reordered, {}).hash).toBe(tokenizer.hash);
    expect(createTokenizer(byteLevelTokenizer({ merges: gpt2Merges.slice(1) }), {}).hash).not.toBe(tokenizer.hash);
    expect(tokenizer.hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('sentencepiece-style BPE with byte fallback', () => {
  const pieces = ['\u2581', 'c', 'a', 't', '\u2581c', '\u2581ca', '\u2581cat'];
  const merges: [string, string][] = [
    ['\u2581', 'c'],
    ['\u2581c', 'a'],
    ['\u2581ca', 't'],
  ];
  const tokenizer = createTokenizer(byteFallbackTokenizer({ pieces, merges }), { bos_token: '<s>', eos_token: '</s>' });

  test('the inserted space takes no room, a byte token of a shared character is empty', () => {
    // é = C3 A9; ids: 3 + byte for the bytes, 259.. for the pieces.
    expect(tokenizer.encode('cat é cat')).toEqual({
      ids: [265, 259, 3 + 0xc3, 3 + 0xa9, 265],
      starts: [0, 3, 4, 5, 5],
      ends: [3, 4, 5, 5, 9],
    });
    expect(tokenizer.encode('a')).toEqual({ ids: [259, 261], starts: [0, 0], ends: [0, 1] });
  });

  test('the start token comes from the post-processor, with empty offsets', () => {
    expect(tokenizer.encode('cat', { addSpecialTokens: true })).toEqual({
      ids: [1, 265],
      starts: [0, 0],
      ends: [0, 3],
    });
    const without = createTokenizer(byteFallbackTokenizer({ pieces, merges }), {
      bos_token: '<s>',
      add_bos_token: false,
    });
    expect(without.encode('cat', { addSpecialTokens: true }).ids).toEqual([265]);
    const both = createTokenizer(byteFallbackTokenizer({ pieces, merges }), {
      bos_token: '<s>',
      eos_token: '</s>',
      add_bos_token: true,
      add_eos_token: true,
    });
    expect(both.encode('cat', { addSpecialTokens: true }).ids).toEqual([1, 265, 2]);
  });

  test('without byte tokens a run of unknown characters is one unknown token', () => {
    const coarse = createTokenizer(byteFallbackTokenizer({ pieces, merges, bytes: false }), {});
    expect(spans(coarse, 'cat日本 cat😀')).toEqual([
      ['cat', ' cat'],
      ['日本', '<unk>'],
      [' cat', ' cat'],
      ['😀', '<unk>'],
    ]);
  });

  test('a Metaspace pre-tokenizer inserts its space only in the first section', () => {
    const metaspace = createTokenizer(byteFallbackTokenizer({ pieces, merges, metaspace: true }), {});
    expect(spans(metaspace, 'cat</s>cat cat')).toEqual([
      ['cat', ' cat'],
      ['</s>', '</s>'],
      ['c', 'c'],
      ['a', 'a'],
      ['t', 't'],
      [' cat', ' cat'],
    ]);
  });
});

test('normalizers that compose, decompose or strip keep the spans on the original text', () => {
  const nfc = createTokenizer(byteLevelTokenizer({ normalizer: { type: 'NFC' } }), {});
  // e + combining acute becomes é, whose first byte has both units.
  expect(spans(nfc, 'xe\u0301y').map(([span]) => span)).toEqual(['x', 'e\u0301', '', 'y']);
  const nfkc = createTokenizer(byteLevelTokenizer({ normalizer: { type: 'NFKC' } }), {});
  expect(spans(nfkc, 'ﬁx').map(([span]) => span)).toEqual(['ﬁ', '', 'x']);
  const lower = createTokenizer(
    byteLevelTokenizer({
      normalizer: {
        type: 'Sequence',
        normalizers: [{ type: 'Strip', strip_left: true, strip_right: true }, { type: 'Lowercase' }],
      },
    }),
    {},
  );
  expect(spans(lower, '  AB ')).toEqual([
    ['  A', 'a'],
    ['B ', 'b'],
  ]);
});

test('added tokens that strip take the white space around them', () => {
  const json = byteLevelTokenizer({ specials: [] });
  json['added_tokens'] = [{ id: 256, content: '<m>', lstrip: true, rstrip: true, normalized: false, special: true }];
  expect(spans(createTokenizer(json, {}), 'a  <m> \nb')).toEqual([
    ['a', 'a'],
    ['  <m>', '<m>'],
    [' \nb', 'b'],
  ]);
});

test('a file that is no tokenizer is refused with a reason', () => {
  expect(() => createTokenizer([], {})).toThrow(/not a JSON object/);
  expect(() => createTokenizer({ version: '1.0' }, {})).toThrow(/tokenizer.json cannot be used/);
  expect(() => createTokenizer({ ...byteLevelTokenizer(), pre_tokenizer: { type: 'Nonsense' } }, {})).toThrow(
    /Nonsense/,
  );
});

describe('against the library on random text', () => {
  const split = {
    type: 'Sequence',
    pretokenizers: [
      {
        type: 'Split',
        // Qwen2's pattern.
        pattern: {
          Regex:
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        },
        behavior: 'Isolated',
        invert: false,
      },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: false, use_regex: false },
    ],
  };
  const spm = {
    pieces: ['\u2581', 'c', 'a', '\u2581c', '\u2581ca'],
    merges: [
      ['\u2581', 'c'],
      ['\u2581c', 'a'],
    ] as [string, string][],
  };
  const word = byteLevelTokenizer({ specials: ['[CLS]'] });
  const wordPiece = {
    ...word,
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(['[UNK]', 'c', '##a', 'ca', '##t', 'e', '##e', 'a', '中'].map((t, i) => [t, i])),
    },
  };
  const unigram = {
    ...word,
    normalizer: { type: 'NFKC' },
    pre_tokenizer: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true },
    decoder: { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always' },
    model: {
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['<unk>', 0],
        ['\u2581', -2],
        ['a', -3],
        ['c', -3],
        ['\u2581ca', -4],
        ['at', -4],
        ['e\u0301', -6],
      ],
    },
  };
  const kinds: [string, unknown][] = [
    ['byte-level', byteLevelTokenizer({ merges: gpt2Merges })],
    [
      'byte-level with prefix space',
      byteLevelTokenizer({ merges: gpt2Merges, preTokenizer: { type: 'ByteLevel', add_prefix_space: true } }),
    ],
    ['Qwen-like', byteLevelTokenizer({ merges: gpt2Merges, normalizer: { type: 'NFC' }, preTokenizer: split })],
    [
      'NFKD lower',
      byteLevelTokenizer({ normalizer: { type: 'Sequence', normalizers: [{ type: 'NFKD' }, { type: 'Lowercase' }] } }),
    ],
    ['byte fallback', byteFallbackTokenizer(spm)],
    ['unknown tokens', byteFallbackTokenizer({ ...spm, bytes: false })],
    ['metaspace', byteFallbackTokenizer({ ...spm, metaspace: true })],
    ['word piece', wordPiece],
    ['unigram', unigram],
  ];
  const alphabet = [
    ...'aceht lowCAT12\n\r\t  .,!\'"',
    'hello',
    ' w',
    'é',
    'e\u0301',
    'ﬁ',
    'Σ',
    'İ',
    '日本',
    '中',
    '한',
    '\u1112\u1161\u11ab',
    '😀',
    '👩‍👩‍👧',
    '🇩🇪',
    '\ud83d',
    '\ufeff',
    '\u0000',
    '\u2581',
    '\u00a0',
    '<|im_start|>',
    '<|im_end|>',
    '<s>',
    '</s>',
    '<unk>',
    '<0x41>',
    '$&',
    'ǅ',
    '٣',
    '²',
  ];
  test.each(kinds)('%s', (_, json) => {
    const tokenizer = createTokenizer(json, {});
    const library = new LibraryTokenizer(json as object, {});
    const random = createRandom(1);
    for (let n = 0; n < 400; n++) {
      const length = Math.floor(random() * 20);
      const text = Array.from({ length }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
      checkInvariants(tokenizer, library, text);
    }
  });
});

describe.skipIf(!hasReference)('the reference model (skipped when ../shared is absent)', () => {
  const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, reference), 'utf8')) as unknown;

  test('token ids of the reference texts', () => {
    const json = read('tokenizer.json');
    const tokenizer = createTokenizer(json, read('tokenizer_config.json'));
    const library = new LibraryTokenizer(json as object, {});
    for (const { text, ids } of read('score_reference.json') as { text: string; ids: number[] }[]) {
      expect(tokenizer.encode(text, { addSpecialTokens: true }).ids).toEqual(ids);
      checkInvariants(tokenizer, library, text);
      expect(tokenizer.decode(ids)).toBe(text);
    }
    expect([tokenizer.bosId, tokenizer.eosId, tokenizer.vocabularySize]).toEqual([1, 2, 512]);
    expect(spans(tokenizer, 'One day — ok').slice(0, 3)).toEqual([
      ['One', ' One'],
      [' day', ' day'],
      [' ', ' '],
    ]);
  });
});
