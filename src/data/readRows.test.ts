import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRows, type RowEvent } from './readRows.ts';
import { splitArray, splitLines } from './splitRows.ts';
import { folderWith, temporaryFolder } from './testFolder.ts';
import { inEnglish } from '../shared/phrase.ts';

async function collect(events: AsyncIterable<RowEvent>): Promise<RowEvent[]> {
  const list: RowEvent[] = [];
  for await (const event of events) list.push(event);
  return list;
}

/** Every event as `line: row` or `line: dropped, reason`. */
async function read(content: string | Uint8Array): Promise<string[]> {
  const folder = await folderWith({ data: content });
  const events = await collect(readRows(join(folder, 'data')));
  return events.map((event) =>
    event.kind === 'row'
      ? `${event.source.line}: ${JSON.stringify(event.row)}`
      : `${event.dropped.source.line}: dropped, ${inEnglish(event.dropped.reason)}`,
  );
}

describe('JSON Lines', () => {
  test('numbers rows by line over blank lines, CRLF, a byte order mark and a missing last line break', async () => {
    expect(await read('\ufeff{"a":1}\r\n\r\n  \n{"a":"é😀"}')).toEqual(['1: {"a":1}', '4: {"a":"é😀"}']);
  });

  test('reports lines that are no rows and goes on', async () => {
    const events = await read('{"a":1}\n{"a":\n[1]\n"x"\nnull\n{"a":2}\n');
    expect(events).toHaveLength(6);
    expect(events[1]).toMatch(/^2: dropped, not valid JSON: /);
    expect(events.slice(2, 5)).toEqual([
      '3: dropped, not a JSON object',
      '4: dropped, not a JSON object',
      '5: dropped, not a JSON object',
    ]);
    expect(events[5]).toBe('6: {"a":2}');
  });

  test('reports bytes that are not UTF-8', async () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xe9]), Buffer.from('"}\n{"a":1}\n')]);
    expect(await read(bytes)).toEqual(['1: dropped, not valid UTF-8', '2: {"a":1}']);
  });

  test('a key named __proto__ is only a key', async () => {
    const folder = await folderWith({ data: '{"__proto__":{"x":1}}\n' });
    const [event] = await collect(readRows(join(folder, 'data')));
    expect(event?.kind === 'row' && Object.keys(event.row)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['x']).toBeUndefined();
  });

  test('an empty file has no rows', async () => {
    expect(await read('')).toEqual([]);
    expect(await read('\n \n')).toEqual([]);
    expect(await read('\ufeff')).toEqual([]);
  });
});

describe('a JSON array', () => {
  test('numbers rows from 1, whatever strings contain', async () => {
    const rows = [{ a: '],[{' }, { b: 'say \\"hi\\" \\' }, { c: [1, [2, { d: '}' }]] }];
    expect(await read(`\ufeff \n${JSON.stringify(rows, null, 2)}\n`)).toEqual(
      rows.map((row, i) => `${i + 1}: ${JSON.stringify(row)}`),
    );
    expect(await read('[]')).toEqual([]);
    expect(await read(' [ \n ] ')).toEqual([]);
  });

  test('reports elements that are no rows with their line and goes on', async () => {
    const events = await read('[{"a":1},\n{"a":},\n\n7,\n{"a":2}]');
    expect(events[1]).toMatch(/^2: dropped, not valid JSON: .* \(line 2\)$/);
    expect([events[0], ...events.slice(2)]).toEqual([
      '1: {"a":1}',
      '3: dropped, not a JSON object (line 4)',
      '4: {"a":2}',
    ]);
  });

  test('reports stray commas and text behind the array', async () => {
    expect(await read('[{"a":1},,{"a":2},]\n{"b":1}')).toEqual([
      '1: {"a":1}',
      '2: dropped, empty element (line 1)',
      '3: {"a":2}',
      '4: dropped, empty element (line 1)',
      '5: dropped, text after the closing bracket of the array (line 2)',
    ]);
  });

  test.each([
    ['inside a row', '[{"a":1},\n{"a":', ['1: {"a":1}'], 2],
    ['inside a string', '[{"a":1},\n{"a":"x, ', ['1: {"a":1}'], 2],
    ['behind a comma', '[{"a":1},', ['1: {"a":1}'], 1],
    ['behind a row', '[{"a":1},{"a":2}', ['1: {"a":1}', '2: {"a":2}'], 1],
    ['at once', '[', [], 1],
  ])('tells when the file ends %s', async (_, content, rows, line) => {
    const reason = `the file ends here (line ${line}) without the closing bracket: the array is truncated`;
    expect(await read(content)).toEqual([...rows, `${rows.length + 1}: dropped, ${reason}`]);
  });
});

test('a file of another kind is refused with a remedy', async () => {
  await expect(read('{\n  "data": []\n}')).rejects.toThrow(/is one JSON object, not a list of rows/);
  await expect(read(Buffer.from('\ufeff{"a":1}', 'utf16le'))).rejects.toThrow(/UTF-16/);
  await expect(collect(readRows('/nonexistent/rows.jsonl'))).rejects.toMatchObject({ code: 'file-not-found' });
  await expect(collect(readRows(await temporaryFolder()))).rejects.toThrow(/it is a folder/);
});

test('reading can stop early', async () => {
  const file = join(await temporaryFolder(), 'rows.jsonl');
  await writeFile(file, '{"a":1}\n'.repeat(200_000));
  let count = 0;
  for await (const event of readRows(file)) {
    expect(event.kind).toBe('row');
    if (++count === 3) break;
  }
  expect(count).toBe(3);
});

describe('rows are cut alike however the bytes arrive', () => {
  async function* pieces(text: string, size: number): AsyncGenerator<Buffer> {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) {
      await Promise.resolve();
      yield bytes.subarray(at, at + size);
    }
  }
  const rows = ['{"a":"é\\"😀[,"}', '{"b":[{"c":1},2]}', '{}'];

  test.each([1, 2, 3, 5, 7, 1000])('in pieces of %i bytes', async (size) => {
    const lines: string[] = [];
    for await (const row of splitLines(pieces(rows.join('\n'), size))) lines.push(row.bytes.toString());
    expect(lines).toEqual(rows);
    const elements: [string, number][] = [];
    const array = `[ ${rows.join(',\n')} ]`;
    for await (const row of splitArray(pieces(array, size), () => undefined)) {
      elements.push([row.bytes.toString().trim(), row.line]);
    }
    expect(elements).toEqual(rows.map((row, i) => [row, i + 1]));
  });
});

const shared = new URL('../../../shared/data/', import.meta.url).pathname;
describe.skipIf(!existsSync(shared))('official files (skipped when ../shared is absent)', () => {
  test.each([
    ['gsm8k/test.jsonl', 1319],
    ['openfunctions/openfunction_train.json', 2211],
    ['openfunctions/distilled_openfunction.json', 2211],
    ['openfunctions/openfunction_test.json', 112],
  ])('%s has %i rows', async (name, count) => {
    const events = await collect(readRows(join(shared, name)));
    expect(events.filter(({ kind }) => kind === 'row')).toHaveLength(count);
    expect(events).toHaveLength(count);
  });
});

test.skipIf(process.platform === 'win32')('a pipe is read like a file', async () => {
  const pipe = join(await temporaryFolder(), 'pipe');
  execFileSync('mkfifo', [pipe]);
  const written = writeFile(pipe, '[{"a":1}]');
  expect(await collect(readRows(pipe))).toHaveLength(1);
  await written;
});
