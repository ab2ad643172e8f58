import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { LabError } from '../shared/errors.ts';
import type { BenchmarkConfig } from '../shared/experiment.ts';
import { loadBenchmark, type Benchmark } from './benchmark.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'benchmark-'));
afterAll(() => rmSync(folder, { recursive: true }));

function load(content: string, changes: Partial<BenchmarkConfig> = {}): Promise<Benchmark> {
  writeFileSync(path.join(folder, 'items.jsonl'), content);
  const config: BenchmarkConfig = {
    name: 'sums',
    data: 'items.jsonl',
    scorer: 'last_number',
    group: 'skill',
    maxTokens: 8,
    chance: 0,
    ...changes,
  };
  return loadBenchmark(config, folder);
}

async function problem(loading: Promise<Benchmark>): Promise<LabError> {
  const error = await loading.then(
    () => new Error('it loaded'),
    (reason: unknown) => reason,
  );
  if (error instanceof LabError) return error;
  throw error;
}

describe('loadBenchmark', () => {
  it('reads items with their place in the file and all columns', async () => {
    const { items } = await load(
      '{"prompt": "1+1?", "answer": "2", "level": 1}\n\n' +
        '{"prompt": [{"role": "user", "content": "2+2?"}], "answer": 4}\n',
    );
    expect(items).toEqual([
      { index: 0, prompt: '1+1?', answer: '2', fields: { prompt: '1+1?', answer: '2', level: 1 } },
      {
        index: 1,
        prompt: [{ role: 'user', content: '2+2?' }],
        answer: 4,
        fields: { prompt: [{ role: 'user', content: '2+2?' }], answer: 4 },
      },
    ]);
  });

  it('stops at the limit and does not read on', async () => {
    const { items } = await load('{"prompt": "1+1?", "answer": "2"}\nbroken', { limit: 1 });
    expect(items.length).toBe(1);
  });

  it('hashes the items used and nothing else', async () => {
    const one = '{"prompt": "1+1?", "answer": "2"}\n';
    const first = await load(one);
    const reordered = await load('{"answer": "2",  "prompt": "1+1?"}');
    const limited = await load(`${one}{"prompt": "x", "answer": "3"}`, { limit: 1, name: 'other', maxTokens: 99 });
    const other = await load(one.replace('"2"', '"3"'));
    expect(reordered.itemsHash).toBe(first.itemsHash);
    expect(limited.itemsHash).toBe(first.itemsHash);
    expect(other.itemsHash).not.toBe(first.itemsHash);
    expect(first.itemsHash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('reads the columns of official files', async () => {
    const gsm8k = await load('{"question": "1+1?", "answer": "1+1=2\\n#### 2"}', { scorer: 'gsm8k' });
    expect(gsm8k.items[0]).toMatchObject({ prompt: '1+1?', answer: '1+1=2\n#### 2' });
    const calls = await load('[{"instruction": "Call it", "output": "f(a=1)"}]', { scorer: 'call' });
    expect(calls.items[0]).toMatchObject({ index: 0, prompt: 'Call it', answer: 'f(a=1)' });
  });

  it('needs no prompt for likelihoods and no answer for refusals', async () => {
    const pairs = await load('{"good": "a b", "bad": "b a"}', { scorer: 'minimal_pair' });
    expect(pairs.items[0]).toMatchObject({ prompt: '', fields: { good: 'a b', bad: 'b a' } });
    const requests = await load('{"prompt": "Do harm"}', { scorer: 'refusal' });
    expect(requests.items[0]).toMatchObject({ prompt: 'Do harm', answer: undefined });
  });

  it.each([
    ['{"prompt": "a", "answer": "1"}\n{"prompt": "b", "answer": "two"}', 'line 2: "answer" must be a number'],
    ['{"prompt": "a", "answer": "1"}\n\n{"prompt": "a", ', 'line 3: not valid JSON'],
    ['{"answer": "1", "text": "x"}', 'line 1: there is no "prompt" (the line has answer, text)'],
    ['{"prompt": "", "answer": "1"}', 'line 1: "prompt" must be'],
    ['{"prompt": [{"role": "robot", "content": "x"}], "answer": "1"}', 'line 1: "prompt" must be'],
    ['{"prompt": [], "answer": "1"}', 'line 1: "prompt" must be'],
    ['', 'items.jsonl has no items'],
  ])('names the place and the remedy for %j', async (content, message) => {
    const error = await problem(load(content));
    expect(error.code).toBe('benchmark-invalid');
    expect(error.message).toContain('Benchmark "sums"');
    expect(error.message).toContain(message);
    expect(error.remedy).toBeTruthy();
  });

  it('names a missing file and an unknown scorer', async () => {
    expect((await problem(load('', { data: 'none.jsonl' }))).code).toBe('file-not-found');
    expect((await problem(load('', { scorer: 'exakt' }))).remedy).toContain('"exact"');
  });
});
