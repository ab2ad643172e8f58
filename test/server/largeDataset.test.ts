// One gigabyte in the dataset view: the first rows are there at once, every row can be reached, and the server's memory
// stays as it is. The numbers are printed.
import { open, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import {
  datasetViewChanged,
  getDatasetViewRows,
  openDatasetView,
  searchDatasetView,
} from '../../src/shared/protocol/lab/datasetView.ts';
import type { DatasetViewState } from '../../src/shared/protocol/lab/datasetView.ts';
import { listSessions } from '../../src/shared/protocol/lab/sessions.ts';
import { slack } from '../../src/shared/testing/slack.ts';
import { testWorkspace, until } from './testWorkspace.ts';

const gigabyte = 2 ** 30;
/** Resident memory of a process in MB; NaN where the system does not tell it this way. */
async function residentMb(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

/** Rows of about 200 bytes, the last of which is told apart. Returns how many there are. */
async function writeRows(file: string, bytes: number): Promise<number> {
  const row = `${JSON.stringify({ prompt: `What is 45 - 23? ${'x'.repeat(100)}`, completion: `It is 22. ${'y'.repeat(40)}` })}\n`;
  const block = Buffer.from(row.repeat(40_000));
  const handle = await open(file, 'w');
  let rows = 0;
  for (let written = 0; written < bytes; written += block.length, rows += 40_000) await handle.write(block);
  await handle.write('{"prompt":"the last one","completion":"the end"}\n');
  await handle.close();
  return rows + 1;
}

test('one gigabyte opens within two seconds and takes no memory', async () => {
  const workspace = await testWorkspace();
  const file = workspace.file('gigabyte.jsonl');
  const rows = await writeRows(file, gigabyte);
  const client = workspace.client();
  await client.request(listSessions, {});
  const { pid } = await workspace.lock();
  const before = await residentMb(pid);
  let state: DatasetViewState | undefined;
  client.on(datasetViewChanged, (told) => (state = told));

  const begun = performance.now();
  const { id } = await client.request(openDatasetView, { file });
  const page = { id, count: 32, characters: 400 };
  const first = await client.request(getDatasetViewRows, { ...page, from: 0 });
  const opened = performance.now() - begun;
  expect(first.map(({ prompt }) => prompt?.slice(0, 15))).toEqual(Array(32).fill('What is 45 - 23'));
  await until('every row is indexed', () => state?.done);
  const indexed = performance.now() - begun;
  expect(state?.rows).toBe(rows);

  const jumped = performance.now();
  const last = await client.request(getDatasetViewRows, { ...page, from: rows - 1 });
  const jump = performance.now() - jumped;
  expect(last.map(({ prompt }) => prompt)).toEqual(['the last one']);
  const searched = performance.now();
  expect(await client.request(searchDatasetView, { id, text: 'the last one', from: 0 })).toEqual({ row: rows - 1 });
  const search = performance.now() - searched;
  const after = await residentMb(pid);
  const ms = (value: number): string => `${Math.round(value)} ms`;
  console.log(
    `1 GB, ${rows} rows: first rows after ${ms(opened)}, all indexed after ${ms(indexed)}, the last row after ${ms(jump)}, ` +
      `found by text after ${ms(search)}; server ${before.toFixed(0)} MB before, ${after.toFixed(0)} MB after`,
  );
  expect(opened).toBeLessThan(2000 * slack);
  if (!Number.isNaN(before)) expect(after - before).toBeLessThan(100);
});
