import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { DroppedRow, Example } from '../shared/dataset.ts';
import { loadExamples, readExamples, type DatasetFormat, type ExampleOptions } from './examples.ts';
import { folderWith } from './testFolder.ts';
import { inEnglish } from '../shared/phrase.ts';

type Loaded = { examples: Example[]; dropped: DroppedRow[]; format: DatasetFormat };

async function load(rows: unknown[], options: ExampleOptions = {}): Promise<Loaded> {
  const folder = await folderWith({ 'rows.jsonl': rows.map((row) => `${JSON.stringify(row)}\n`).join('') });
  return loadExamples(join(folder, 'rows.jsonl'), options);
}

const user = (content: string): object => ({ role: 'user', content });
const assistant = (content: unknown): object => ({ role: 'assistant', content });

describe('formats are detected by their columns', () => {
  test.each<[DatasetFormat, object, object]>([
    ['text', { text: 'Hello.' }, { kind: 'text', text: 'Hello.' }],
    [
      'messages',
      { messages: [{ role: 'system', content: 's' }, user('q'), assistant('a'), user('q2'), assistant('a2')] },
      {
        kind: 'chat',
        prompt: [{ role: 'system', content: 's' }, user('q'), assistant('a'), user('q2')],
        completion: 'a2',
      },
    ],
    [
      'messages',
      { messages: [user('q'), assistant([{ type: 'text', text: 'a' }])] },
      { kind: 'chat', prompt: [user('q')], completion: 'a' },
    ],
    ['prompt-completion', { prompt: 'p ', completion: 'c' }, { kind: 'plain', prompt: 'p ', completion: 'c' }],
    [
      'prompt-completion',
      { prompt: [user('q')], completion: [assistant('a')] },
      { kind: 'chat', prompt: [user('q')], completion: 'a' },
    ],
    [
      'prompt-completion',
      { prompt: [user('q')], completion: 'a' },
      { kind: 'chat', prompt: [user('q')], completion: 'a' },
    ],
    [
      'alpaca',
      { instruction: 'Add.', input: '1 2', output: '3' },
      { kind: 'chat', prompt: [user('Add.\n\n1 2')], completion: '3' },
    ],
    [
      'alpaca',
      { instruction: 'Add.', input: '', output: '3', text: 'x' },
      { kind: 'chat', prompt: [user('Add.')], completion: '3' },
    ],
    [
      'sharegpt',
      {
        conversations: [
          { from: 'human', value: 'q' },
          { from: 'gpt', value: 'a' },
        ],
      },
      { kind: 'chat', prompt: [user('q')], completion: 'a' },
    ],
    [
      'question-answer',
      { question: 'q', answer: 'a #### 1' },
      { kind: 'chat', prompt: [user('q')], completion: 'a #### 1' },
    ],
  ])('%s', async (format, row, body) => {
    const loaded = await load([row]);
    expect(loaded.format).toBe(format);
    expect(loaded.dropped).toEqual([]);
    expect(loaded.examples[0]?.body).toEqual(body);
  });

  test('the format can be given instead', async () => {
    const row = { text: 't', prompt: 'p', completion: 'c' };
    expect((await load([row])).format).toBe('prompt-completion');
    expect((await load([row], { format: 'text' })).examples[0]?.body).toEqual({ kind: 'text', text: 't' });
  });
});

test('other columns, the plain answer and the provenance are kept', async () => {
  const { examples } = await load([
    { prompt: 'p', completion: 'c', native: 'n', provenance: 'self_output', __proto__x: 1 },
    { prompt: 'p', completion: 'c', provenance: 'my own' },
    { prompt: 'p', completion: 'c', provenance: ['self_output'] },
  ]);
  expect(examples.map(({ provenance }) => provenance)).toEqual(['self_output', 'ground_truth', 'ground_truth']);
  expect(examples[0]?.fields).toEqual({ completion: 'c', native: 'n', __proto__x: 1 });
  expect(examples[1]?.fields).toEqual({ completion: 'c', provenance: 'my own' });
  const chat = await load([{ prompt: [user('q')], completion: [assistant('a')], id: 7 }]);
  expect(chat.examples[0]?.fields).toEqual({ id: 7 });
});

test('rows that cannot be used are dropped with line and reason', async () => {
  const rows = [
    { nonsense: 1, 'even more': 2 },
    { messages: [user('q'), assistant('a')] },
    { text: 'another format' },
    { messages: 'text' },
    { messages: [] },
    { messages: [user('q')] },
    { messages: [assistant('a')] },
    { messages: [user('q'), assistant(' \n')] },
    { messages: [user('q'), assistant(null)] },
    { messages: [user('q'), { role: 'narrator', content: 'x' }] },
    { messages: [user('q'), { content: 'x' }] },
    { messages: [{ role: 'user', content: [{ type: 'image' }] }, assistant('a')] },
    { messages: [user('q'), 7] },
  ];
  const { examples, dropped } = await load(rows);
  expect(examples.map(({ source }) => source.line)).toEqual([2]);
  expect(dropped.map(({ source, reason }) => `${source.line}: ${inEnglish(reason)}`)).toEqual([
    '1: the columns ("nonsense", "even more") are those of no known format',
    '3: missing field "messages" of the messages format (columns: "text")',
    '4: "messages" is a string, not a list of messages',
    '5: "messages" has no messages',
    '6: "messages" ends with a user message, not the assistant\'s',
    '7: "messages" has no message before the answer',
    '8: "messages (last message)" is empty',
    '9: "messages[1]" has no text',
    '10: "messages[1]" has the unknown role "narrator"',
    '11: "messages[1]" has neither "role" nor "from"',
    '12: "messages[0]" has a part that is not text',
    '13: "messages[1]" is a number, not a message',
  ]);
});

test('an empty target, a wrong type and a missing answer are named', async () => {
  const { dropped } = await load([
    { instruction: 'i', output: 'o' },
    { instruction: 'i', output: ' ' },
    { instruction: '', input: '', output: 'o' },
    { instruction: 'i', output: 42 },
    { instruction: 'i' },
  ]);
  expect(dropped.map(({ source, reason }) => `${source.line}: ${inEnglish(reason)}`)).toEqual([
    '2: "output" is empty',
    '3: "instruction" is empty',
    '4: "output" is a number, not text',
    '5: missing field "output" of the alpaca format (columns: "instruction")',
  ]);
});

test('a dataset without a usable row is an error that shows the first reason', async () => {
  await expect(load([])).rejects.toMatchObject({ code: 'dataset-empty' });
  await expect(load([{ a: 1 }, { text: '' }])).rejects.toThrow(
    /2 rows were dropped, the first at rows.jsonl:1: the columns \("a"\) are those of no known format/,
  );
});

test('a limit counts usable examples and stops reading', async () => {
  const { examples, dropped } = await load([{ text: '' }, { text: 'a' }, { text: 'b' }, { text: 'c' }], { limit: 2 });
  expect(examples.map(({ source }) => source.line)).toEqual([2, 3]);
  expect(dropped).toHaveLength(1);
});

const shared = new URL('../../../shared/data/', import.meta.url).pathname;
describe.skipIf(!existsSync(shared))('official files as they are (skipped when ../shared is absent)', () => {
  test('GSM8K', async () => {
    const { examples, dropped, format } = await loadExamples(join(shared, 'gsm8k/test.jsonl'));
    expect([examples.length, dropped.length, format]).toEqual([1319, 0, 'question-answer']);
    expect(examples[1]?.fields['answer']).toMatch(/#### 3$/);
  });

  test('the OpenFunctions pair is aligned and differs in 236 answers', async () => {
    const [truth, distilled] = await Promise.all(
      ['openfunction_train.json', 'distilled_openfunction.json'].map((name) =>
        loadExamples(join(shared, 'openfunctions', name)),
      ),
    );
    expect(truth?.format).toBe('alpaca');
    expect([truth?.examples.length, distilled?.examples.length]).toEqual([2211, 2211]);
    const differing = truth?.examples.filter((example, i) => {
      const other = distilled?.examples[i];
      const [a, b] = [example.body, other?.body];
      if (a.kind !== 'chat' || b?.kind !== 'chat') throw new Error('not chat');
      expect(b.prompt).toEqual(a.prompt);
      return a.completion !== b.completion;
    });
    expect(differing).toHaveLength(236);
  });
});

test('readExamples streams events in file order', async () => {
  const folder = await folderWith({ 'a.json': '[{"text":"x"},{"text":1},{"text":"y"}]' });
  const kinds: string[] = [];
  for await (const event of readExamples(join(folder, 'a.json'))) {
    kinds.push(
      event.kind === 'example' ? `example ${event.example.source.line}` : `dropped ${event.dropped.source.line}`,
    );
  }
  expect(kinds).toEqual(['example 1', 'dropped 2', 'example 3']);
});
