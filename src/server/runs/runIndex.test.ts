// Searches that overlap: one of the whole workspace takes long, and places are looked at meanwhile.
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type * as findRuns from '../../lab/findRuns.ts';
import { RunIndex } from './runIndex.ts';
import { temporaryFolder } from './testing/memoryServer.ts';
import { writeRun } from './testing/writeRun.ts';

/** Called when a search has found what it finds, before it says so. */
let atEnd = (): Promise<void> => Promise.resolve();

vi.mock('../../lab/findRuns.ts', async (original) => {
  const real = await original<typeof findRuns>();
  const findLabFiles: typeof real.findLabFiles = async (...search) => {
    const found = await real.findLabFiles(...search);
    await atEnd();
    return found;
  };
  return { ...real, findLabFiles };
});

test('a place that appears while the whole workspace is searched is kept, and so is its run', async () => {
  const workspace = await temporaryFolder('lab-index-');
  const stateFolder = await temporaryFolder('lab-state-');
  const nothing = (): void => undefined;
  const index = new RunIndex({ workspace, stateFolder, onChange: nothing, onEnd: nothing });
  await index.load();
  const place = join(workspace, 'runs');
  const run = join(place, 'one');
  atEnd = async () => {
    atEnd = () => Promise.resolve();
    await writeRun(run, { withItems: false });
    await index.scan(workspace, { depth: 2 });
    expect(index.places).toContain(place);
  };
  await index.scan();
  expect(index.places).toContain(place);
  expect(index.folders).toEqual([run]);
});
