import { describe, expect, test } from 'vitest';
import type { Example, ExampleBody } from '../shared/dataset.ts';
import { byteFallbackTokenizer, byteLevelTokenizer } from '../tokenizer/testTokenizers.ts';
import { encodeExample, encodePrompt, textOfPrompt, type EncodedExample } from './encode.ts';
import { textSideOf } from './testFolder.ts';
import type { TextSide } from './textSide.ts';

const user = (content: string) => ({ role: 'user', content }) as const;

function exampleOf(body: ExampleBody): Example {
  return { body, provenance: 'ground_truth', source: { file: 'rows.jsonl', line: 3 }, fields: {} };
}

function encode(side: TextSide, body: ExampleBody): EncodedExample {
  const encoded = encodeExample(side, exampleOf(body));
  if ('tooLong' in encoded) throw new Error('too long');
  // What must hold for every example: one span per trained-on token, in order, covering the text.
  const trained = encoded.tokens.length - encoded.from;
  expect(encoded.starts).toHaveLength(trained);
  expect(encoded.ends).toHaveLength(trained);
  expect(encoded.from).toBeGreaterThan(0);
  if (trained > 0)
    expect(encoded.starts.map((start, i) => encoded.text.slice(start, encoded.ends[i])).join('')).toBe(encoded.text);
  return encoded;
}

const decode = (side: TextSide, tokens: number[]): string =>
  side.tokenizer.decode(tokens, { skipSpecialTokens: false });

describe('with a chat template', () => {
  test('the answer and its end token are trained on, nothing follows', async () => {
    const side = await textSideOf();
    const prompt = [user('Hi')];
    const encoded = encode(side, { kind: 'chat', prompt, completion: 'é!' });
    const promptIds = encodePrompt(side, prompt);
    expect(decode(side, promptIds)).toBe('<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n');
    expect(encoded.tokens).toEqual([...promptIds, 0xc3, 0xa9, 33, 258]);
    expect(encoded).toMatchObject({
      from: promptIds.length,
      text: 'é!',
      starts: [0, 1, 1, 2],
      ends: [1, 1, 2, 2],
      endIndex: promptIds.length + 3,
    });
  });

  test('a string is one user turn, in prompts and in plain examples', async () => {
    const side = await textSideOf();
    expect(encodePrompt(side, 'Hi')).toEqual(encodePrompt(side, [user('Hi')]));
    const chat = encode(side, { kind: 'chat', prompt: [user('Hi')], completion: 'x' });
    expect(encode(side, { kind: 'plain', prompt: 'Hi', completion: 'x' })).toEqual(chat);
  });

  test('earlier answers are context', async () => {
    const side = await textSideOf();
    const prompt = [user('a'), { role: 'assistant', content: 'b' } as const, user('c')];
    const encoded = encode(side, { kind: 'chat', prompt, completion: 'd' });
    expect(encoded.text).toBe('d');
    expect(decode(side, encoded.tokens.slice(0, encoded.from))).toContain('assistant\nb<|im_end|>');
  });

  test('an end marker written inside the answer does not end it', async () => {
    const side = await textSideOf();
    const encoded = encode(side, { kind: 'chat', prompt: [user('a')], completion: 'x<|im_end|>y' });
    expect(encoded.text).toBe('x<|im_end|>y');
    expect(decode(side, encoded.tokens.slice(encoded.from))).toBe('x<|im_end|>y<|im_end|>');
  });

  test('an answer that the marker contains is found all the same', async () => {
    const side = await textSideOf();
    for (const completion of ['end', '<', 'assistant', 'user\n', ' x ']) {
      const encoded = encode(side, { kind: 'chat', prompt: [user('end')], completion });
      expect(encoded.text).toBe(completion);
      expect(encoded.tokens.at(-1)).toBe(258);
    }
  });

  test('a template that opens a thought only for generation: the place of the answer in the text decides', async () => {
    const template =
      "{% for m in messages %}[{{ m.role }}]{{ m.content | trim }}{% if m.role == 'assistant' %}<|im_end|>{% endif %}{% endfor %}" +
      '{% if add_generation_prompt %}[assistant]<think>{% endif %}';
    const side = await textSideOf({ 'chat_template.jinja': template });
    const encoded = encode(side, { kind: 'chat', prompt: [user('q')], completion: ' ok ' });
    expect(decode(side, encoded.tokens)).toBe('[user]q[assistant]ok<|im_end|>');
    expect([encoded.text, encoded.from, encoded.endIndex]).toEqual(['ok', 18, 20]);
  });

  test('a template that does not close the turn: the end token is added', async () => {
    const template =
      '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}';
    const side = await textSideOf({ 'chat_template.jinja': template });
    const encoded = encode(side, { kind: 'chat', prompt: [user('q')], completion: 'ok' });
    expect(decode(side, encoded.tokens)).toBe('user: q\nassistant: ok\n<|endoftext|>');
    expect(encoded.endIndex).toBe(encoded.tokens.length - 1);
  });

  test('a token across the seam is trained on, its span clipped', async () => {
    const files = { 'tokenizer.json': byteLevelTokenizer({ merges: [['Ċ', 'Ċ']] }) };
    const side = await textSideOf(files);
    const encoded = encode(side, { kind: 'chat', prompt: [user('q')], completion: '\n\nx' });
    // The template's line break and the answer's first one are one token.
    expect([encoded.text, encoded.starts, encoded.ends]).toEqual(['\n\nx', [0, 1, 2, 3], [1, 2, 3, 3]]);
    expect(decode(side, encoded.tokens.slice(encoded.from))).toBe('\n\n\nx<|im_end|>');
  });

  test('a template that refuses the turns is named with the row', async () => {
    const template =
      "{% if messages[0].role == 'system' %}{{ raise_exception('no system role') }}{% endif %}{{ messages[0].content }}";
    const side = await textSideOf({ 'chat_template.jinja': template });
    const body: ExampleBody = { kind: 'chat', prompt: [{ role: 'system', content: 's' }], completion: 'x' };
    expect(() => encodeExample(side, exampleOf(body))).toThrow(/^rows\.jsonl:3: .*no system role/);
    const silent = await textSideOf({ 'chat_template.jinja': 'nothing{% if add_generation_prompt %}!{% endif %}' });
    expect(() => encodeExample(silent, exampleOf(body))).toThrow(/does not render the assistant's answer/);
  });
});

describe('without a chat template', () => {
  const spm = {
    'tokenizer.json': byteFallbackTokenizer({
      pieces: ['\u2581', 'a', 'b', '\u2581a'],
      merges: [['\u2581', 'a']],
    }),
    'tokenizer_config.json': { bos_token: '<s>', eos_token: '</s>' },
  };

  test('prompt and completion stand as they are, between start and end token', async () => {
    const side = await textSideOf(spm);
    expect(encodePrompt(side, 'a b')).toEqual([1, 262, 259, 261]);
    const encoded = encode(side, { kind: 'plain', prompt: 'a', completion: ' ab' });
    expect(encoded).toEqual({
      tokens: [1, 262, 262, 261, 2],
      from: 2,
      text: ' ab',
      starts: [0, 2, 3],
      ends: [2, 3, 3],
      endIndex: 4,
    });
  });

  test('every turn of a conversation ends with a line break', async () => {
    const side = await textSideOf(spm);
    const encoded = encode(side, { kind: 'chat', prompt: [user('a'), user('b')], completion: 'a' });
    expect(decode(side, encoded.tokens.slice(1, -1))).toBe('a\nb\na');
    expect(encoded.text).toBe('a');
    expect(encoded.tokens.slice(0, encoded.from)).toEqual(encodePrompt(side, [user('a'), user('b')]));
  });

  test('text: every token after the start token', async () => {
    const side = await textSideOf(spm);
    expect(encode(side, { kind: 'text', text: 'a b' })).toEqual({
      tokens: [1, 262, 259, 261],
      from: 1,
      text: 'a b',
      starts: [0, 1, 2],
      ends: [1, 2, 3],
      endIndex: -1,
    });
  });

  test('text without a start token: nothing predicts the first token', async () => {
    const side = await textSideOf();
    const encoded = encodeExample(side, exampleOf({ kind: 'text', text: 'abc' }));
    expect(encoded).toEqual({ tokens: [97, 98, 99], from: 1, text: 'abc', starts: [1, 2], ends: [2, 3], endIndex: -1 });
    const plain = await textSideOf({ 'tokenizer_config.json': { eos_token: '<|endoftext|>' } });
    expect(encodeExample(plain, exampleOf({ kind: 'plain', prompt: '', completion: 'ab' }))).toEqual({
      tokens: [97, 98, 256],
      from: 1,
      text: 'ab',
      starts: [1, 2],
      ends: [2, 2],
      endIndex: 2,
    });
  });
});

test('an example longer than the context is counted, not cut', async () => {
  const side = await textSideOf({ 'config.json': { max_position_embeddings: 10 } });
  expect(encodeExample(side, exampleOf({ kind: 'text', text: 'a'.repeat(10) }))).toHaveProperty('tokens.length', 10);
  expect(encodeExample(side, exampleOf({ kind: 'text', text: 'a'.repeat(11) }))).toEqual({ tooLong: 11 });
});

test('an example that must be too long is not even encoded', async () => {
  const side = await textSideOf();
  const encoded: number[] = [];
  const tokenizer = {
    ...side.tokenizer,
    encode: (text: string) => {
      encoded.push(text.length);
      return side.tokenizer.encode(text);
    },
  };
  const watched = { ...side, tokenizer };
  const long = '\u00e9'.repeat(200_000);
  for (const body of [
    { kind: 'text', text: long },
    { kind: 'chat', prompt: [user(long)], completion: 'a' },
    { kind: 'chat', prompt: [user('q')], completion: long },
  ] as const) {
    expect(encodeExample(watched, exampleOf({ ...body } as ExampleBody))).toHaveProperty('tooLong');
  }
  expect(encoded).toEqual([]);
  // No more tokens than there are, whatever stands in the text.
  for (const text of ['', 'abc', '<|im_start|>'.repeat(50), '漢😀 \n', 'e\u0301']) {
    expect(side.tokenizer.leastTokens(text)).toBeLessThanOrEqual(side.tokenizer.encode(text).ids.length);
  }
  // What a normalizer makes shorter has no such bound.
  const other = await textSideOf({
    'tokenizer.json': { ...(byteLevelTokenizer() as object), normalizer: { type: 'Lowercase' } },
  });
  expect(other.tokenizer.leastTokens(long)).toBe(0);
});

test('prompts for display', () => {
  expect(textOfPrompt('p')).toBe('p');
  expect(textOfPrompt([user('q')])).toBe('q');
  expect(textOfPrompt([{ role: 'system', content: 's' }, user('q')])).toBe('system: s\nuser: q');
});
