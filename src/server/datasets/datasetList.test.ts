import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type * as files from 'node:fs/promises';
import { temporaryFolder } from '../runs/testing/memoryServer.ts';
import { DatasetList } from './datasetList.ts';

/** Called before the notes of a list are written. */
let beforeSaving = (): Promise<void> => Promise.resolve();

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof files>();
  const writeFile: typeof real.writeFile = async (...given) => {
    if (typeof given[0] === 'string' && given[0].endsWith('datasets.json')) await beforeSaving();
    return real.writeFile(...given);
  };
  return { ...real, writeFile };
});

test('a file that is found while the notes of the others are saved is counted as well', async () => {
  const workspace = await temporaryFolder('lab-list-');
  const stateFolder = await temporaryFolder('lab-state-');
  const add = async (name: string): Promise<void> => {
    const file = join(workspace, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, '{"prompt": "1 + 1", "completion": "2"}\n');
  };
  const list = new DatasetList({ workspace, stateFolder, onChange: () => undefined });
  onTestFinished(() => list.close());
  const rows = async () => (await list.list(undefined)).map((file) => [file.name, file.rows]);
  let saved = 0;
  beforeSaving = async () => {
    if (++saved > 1) return;
    await add('late.jsonl');
    list.changed();
    while ((await rows()).length < 2);
  };
  await add('first.jsonl');
  await vi.waitFor(async () =>
    expect(await rows()).toEqual([
      ['first.jsonl', 1],
      ['late.jsonl', 1],
    ]),
  );
});
