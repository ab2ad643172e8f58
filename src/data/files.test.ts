import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LabError } from '../shared/errors.ts';
import { epochOrder } from './batches.ts';
import { fileError } from './fileErrors.ts';
import { hashFile } from './hashFile.ts';
import { temporaryFolder } from './testFolder.ts';
import { writeRows } from './writeRows.ts';

test('hashFile gives the SHA-256 of the bytes, also of a file of several pieces', async () => {
  const file = join(await temporaryFolder(), 'data');
  await writeFile(file, 'abc');
  // FIPS 180-2, appendix B.1.
  expect(await hashFile(file)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  const big = Buffer.alloc(3_000_001, 'xyz');
  await writeFile(file, big);
  expect(await hashFile(file)).toBe(createHash('sha256').update(big).digest('hex'));
  await expect(hashFile(`${file}.missing`)).rejects.toMatchObject({ code: 'file-not-found' });
});

test('writeRows writes lines, makes folders, replaces, and leaves nothing else behind', async () => {
  const folder = join(await temporaryFolder(), 'new', 'deep');
  const file = join(folder, 'rows.jsonl');
  expect(await writeRows(file, [{ a: 'é\n' }, { b: 2 }])).toBe(2);
  expect(await readFile(file, 'utf8')).toBe('{"a":"é\\n"}\n{"b":2}\n');
  async function* many(): AsyncGenerator<object> {
    for (let i = 0; i < 20_000; i++) yield await Promise.resolve({ i });
  }
  expect(await writeRows(file, many())).toBe(20_000);
  expect((await readFile(file, 'utf8')).split('\n')[19_999]).toBe('{"i":19999}');
  expect(await writeRows(file, [])).toBe(0);
  expect(await readFile(file, 'utf8')).toBe('');
  expect(await readdir(folder)).toEqual(['rows.jsonl']);
});

test('when the rows fail the old file stays and the error is theirs', async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'rows.jsonl');
  await writeRows(file, [{ old: true }]);
  function* failing(): Generator<object> {
    yield { new: true };
    throw new Error('source failed');
  }
  await expect(writeRows(file, failing())).rejects.toThrow('source failed');
  expect(await readFile(file, 'utf8')).toBe('{"old":true}\n');
  expect(await readdir(folder)).toEqual(['rows.jsonl']);
  await mkdir(join(folder, 'taken'));
  await expect(writeRows(join(folder, 'taken'), [])).rejects.toBeInstanceOf(LabError);
  expect((await readdir(folder)).sort()).toEqual(['rows.jsonl', 'taken']);
});

test('a full disk has its own code', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', errno: -28 });
  expect(fileError(full, '/x', 'write')).toMatchObject({
    code: 'disk-full',
    message: expect.stringContaining('/x') as string,
  });
});

test('epochOrder is a permutation of its own for every seed and epoch', () => {
  const order = epochOrder(100, 1, 0);
  expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  expect(epochOrder(100, 1, 0)).toEqual(order);
  expect(epochOrder(100, 1, 1)).not.toEqual(order);
  expect(epochOrder(100, 2, 0)).not.toEqual(order);
  expect([epochOrder(0, 1, 0), epochOrder(1, 1, 0)]).toEqual([[], [0]]);
});

test('every permutation of three comes equally often', () => {
  const counts = new Map<string, number>();
  for (let epoch = 0; epoch < 6000; epoch++) {
    const key = epochOrder(3, 5, epoch).join('');
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  // 1000 expected each, standard deviation 29: five of them.
  expect([...counts.values()].map((count) => Math.abs(count - 1000) < 145)).toEqual(new Array(6).fill(true));
});
