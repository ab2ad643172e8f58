import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startsAsArray } from './arrayFile.ts';

describe('whether a JSON file is a list', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lab-array-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['[{"prompt":"a"}]', true],
    [' \r\n\t[\n', true],
    ['\ufeff[]', true],
    ['\ufeff\n [1]', true],
    ['{"rows":[]}', false],
    ['\ufeff{}', false],
    ['"["', false],
    ['', false],
    ['   ', false],
  ])('%j: %s', async (content, expected) => {
    const file = join(folder, 'file.json');
    await writeFile(file, content);
    expect(await startsAsArray(file)).toBe(expected);
  });
});
