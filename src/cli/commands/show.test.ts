import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRun } from '../../runs/runFolder.ts';
import { temporaryFolder } from '../../server/runs/testing/memoryServer.ts';
import { writeRun } from '../../server/runs/testing/writeRun.ts';
import { printRecords } from './show.ts';

/** The breaches and notes that are printed. */
async function printed(folder: string): Promise<{ breaches: object[]; notes: string[] }> {
  const breaches: object[] = [];
  const notes: string[] = [];
  await printRecords(await readRun(folder), {
    json: true,
    value: (value) => {
      if ('kind' in value && value.kind === 'breach') breaches.push(value);
      return Promise.resolve();
    },
    text: () => Promise.resolve(),
    note: (text) => void notes.push(text),
  });
  return { breaches, notes };
}

test('an items file that cannot be read costs no other breach', async () => {
  const folder = join(await temporaryFolder('lab-show-'), 'run');
  const { cells } = await writeRun(folder);
  const { breaches } = await printed(folder);
  expect(breaches.length).toBeGreaterThan(2);
  const [first] = breaches as { arm: string; stage: number; benchmark: string }[];
  const cell = cells.find(
    (one) => one.arm === first?.arm && one.stage === first.stage && one.benchmark === first.benchmark,
  );
  await rm(join(folder, cell?.items ?? ''));
  const later = await printed(folder);
  expect(later.breaches).toEqual(breaches.slice(1));
  expect(later.notes).toEqual([
    expect.stringMatching(/^Cells for which the forgetting budget cannot be checked: 1\. .*items/),
  ]);
});
