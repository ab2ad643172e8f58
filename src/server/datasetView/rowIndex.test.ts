import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RowIndex } from './rowIndex.ts';
import { readRowBytes, rowAtOffset } from './rowReader.ts';
import { searchRows } from './search.ts';

const signal = new AbortController().signal;

async function indexed(content: string | Buffer) {
  const folder = await mkdtemp(join(tmpdir(), 'row-index-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'data.jsonl');
  await writeFile(file, content);
  const handle = await open(file, 'r');
  onTestFinished(() => handle.close());
  const size = Buffer.byteLength(content);
  const index = await RowIndex.open(handle, size);
  await index.build(signal, () => undefined);
  const read = async (from: number, count: number, limit = 1 << 20): Promise<string[]> =>
    (await readRowBytes(handle, index, { from, count, limit })).map(({ bytes }) => bytes.toString('utf8'));
  const search = (text: string, from = 0): Promise<number | null> =>
    searchRows(handle, index, { text, from, signal, onProgress: () => undefined });
  return { handle, index, read, search };
}

describe('rows of JSON Lines', () => {
  it.each([
    ['without a line break at the end', '{"a":1}\n{"a":2}', ['{"a":1}', '{"a":2}']],
    ['with one', '{"a":1}\n{"a":2}\n', ['{"a":1}', '{"a":2}']],
    ['with CRLF', '{"a":1}\r\n{"a":2}\r\n', ['{"a":1}\r', '{"a":2}\r']],
    ['with empty lines', '\n{"a":1}\n\n\n{"a":2}\n', ['', '{"a":1}', '', '', '{"a":2}']],
    ['with a byte order mark', '\ufeff{"a":1}\n{"a":2}', ['{"a":1}', '{"a":2}']],
    ['of one row', '{"a":1}', ['{"a":1}']],
    ['without any', '', []],
    ['of nothing but a byte order mark', '\ufeff', []],
    ['of several scripts', '{"a":"é😀"}\n{"a":"减法"}\n', ['{"a":"é😀"}', '{"a":"减法"}']],
  ])('%s', async (_, content, rows) => {
    const { index, read } = await indexed(content);
    expect(index.layout).toBe('lines');
    expect([index.done, index.rows]).toEqual([true, rows.length]);
    expect(await read(0, 100)).toEqual(rows);
    for (const [row, text] of rows.entries()) expect(await read(row, 1)).toEqual([text]);
  });

  it('are found far behind the first ones', async () => {
    const rows = Array.from({ length: 5000 }, (_, row) => JSON.stringify({ row, text: 'x'.repeat(row % 600) }));
    const { index, read, handle } = await indexed(rows.join('\n'));
    expect(index.rows).toBe(5000);
    for (const from of [0, 255, 256, 257, 2048, 4990])
      expect(await read(from, 20)).toEqual(rows.slice(from, from + 20));
    let offset = 0;
    for (const [row, text] of rows.entries()) {
      if (row % 300 === 7) {
        expect(await rowAtOffset(handle, index, offset)).toEqual({ row, offset });
        expect((await rowAtOffset(handle, index, offset + text.length)).row).toBe(row);
      }
      offset += text.length + 1;
    }
  });

  it('are bounded: a row of 70 MB costs no more than its first bytes', async () => {
    const long = Buffer.alloc(70 * 2 ** 20, 'a');
    const { index, handle, read } = await indexed(
      Buffer.concat([Buffer.from('{"a":1}\n'), long, Buffer.from('\n{"a":2}\n{"a":3}')]),
    );
    expect(index.rows).toBe(4);
    const rows = await readRowBytes(handle, index, { from: 0, count: 4, limit: 100 });
    expect(rows.map(({ length }) => length)).toEqual([7, long.length, 7, 7]);
    expect(rows[1]?.bytes).toHaveLength(100);
    expect(await read(2, 2)).toEqual(['{"a":2}', '{"a":3}']);
  });
});

describe('rows of a JSON array', () => {
  it.each([
    ['compact', '[{"a":1},{"a":[2,"]"]}]', ['{"a":1}', '{"a":[2,"]"]}']],
    ['over several lines', ' [\n  {"a":1},\n  {"a":\n2}\n]\n', ['{"a":1}', '{"a":\n2}']],
    ['empty', '[ ]', []],
    ['with a stray comma at the end', '[{"a":1},\n]', ['{"a":1}']],
    ['with escaped quotes', '[{"a":"\\"],["},{"b":"\\\\"}]', ['{"a":"\\"],["}', '{"b":"\\\\"}']],
    ['that ends too early', '[{"a":1},{"b":', ['{"a":1}', '{"b":']],
    ['with something behind it', '[{"a":1}]\n{"b":1}', ['{"a":1}']],
  ])('%s', async (_, content, rows) => {
    const { index, read } = await indexed(content);
    expect(index.layout).toBe('array');
    expect(index.rows).toBe(rows.length);
    expect((await read(0, 100)).map((text) => text.trim())).toEqual(rows);
  });

  it('are found from the middle', async () => {
    const rows = Array.from({ length: 3000 }, (_, row) => JSON.stringify({ row, text: '[{",}'.repeat(row % 90) }));
    const { read } = await indexed(`[${rows.join(',')}]`);
    for (const from of [0, 255, 600, 2990]) expect(await read(from, 12)).toEqual(rows.slice(from, from + 12));
  });
});

describe('searching', () => {
  it('finds text in any case, as it is and as JSON writes it', async () => {
    const rows = [
      '{"a":"Alpha"}',
      '{"a":"say \\"Beta\\""}',
      '{"a":"减法"}',
      '{"a":"\\u51cf\\u6cd5 again"}',
      '{"a":"gamma"}',
    ];
    const { search } = await indexed(rows.join('\n'));
    expect(await search('alpha')).toBe(0);
    expect(await search('"beta"')).toBe(1);
    expect(await search('减法')).toBe(2);
    expect(await search('减法', 3)).toBe(3);
    expect(await search('GAMMA', 2)).toBe(4);
    expect(await search('alpha', 1)).toBeNull();
    expect(await search('nothing')).toBeNull();
  });

  it('finds what lies across two pieces of the file', async () => {
    for (let shift = 0; shift < 24; shift++) {
      const before = JSON.stringify({ a: 'x'.repeat(2 ** 18 - 20 - shift) });
      const { search } = await indexed(`${before}\n{"a":"needle"}\n`);
      expect(await search('needle')).toBe(1);
    }
  });

  it('is not fooled by bytes that only look alike', async () => {
    // C3 89 and E3 89 fold to the same bytes; the row decides.
    const { search } = await indexed('{"a":"㉀"}\n{"a":"É"}\n');
    expect(await search('É')).toBe(1);
  });

  it('ends when it is cancelled', async () => {
    const { handle, index } = await indexed('{"a":1}\n');
    const stopped = AbortSignal.abort();
    await expect(
      searchRows(handle, index, { text: 'a', from: 0, signal: stopped, onProgress: () => undefined }),
    ).rejects.toThrow(/abort/i);
  });
});
