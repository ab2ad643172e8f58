import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appendJsonLine, readJsonLines, writeTextAtomically } from './files.ts';

test.skipIf(!existsSync('/dev/full'))('a full disk is named with what to do', async () => {
  await expect(appendJsonLine('/dev/full', { a: 1 })).rejects.toMatchObject({
    code: 'disk-full',
    message: expect.stringContaining('/dev/full') as string,
  });
});

test('a file that cannot be written leaves nothing behind', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-files-'));
  await writeFile(join(folder, 'file'), 'text');
  await expect(writeTextAtomically(join(folder, 'file', 'inside'), 'x')).rejects.toMatchObject({
    code: 'file-unreadable',
  });
  expect(await readdir(folder)).toEqual(['file']);
});

test('a file is replaced as a whole', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-files-'));
  const file = join(folder, 'a', 'file');
  await writeTextAtomically(file, 'one');
  await writeTextAtomically(file, 'two');
  expect(await readFile(file, 'utf8')).toBe('two');
  expect(await readdir(join(folder, 'a'))).toEqual(['file']);
});

test('an absent file is an empty list', async () => {
  expect(await readJsonLines(join(tmpdir(), 'lab-nowhere', 'x.jsonl'))).toEqual({
    values: [],
    damaged: [],
    cut: false,
  });
});
