// The part against the real pocket model: the same numbers as the command line, edits, scrolling, reopening.
import { execFile } from 'node:child_process';
import { appendFile, copyFile, cp, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { packageRoot } from '../../runs/packageRoot.ts';
import { inEnglish } from '../../shared/phrase.ts';
import * as protocol from '../../shared/protocol/lab/datasets.ts';
import type { DatasetRow, DatasetSummary } from '../../shared/protocol/lab/datasets.ts';
import { memoryServer, temporaryFolder, type MemoryServer } from '../runs/testing/memoryServer.ts';
import { datasetsPart } from './datasetsPart.ts';
import { slack } from '../../shared/testing/slack.ts';

const model = { name: 'pocket', device: 'cpu' } as const;
const example = join(packageRoot, 'examples/pocket/data/subtraction.jsonl');

interface Setup {
  server: MemoryServer;
  folder: string;
  state: string;
}

async function setup(state?: string): Promise<Setup> {
  const folder = await temporaryFolder('lab-data-');
  const kept = state ?? (await temporaryFolder('lab-state-'));
  return { server: await memoryServer(datasetsPart, folder, kept), folder, state: kept };
}

async function open(server: MemoryServer, path: string, text?: string): Promise<string> {
  const uri = `file://${path}`;
  const opened = await server.call(protocol.openDataset, {
    uri,
    path,
    version: 1,
    ...(text === undefined ? {} : { text }),
  });
  expect(opened).toEqual({ inStep: true, isDataset: true });
  return uri;
}

/** Asks for rows until none is pending. */
async function scoredRows(
  server: MemoryServer,
  uri: string,
  from: number,
  to: number,
  options: { marks?: boolean; version?: number } = {},
): Promise<DatasetRow[]> {
  const { version = 1, marks = false } = options;
  for (;;) {
    const { rows } = await server.call(protocol.scoreDatasetRows, { uri, version, from, to, model, marks });
    if (rows.every(({ state }) => state !== 'pending')) return rows;
    await server.next(protocol.datasetScored);
  }
}

async function wholeSummary(server: MemoryServer, uri: string): Promise<DatasetSummary> {
  const first = await server.call(protocol.scoreDataset, { uri, version: 1, model });
  if (first.read && first.scores?.done) return first;
  return server.next(protocol.datasetSummarised, ({ read, scores }) => read && scores?.done === true);
}

const run = promisify(execFile);

interface Item {
  ppl: number;
  ppl_unmasked?: number;
  line: number;
  tokens: { masked?: true }[];
}

async function commandLineScores(file: string): Promise<{ items: Item[]; summary: Record<string, unknown> }> {
  const cli = join(packageRoot, 'dist/cli.js');
  const { stdout } = await run(
    process.execPath,
    [cli, 'score', '--model', 'pocket', '--device', 'cpu', '--data', file, '--json'],
    {
      maxBuffer: 2 ** 28,
    },
  );
  const values = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { kind: string });
  return {
    items: values.filter(({ kind }) => kind === 'item') as never,
    summary: values.find(({ kind }) => kind === 'summary') as never,
  };
}

describe('datasets of the lab server', () => {
  it('say the same numbers as the command line', async () => {
    const { server, folder } = await setup();
    const path = join(folder, 'mixed.jsonl');
    const lines = [
      '{"prompt":[{"role":"user","content":"What is 45 - 23?"}],"completion":[{"role":"assistant","content":"# 45 ; 23 # 22"}]}',
      '',
      '{"prompt":[{"role":"user","content":"Say \\u6f22 \\ud83d\\ude00"}],"completion":[{"role":"assistant","content":" The \\"answer\\" is 漢 😀.\\n"}]}',
      'not json',
      '{"prompt":[{"role":"user","content":"x"}],"completion":[{"role":"assistant","content":"  "}]}',
      '{"prompt":[{"role":"user","content":"Take 20 from 24."}],"completion":[{"role":"assistant","content":"Let me see. 24 - 20 = 4."}],"provenance":"self_output"}',
      `{"prompt":[{"role":"user","content":"long"}],"completion":[{"role":"assistant","content":"${'9 '.repeat(900)}"}]}`,
    ];
    await writeFile(path, lines.join('\n'));
    const uri = await open(server, path);
    const rows = await scoredRows(server, uri, 0, 10);
    const { items, summary } = await commandLineScores(path);
    const scored = rows.filter(({ state }) => state === 'scored');
    expect(scored.map(({ number }) => number)).toEqual(items.map(({ line }) => line));
    scored.forEach((row, index) => expect(row.perplexity).toBeCloseTo(items[index]?.ppl as number, 4));
    expect(rows.map(({ state }) => state)).toEqual(['scored', 'scored', 'bad', 'bad', 'scored', 'bad']);
    const whole = await wholeSummary(server, uri);
    expect(whole.scores?.perplexityMean).toBeCloseTo(summary['ppl_mean'] as number, 4);
    expect(whole.scores?.perplexityStd).toBeCloseTo(summary['ppl_std'] as number, 4);
    expect(whole.scores?.corpusPerplexity).toBeCloseTo(summary['ppl_corpus'] as number, 4);
    expect(whole.scores?.tokens).toBe(summary['tokens']);
    expect(whole.problems.map(({ line, message }) => [line, inEnglish(message)])).toEqual([
      [3, expect.stringContaining('not valid JSON')],
      [4, '"completion (last message)" is empty'],
      [6, expect.stringMatching(/^longer than the model's context of \d+ tokens$/)],
    ]);
    expect(whole.provenance).toEqual({ ground_truth: 3, self_output: 1 });
  });

  it('leave out what the mask column leaves out, as the command line does', async () => {
    const { server, folder } = await setup();
    const path = join(folder, 'masked.jsonl');
    const rowsOf = ['[[0,4],[9,12]]', '[]', '[[0,99]]'].map(
      (mask) => `{"text":"45 take away 23 is 22","mask":${mask}}`,
    );
    await writeFile(path, rowsOf.join('\n'));
    const uri = await open(server, path);
    const rows = await scoredRows(server, uri, 0, 10);
    const { items, summary } = await commandLineScores(path);
    expect(rows.map(({ state }) => state)).toEqual(['scored', 'scored', 'bad']);
    const numbers = rows.slice(0, 2).map((row) => [row.tokens, row.maskedTokens ?? 0]);
    expect(numbers).toEqual(
      items.map(({ tokens }) => [
        tokens.filter(({ masked }) => !masked).length,
        tokens.filter(({ masked }) => masked).length,
      ]),
    );
    expect(numbers[0]?.[1]).toBeGreaterThan(0);
    const [one] = rows;
    // Such texts surprise the model, so it is their nats that are compared.
    const nats = (perplexity: unknown): number => Math.log(perplexity as number);
    expect(nats(one?.perplexity)).toBeCloseTo(nats(items[0]?.ppl), 5);
    expect(nats(one?.unmaskedPerplexity)).toBeCloseTo(nats(items[0]?.ppl_unmasked), 5);
    expect(nats(one?.unmaskedPerplexity)).not.toBeCloseTo(nats(one?.perplexity), 2);
    expect(items[1]?.ppl_unmasked).toBeUndefined();
    const whole = await wholeSummary(server, uri);
    expect(nats(whole.scores?.perplexityMean)).toBeCloseTo(nats(summary['ppl_mean']), 5);
    expect(nats(whole.scores?.corpusPerplexity)).toBeCloseTo(nats(summary['ppl_corpus']), 5);
    expect(whole.scores?.tokens).toBe(summary['tokens']);
    expect(whole.problems.map(({ code }) => code)).toEqual(['all-masked']);
    expect(summary['dropped']).toMatchObject([{ reason: inEnglish(whole.problems[0]?.message ?? ''), first: 3 }]);
  });

  it('score the row that was edited and no other', async () => {
    const { server, folder } = await setup();
    const path = join(folder, 'data.jsonl');
    await copyFile(example, path);
    const uri = await open(server, path);
    const before = await scoredRows(server, uri, 0, 20);
    const column = before[3]?.character ?? 0;
    server.notify(protocol.changeDataset, {
      uri,
      version: 2,
      lineCount: 1501,
      changes: [
        { range: { start: { line: 3, character: column + 40 }, end: { line: 3, character: column + 42 } }, text: '11' },
      ],
    });
    const { rows } = await server.call(protocol.scoreDatasetRows, { uri, version: 2, from: 0, to: 20, model });
    expect(rows.map(({ state }) => state).filter((state) => state === 'pending')).toHaveLength(1);
    expect(rows[3]?.state).toBe('pending');
    const after = await scoredRows(server, uri, 0, 20, { version: 2 });
    expect(after[3]?.perplexity).not.toBe(before[3]?.perplexity);
    expect(after.filter((_, index) => index !== 3)).toEqual(before.filter((_, index) => index !== 3));
  });

  it.each([
    [0, false],
    [15, false],
    [15, true],
  ])('come to everybody who asks: ranges %i ms apart, with the whole file behind them: %s', async (gap, background) => {
    const { server, folder } = await setup();
    const lines = Array.from({ length: 300 }, (_, k) =>
      JSON.stringify({ question: `What is ${k} + 3?`, answer: `It is ${k + 3}. ${'abc '.repeat(20)}` }),
    );
    const uri = await open(server, join(folder, 'unsaved.jsonl'), lines.join('\n'));
    // With its engine at hand scores come quickly: nobody is told twice to wait.
    await scoredRows(server, uri, 299, 299);
    if (background) await server.call(protocol.scoreDataset, { uri, version: 1, model });
    const ranges = [
      { from: 0, to: 40 },
      { from: 150, to: 190 },
    ];
    // As the editor does: every range is asked for anew when scores have come, and not otherwise.
    for (;;) {
      const scored = server.next(protocol.datasetScored);
      const asked = [];
      for (const range of ranges) {
        asked.push(server.call(protocol.scoreDatasetRows, { uri, version: 1, ...range, model }));
        await new Promise((resolve) => setTimeout(resolve, gap));
      }
      const rows = (await Promise.all(asked)).flatMap((answer) => answer.rows);
      if (rows.every(({ state }) => state === 'scored')) break;
      await scored;
    }
  });

  it('are there at once when a file is opened again, without an engine', async () => {
    const { server, folder, state } = await setup();
    const path = join(folder, 'data.jsonl');
    await copyFile(example, path);
    const before = await wholeSummary(server, await open(server, path));
    await server.shutdown();
    const again = await setup(state);
    const uri = await open(again.server, path);
    const begun = performance.now();
    const summary = await wholeSummary(again.server, uri);
    expect(performance.now() - begun).toBeLessThan(3000 * slack);
    expect(summary.scores?.perplexityMean).toBe(before.scores?.perplexityMean);
    const rows = await scoredRows(again.server, uri, 700, 760);
    expect(rows).toHaveLength(61);
    expect(rows.every(({ state: one }) => one === 'scored')).toBe(true);
  });

  it('mark every token, the prompt and what the mask of a row leaves out', async () => {
    const { server, folder } = await setup();
    const text = '{"question":"What is 5 - 3?","answer":"# 5 ; 3 # 2","mask":[[0,4]],"provenance":"ground_truth"}';
    const uri = await open(server, join(folder, 'unsaved.jsonl'), text);
    const [row] = await scoredRows(server, uri, 0, 0, { marks: true });
    const at = text.indexOf('# 5');
    expect(row?.marks?.map(({ start, end }) => text.slice(start, end)).join('')).toBe('# 5 ; 3 # 2');
    expect(row?.marks?.filter(({ masked }) => masked).every(({ start }) => start < at + 4)).toBe(true);
    expect(row?.maskedTokens).toBeGreaterThan(0);
    expect(row?.perplexity).not.toBe(row?.unmaskedPerplexity);
    expect(row?.context?.map(({ start, end }) => text.slice(start.character, end.character))).toEqual([
      'What is 5 - 3?',
    ]);
    const details = await server.call(protocol.explainDatasetRow, {
      uri,
      version: 1,
      position: { line: 0, character: text.indexOf('; 3') },
      model,
    });
    expect(details?.hardest.length).toBeGreaterThan(2);
    expect(details?.hardest[0]?.p).toBeLessThanOrEqual(details?.hardest[1]?.p ?? 0);
    expect(details?.hardest[0]?.alternatives[0]?.p).toBeGreaterThan(details?.hardest[0]?.p ?? 1);
    expect(details?.here?.text).toContain(';');
  });

  it('read an array of objects as the command line does', async () => {
    const { server, folder } = await setup();
    const path = join(folder, 'array.json');
    const text = `[\n  {"question": "a", "answer": "x"},\n  {"question": "b"},\n\n  {"question": "c",\n   "answer": "y"},, 5\n`;
    await writeFile(path, text);
    const uri = await open(server, path);
    const { rows } = await server.call(protocol.getDatasetRows, {
      uri,
      version: 1,
      range: { start: { line: 0, character: 0 }, end: { line: 20, character: 0 } },
    });
    expect(rows.map(({ line, endLine, number, state }) => [line, endLine, number, state])).toEqual([
      [1, 1, 1, 'unscored'],
      [2, 2, 2, 'bad'],
      [4, 5, 3, 'unscored'],
      [5, 5, 4, 'bad'],
    ]);
    await vi.waitFor(async () => {
      const { problems } = await server.call(protocol.summariseDataset, { uri, version: 1 });
      expect(problems.map(({ message }) => inEnglish(message))).toEqual([
        'missing field "answer" of the question-answer format (columns: "question")',
        'empty element',
        expect.stringContaining('the array is truncated'),
      ]);
    });
  });

  it('explain the element of an array that the pointer is in, not the first of its line', async () => {
    const { server, folder } = await setup();
    const text = '[{"text":"one a b c d"}, {"text":"two e f g h"}]';
    const uri = await open(server, join(folder, 'array.json'), text);
    const at = (character: number): Promise<protocol.RowDetails | null> =>
      server.call(protocol.explainDatasetRow, { uri, version: 1, position: { line: 0, character }, model });
    expect((await at(text.indexOf('one')))?.number).toBe(1);
    expect((await at(text.indexOf('two')))?.number).toBe(2);
  });

  it.each([
    // Of an unexpected token the runtime tells no position.
    ['rows.jsonl', '{"question":"a","answer":"x"}\n{"question": "é", "answer": oops}', [1, 28, 33]],
    ['rows.jsonl', '{"question":"a","answer":"x"}\n{"question": "b" "answer": "y"}', [1, 17, 31]],
    ['rows.json', '[\n {"question": "a", "answer": "x"},\n {"question": "b", "answer": oops}]', [2, 29, 34]],
    ['rows.json', '[{"question":"a","answer":"x"},\n {"question": "b",\n  "answer": oops,\n "n": 1}]', [2, 12, 17]],
    ['rows.json', '[{"question":"a","answer":"x"},\n {"question": "b",\n  "answer": oops}]', [2, 12, 17]],
  ] as const)('show where the JSON of a row is broken: %s %j', async (name, text, expected) => {
    const { server, folder } = await setup();
    const uri = await open(server, join(folder, name), text);
    await vi.waitFor(async () => {
      const { problems } = await server.call(protocol.summariseDataset, { uri, version: 1 });
      expect(problems.map(({ line, start, end }) => [line, start, end])).toEqual([expected]);
    });
  });

  it('leave other files alone', async () => {
    const { server, folder } = await setup();
    const others: Record<string, string> = {
      'package.json': '{\n  "name": "x"\n}',
      'metrics.jsonl': '{"kind":"metric","step":1}\n{"kind":"metric","step":2}',
      'list.json': '["a", "b"]',
      'numbers.json': '[{"x":1}]',
      // The columns of a format, but no row that is an example.
      'eslint.json': '[{"messages":[]},{"messages":[{"ruleId":"x","severity":2,"message":"m"}]}]',
      'questions.json': '[{"question":"q","choices":["a","b"],"answer":0}]',
    };
    for (const [name, text] of Object.entries(others)) {
      const path = join(folder, name);
      const opened = await server.call(protocol.openDataset, { uri: path, path, version: 1, text });
      expect([name, opened.isDataset]).toEqual([name, false]);
    }
    for (const [name, text, message] of [
      ['empty.jsonl', '\n\n', 'no usable rows (it has no rows)'],
      ['object.jsonl', '{\n "question": "x"\n}', 'one JSON object, not a list of rows'],
      ['broken.jsonl', 'abc\n{"a":', 'not valid JSON'],
    ] as const) {
      const uri = await open(server, join(folder, name), text);
      await vi.waitFor(async () => {
        const { problems } = await server.call(protocol.summariseDataset, { uri, version: 1 });
        expect(inEnglish(problems[0]?.message ?? '')).toContain(message);
      });
    }
  });

  it('remark once that no row of a JSON Lines file is an example', async () => {
    const { server, folder } = await setup();
    const row = '{"question":"q","choices":["a","b"],"answer":0}';
    const uri = await open(server, join(folder, 'mmlu.jsonl'), `\n${row}\n${row}\n${row}`);
    const { problems, problemCount } = await server.next(protocol.datasetSummarised, ({ read }) => read);
    expect(problemCount).toBe(1);
    expect(problems.map(({ message, ...rest }) => ({ ...rest, message: inEnglish(message) }))).toEqual([
      {
        line: 1,
        endLine: 1,
        start: 0,
        end: row.length,
        severity: 'warning',
        code: 'empty',
        message: 'no usable rows (the first one, in line 2: "answer" is a number, not text)',
      },
    ]);
    // With one example among them each of the others is an error of its own.
    const end = { line: 3, character: row.length };
    const changes = [{ range: { start: end, end }, text: '\n{"question":"q","answer":"a"}' }];
    server.notify(protocol.changeDataset, { uri, version: 2, lineCount: 5, changes });
    const after = await server.next(protocol.datasetSummarised, ({ read, version }) => read && version === 2);
    expect(after.problems.map(({ line, severity }) => [line, severity])).toEqual([
      [1, 'error'],
      [2, 'error'],
      [3, 'error'],
    ]);
  });

  it('notice a text that is not the one on disk', async () => {
    const { server, folder } = await setup();
    const path = join(folder, 'data.jsonl');
    await copyFile(example, path);
    const probe = { lineCount: 1501, lines: [{ line: 1500, text: '' }] };
    expect(await server.call(protocol.openDataset, { uri: path, path, version: 1, probe })).toMatchObject({
      inStep: true,
    });
    await appendFile(path, '{"question":"a","answer":"b"}\n');
    expect(await server.call(protocol.openDataset, { uri: path, path, version: 1, probe })).toMatchObject({
      inStep: false,
    });
    const uri = await open(server, path, 'one\ntwo');
    const lost = server.next(protocol.datasetLost);
    const range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
    server.notify(protocol.changeDataset, { uri, version: 2, changes: [{ range, text: 'x' }], lineCount: 7 });
    expect(await lost).toEqual({ uri });
  });

  it('refuse rows and files for their encoding as the command line does, until they are written anew', async () => {
    const { server, folder } = await setup();
    const text = '{"text":"caf\u00e9"}\n{"text":"two"}';
    const [bytes, wide] = [join(folder, 'bytes.jsonl'), join(folder, 'wide.jsonl')];
    await writeFile(bytes, text, 'latin1');
    await writeFile(wide, `\ufeff${text}`, 'utf16le');
    const problems = async (uri: string, version = 1): Promise<unknown[]> => {
      const summary = await server.call(protocol.summariseDataset, { uri, version });
      return summary.problems.map(({ line, message, code }) => [line, inEnglish(message), code]);
    };
    const first = await open(server, bytes);
    await vi.waitFor(async () => expect(await problems(first)).toEqual([[0, 'not valid UTF-8', 'invalid-row']]));
    const second = await open(server, wide, text);
    expect(await problems(second)).toEqual([[0, `${wide} is UTF-16 text. Save it as UTF-8.`, 'encoding']]);
    const rows = { uri: second, version: 1, from: 0, to: 9, model };
    expect((await server.call(protocol.scoreDatasetRows, rows)).rows).toEqual([]);
    for (const path of [bytes, wide]) await writeFile(path, text);
    server.notify(protocol.datasetFilesChanged, { paths: [bytes, wide] });
    await vi.waitFor(async () => expect([await problems(first), await problems(second)]).toEqual([[], []]));
    expect((await server.call(protocol.scoreDatasetRows, rows)).rows).toHaveLength(2);
  });

  it('show the perplexity of a file only while the model is the one that was asked', async () => {
    const { server, folder } = await setup();
    const path = join(folder, 'data.jsonl');
    await writeFile(path, '{"question":"What is 5 - 3?","answer":"# 5 ; 3 # 2"}\n');
    const tuned = join(folder, 'tuned');
    await cp(join(packageRoot, 'media/pocket'), tuned, { recursive: true });
    const listed = async (): Promise<protocol.DatasetFile | undefined> =>
      (await server.call(protocol.listDatasets, { model: tuned })).find((file) => file.path === path);
    expect((await listed())?.perplexity).toBeUndefined();
    const uri = await open(server, path);
    const choice = { name: tuned, device: 'cpu' } as const;
    await server.call(protocol.scoreDataset, { uri, version: 1, model: choice });
    await vi.waitFor(async () => expect((await listed())?.perplexity?.mean).toBeGreaterThan(1), 10_000 * slack);
    // Other weights into the same folder: here the same ones at another time.
    const weights = join(tuned, 'model.safetensors');
    await utimes(weights, new Date(0), new Date(0));
    expect((await listed())?.perplexity).toBeUndefined();
    await server.call(protocol.scoreDataset, { uri, version: 1, model: choice });
    await vi.waitFor(async () => expect((await listed())?.perplexity?.mean).toBeGreaterThan(1), 10_000 * slack);
  });

  it('say why a model cannot score', async () => {
    const { server, folder } = await setup();
    const path = join(folder, 'data.jsonl');
    await copyFile(example, path);
    const uri = await open(server, path);
    const missing = { name: 'no/such/model' };
    const { rows } = await server.call(protocol.scoreDatasetRows, { uri, version: 1, from: 0, to: 5, model: missing });
    expect(rows.map(({ state }) => state)).toEqual(Array(6).fill('pending'));
    await server.call(protocol.scoreDataset, { uri, version: 1, model: missing });
    const { scores } = await server.next(protocol.datasetSummarised, ({ scores: one }) => one?.failure !== undefined);
    expect(inEnglish(scores?.failure?.message ?? '')).toContain('does not exist');
  });
});
