import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { freePath, writeNew } from './newFile.ts';

test('nothing is overwritten, and free names are found', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lab-new-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'a.jsonl');
  await writeNew(file, 'first');
  await expect(writeNew(file, 'second')).rejects.toMatchObject({ code: 'usage', message: `${file} is already there` });
  expect(await readFile(file, 'utf8')).toBe('first');
  await expect(writeNew(join(folder, 'no', 'b'), '')).rejects.toThrow(/could not be written/);
  await writeFile(join(folder, 'a-2.jsonl'), '');
  expect(await freePath(folder, 'a', '.jsonl')).toBe(join(folder, 'a-3.jsonl'));
  expect(await freePath(folder, 'b')).toBe(join(folder, 'b'));
});
