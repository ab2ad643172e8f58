// Tiny tokenizer.json contents for tests, small enough to work out the tokens by hand. Used by the tests of this and of
// higher folders; not part of the product.

/** GPT-2's table of one printable character for each byte: the byte alphabet of byte-level BPE. */
export function byteAlphabet(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : 256 + others++));
}

/** ChatML markers and end-of-text, as added special tokens. */
export const chatSpecials = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];

/** ChatML without anything around it; the generation prompt is a prefix of the full rendering. */
export const chatmlTemplate =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/**
 * Byte-level BPE: ids 0-255 are the bytes, then one token per merge, then the special tokens. Every merge is written as two
 * vocabulary entries in the byte alphabet.
 */
export function byteLevelTokenizer(
  options: { merges?: [string, string][]; specials?: string[]; normalizer?: object; preTokenizer?: object } = {},
): Record<string, unknown> {
  const merges = options.merges ?? [];
  const tokens = [...byteAlphabet(), ...merges.map(([a, b]) => a + b)];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(options.specials ?? chatSpecials, tokens.length),
    normalizer: options.normalizer ?? null,
    pre_tokenizer: options.preTokenizer ?? {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Digits', individual_digits: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map(([a, b]) => `${a} ${b}`),
    },
  };
}

/**
 * Sentencepiece-style BPE with byte fallback, as Llama 2 has it: `<unk>`, `<s>`, `</s>`, 256 byte tokens, then `pieces`.
 * A piece longer than one character needs a merge of two earlier ones. `bytes: false` leaves the byte tokens out.
 */
export function byteFallbackTokenizer(options: {
  pieces: string[];
  merges: [string, string][];
  bytes?: boolean;
  metaspace?: boolean;
}): Record<string, unknown> {
  const hex = (byte: number): string => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`;
  const specials = ['<unk>', '<s>', '</s>'];
  const bytes = options.bytes === false ? [] : Array.from({ length: 256 }, (_, byte) => hex(byte));
  const tokens = [...specials, ...bytes, ...options.pieces];
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: addedTokens(specials, 0),
    normalizer: options.metaspace
      ? null
      : {
          type: 'Sequence',
          normalizers: [
            { type: 'Prepend', prepend: '\u2581' },
            { type: 'Replace', pattern: { String: ' ' }, content: '\u2581' },
          ],
        },
    pre_tokenizer: options.metaspace
      ? { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'first', split: false }
      : null,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
      special_tokens: { '<s>': { id: '<s>', ids: [1], tokens: ['<s>'] } },
    },
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '\u2581' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: '<unk>',
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: true,
      byte_fallback: options.bytes !== false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: options.merges.map(([a, b]) => `${a} ${b}`),
    },
  };
}

function addedTokens(contents: string[], firstId: number): object[] {
  return contents.map((content, index) => ({
    id: firstId + index,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
}
