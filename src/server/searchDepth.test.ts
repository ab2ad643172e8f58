// What one list of a workspace shows, the others find: all of them look equally deep.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../data/testFolder.ts';
import { findLabFiles } from '../lab/findRuns.ts';
import { searchDepth } from '../lab/walkFolders.ts';
import { walkFiles } from './experiments/walkFiles.ts';
import { findModelFolders } from './models/scan.ts';

test.each([
  ['lists', searchDepth, 1],
  ['do not list', searchDepth + 1, 0],
])('experiments, runs, data and models: they all %s what lies %i folders deep', async (_, depth, count) => {
  const workspace = await temporaryFolder();
  const folder = join(workspace, ...Array<string>(depth).fill('deeper'));
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
  };
  await write(join(folder, 'x.experiment.yaml'), 'name: x\n');
  await write(join(folder, 'rows.jsonl'), '');
  // The run and the model are the folders that deep.
  await write(join(folder, '..', 'run', 'config.json'), '{ "formatVersion": 1 }');
  await write(join(folder, '..', 'model', 'config.json'), '{ "model_type": "llama" }');
  const { experiments, runs } = await findLabFiles(workspace);
  const files = await walkFiles(workspace);
  const models = await findModelFolders([workspace]);
  const found = [experiments, runs, files.experiments, files.data, models];
  expect(found.map((paths) => paths.length)).toEqual(found.map(() => count));
});
