// Searches: one of the whole workspace takes long, and places are looked at meanwhile; others get their turn in between.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type * as findRuns from '../../lab/findRuns.ts';
import { RunIndex } from './runIndex.ts';
import { temporaryFolder } from './testing/memoryServer.ts';
import { writeRun } from './testing/writeRun.ts';
import type * as stamps from './stamp.ts';

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

/** How long a stamp takes, as on a slow disk, milliseconds; and the most that were taken in one turn. */
let stampMs = 0;
let [stampsInTurn, mostStamps] = [0, 0];

vi.mock('./stamp.ts', async (original) => {
  const real = await original<typeof stamps>();
  const stampOf: typeof real.stampOf = (folder) => {
    if (stampsInTurn === 0) setImmediate(() => (stampsInTurn = 0));
    mostStamps = Math.max(mostStamps, ++stampsInTurn);
    for (const end = performance.now() + stampMs; performance.now() < end;);
    return real.stampOf(folder);
  };
  return { ...real, stampOf };
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

test('a search looks in slices for runs that have gone', async () => {
  const workspace = await temporaryFolder('lab-index-');
  const stateFolder = await temporaryFolder('lab-state-');
  const config = JSON.stringify({ formatVersion: 1, experiment: {}, arms: [] });
  for (let n = 0; n < 100; n++) {
    const folder = join(workspace, 'runs', `run-${n}`);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'config.json'), config);
  }
  const nothing = (): void => undefined;
  const index = new RunIndex({ workspace, stateFolder, onChange: nothing, onEnd: nothing });
  await index.refreshAll(await index.load());
  expect(index.folders).toHaveLength(100);
  [stampMs, mostStamps] = [1, 0];
  await index.scan(workspace, { depth: 2 });
  stampMs = 0;
  // A slice takes 8 ms; the end of the walk may share a turn with the first of them.
  expect(mostStamps).toBeLessThan(30);
});
