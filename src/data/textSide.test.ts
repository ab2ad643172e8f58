import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byteFallbackTokenizer, chatmlTemplate } from '../tokenizer/testTokenizers.ts';
import { folderWith, textSideOf } from './testFolder.ts';
import { loadTextSide } from './textSide.ts';

const other = '{% for m in messages %}{{ m.content }}{{ eos_token }}{% endfor %}';

test('a chat model: template, stop tokens, context', async () => {
  const side = await textSideOf();
  expect(side.contextLength).toBe(512);
  expect(side.startIds).toEqual([]);
  // 256 <|endoftext|>, the tokenizer's end token; 258 <|im_end|>, which closes a turn in the template.
  expect(side.stopIds).toEqual([256, 258]);
  expect(side.template?.render([{ role: 'user', content: 'x' }], { addGenerationPrompt: false })).toBe(
    '<|im_start|>user\nx<|im_end|>\n',
  );
});

test('a special token that comes later in the template ends no answer', async () => {
  const template = '{% for m in messages %}{{ m.content }}\\nover<|im_start|>{% endfor %}';
  expect((await textSideOf({ 'chat_template.jinja': template })).stopIds).toEqual([256]);
});

test('end tokens of generation_config.json come first, as number or list; config.json stands in for it', async () => {
  const one = await textSideOf({ 'generation_config.json': { eos_token_id: 258 } });
  expect(one.stopIds).toEqual([258, 256]);
  const list = await textSideOf({ 'generation_config.json': { eos_token_id: [257, 258] } });
  expect(list.stopIds).toEqual([257, 258, 256]);
  const fallback = await textSideOf({
    'config.json': { n_positions: 9, eos_token_id: 257 },
    'tokenizer_config.json': undefined,
  });
  expect([fallback.stopIds, fallback.contextLength, fallback.template]).toEqual([[257], 9, undefined]);
});

describe('the chat template', () => {
  const rendered = async (files: Record<string, unknown>): Promise<string | undefined> =>
    (await textSideOf(files)).template?.render([{ role: 'user', content: 'x' }], { addGenerationPrompt: false });

  test('its own file wins over the key', async () => {
    expect(await rendered({ 'chat_template.jinja': other })).toBe('x<|endoftext|>');
  });

  test('a list has a default', async () => {
    const list = [
      { name: 'tool_use', template: chatmlTemplate },
      { name: 'default', template: other },
    ];
    const config = { eos_token: { content: '<|endoftext|>' }, chat_template: list };
    expect(await rendered({ 'tokenizer_config.json': config })).toBe('x<|endoftext|>');
    const without = { chat_template: [list[0], { name: 'rag', template: other }] };
    await expect(textSideOf({ 'tokenizer_config.json': without })).rejects.toThrow(
      /names no default template \(found: "tool_use", "rag"\)/,
    );
    await expect(textSideOf({ 'tokenizer_config.json': { chat_template: 7 } })).rejects.toMatchObject({
      code: 'template-invalid',
    });
  });

  test('one that fails is named with its file', async () => {
    await expect(textSideOf({ 'chat_template.jinja': '{% if %}' })).rejects.toThrow(
      /chat_template\.jinja: The chat template/,
    );
    await expect(textSideOf({ 'chat_template.jinja': "{{ raise_exception('no') }}" })).rejects.toMatchObject({
      code: 'template-invalid',
    });
  });
});

test('special_tokens_map.json stands in for tokenizer_config.json', async () => {
  const side = await textSideOf({
    'tokenizer_config.json': { bos_token: null },
    'special_tokens_map.json': { bos_token: '<|im_start|>', eos_token: { content: '<|im_end|>' } },
  });
  expect([side.tokenizer.bosId, side.tokenizer.eosId]).toEqual([257, 258]);
});

test('start tokens are those that the tokenizer adds in front, an end token does not count', async () => {
  const files = { 'tokenizer.json': byteFallbackTokenizer({ pieces: ['\u2581', 'a'], merges: [] }) };
  const config = { bos_token: '<s>', eos_token: '</s>', add_eos_token: true };
  const side = await textSideOf({ ...files, 'tokenizer_config.json': config });
  expect([side.startIds, side.stopIds]).toEqual([[1], [2]]);
});

test('errors name the file and the remedy', async () => {
  const failing = async (files: Record<string, unknown>): Promise<unknown> =>
    textSideOf(files).catch((error: unknown) => error);
  await expect(loadTextSide('/nonexistent/model')).rejects.toMatchObject({ code: 'file-not-found' });
  const folder = await folderWith({ file: 'x' });
  await expect(loadTextSide(join(folder, 'file'))).rejects.toThrow(/is not a folder/);
  const cases: [Record<string, unknown>, string, RegExp][] = [
    [{ 'tokenizer.json': undefined }, 'tokenizer-invalid', /tokenizer\.json does not exist/],
    [{ 'tokenizer.json': '{"a":' }, 'tokenizer-invalid', /tokenizer\.json is not valid JSON/],
    [{ 'tokenizer.json': {} }, 'tokenizer-invalid', /tokenizer\.json: tokenizer\.json cannot be used/],
    [{ 'tokenizer_config.json': '[]' }, 'tokenizer-invalid', /tokenizer_config\.json is not a JSON object/],
    [{ 'config.json': undefined }, 'model-invalid', /config\.json does not exist/],
    [{ 'config.json': { max_position_embeddings: '512' } }, 'model-invalid', /max_position_embeddings/],
  ];
  for (const [files, code, message] of cases) {
    expect(await failing(files)).toMatchObject({
      code,
      message: expect.stringMatching(message) as string,
      remedy: expect.any(String) as string,
    });
  }
});

const reference = new URL('../../../shared/models/stories260K', import.meta.url).pathname;
test.skipIf(!existsSync(reference))('the reference model (skipped when ../shared is absent)', async () => {
  const { startIds, stopIds, contextLength, template } = await loadTextSide(reference);
  expect({ startIds, stopIds, contextLength, template }).toEqual({
    startIds: [1],
    stopIds: [2],
    contextLength: 512,
    template: undefined,
  });
});
