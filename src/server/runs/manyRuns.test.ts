// A thousand runs: how long the list takes on the first look and with its cache, and how long the server ever keeps others waiting.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RunReader } from '../../lab/runReader.ts';
import { summarizeRun } from '../../lab/runSummary.ts';
import { listExperiments, runsChanged } from '../../shared/protocol/lab/runs.ts';
import type { RunSummary } from '../../shared/protocol/lab/runs.ts';
import { runsPart } from './runsPart.ts';
import { memoryServer, temporaryFolder } from './testing/memoryServer.ts';
import type { MemoryServer } from './testing/memoryServer.ts';
import { watchDelay } from '../../shared/testing/watchDelay.ts';
import { writeRun } from './testing/writeRun.ts';
import { slack } from '../../shared/testing/slack.ts';

const runCount = 1000;

const listRuns = async (server: MemoryServer): Promise<RunSummary[]> =>
  (await server.call(listExperiments, {})).flatMap((one) => one.runs);

/** Calls for the list until every run in it has been read, as an editor does on every change. */
async function listUntilRead(server: MemoryServer): Promise<RunSummary[]> {
  for (;;) {
    const changed = server.next(runsChanged);
    const runs = await listRuns(server);
    if (runs.every((run) => run.trials.length > 0)) return runs;
    await changed;
  }
}

interface Start {
  /** Milliseconds until the first list, and the longest time in which others had to wait. */
  list: number;
  pause: number;
}

/** A new server, its first list, and what `then` does with it. */
async function start(
  folders: [workspace: string, state: string],
  then: (server: MemoryServer, first: RunSummary[]) => Promise<void>,
): Promise<Start> {
  const delay = watchDelay();
  const server = await memoryServer(runsPart, ...folders);
  const begun = performance.now();
  const first = await listRuns(server);
  const list = performance.now() - begun;
  expect(first).toHaveLength(runCount);
  await then(server, first);
  await server.shutdown();
  return { list, pause: delay() };
}

const ms = (value: number): string => `${value.toFixed(0)} ms`;
const all = (values: number[]): string => values.map(ms).join(', ');

test('a thousand runs are listed at once, read before or not, and the server keeps answering', async () => {
  const workspace = await temporaryFolder('lab-many-');
  for (let index = 0; index < runCount; index++) {
    const id = `synthetic-20260102-0304-${index.toString(16).padStart(4, '0')}`;
    await writeRun(join(workspace, 'runs', id), { withItems: false });
  }
  // Other processes of the machine only ever make it slower, so the best of a few starts is what the code needs.
  const cold: Start[] = [];
  const read: number[] = [];
  let stateFolder = '';
  for (let attempt = 0; attempt < 3; attempt++) {
    stateFolder = await temporaryFolder('lab-state-');
    const begun = performance.now();
    const begin = start([workspace, stateFolder], async (server, first) => {
      expect(new Set(first.map((run) => `${run.experiment} ${run.state}`))).toEqual(new Set(['synthetic done']));
      const reading = server.call(listExperiments, { read: true });
      const runs = await listUntilRead(server);
      expect((await reading).flatMap((one) => one.runs)).toEqual(runs);
      expect(runs.map((run) => run.folder)).toEqual(first.map((run) => run.folder));
      read.push(performance.now() - begun);
    });
    cold.push(await begin);
  }
  const warm: Start[] = [];
  for (let attempt = 0; attempt < 4; attempt++) {
    const begin = start([workspace, stateFolder], async (_, first) => {
      expect(first.every((run) => run.trials.length > 0)).toBe(true);
    });
    warm.push(await begin);
  }
  for (const [name, starts] of Object.entries({ 'never read': cold, 'read before': warm })) {
    const lists = starts.map((one) => one.list);
    const pauses = starts.map((one) => one.pause);
    console.log(`${runCount} runs, ${name}: listed after ${all(lists)}, longest pauses ${all(pauses)}`);
    expect(Math.min(...lists)).toBeLessThan(300 * slack);
    expect(Math.min(...pauses)).toBeLessThan(50 * slack);
  }
  console.log(`${runCount} runs: all read after ${all(read)}`);
});

test('a sweep of hundreds of trials is summarised in slices', async () => {
  const folder = join(await temporaryFolder('lab-sweep-'), 'sweep');
  const learningRates = Array.from({ length: 8 }, (_, k) => (k + 1) * 1e-4);
  await writeRun(folder, { withItems: false, learningRates, seeds: Array.from({ length: 20 }, (_, k) => k) });
  const run = await new RunReader(folder).read();
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 5; attempt++) {
    const delay = watchDelay();
    const { trials } = await summarizeRun(run, { plan: undefined, state: 'running', updatedAt: '' });
    pauses.push(delay());
    expect(trials).toHaveLength(640);
  }
  console.log(`a sweep of 640 trials: others waited ${all(pauses)}`);
  expect(Math.min(...pauses)).toBeLessThan(50 * slack);
});
