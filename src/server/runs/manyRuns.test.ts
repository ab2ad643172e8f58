// A thousand runs: how long the list takes with and without its cache, and how long the server ever keeps others waiting.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listExperiments, runsChanged } from '../../shared/protocol/lab/runs.ts';
import { runsPart } from './runsPart.ts';
import { memoryServer, temporaryFolder } from './testing/memoryServer.ts';
import type { MemoryServer } from './testing/memoryServer.ts';
import { writeRun } from './testing/writeRun.ts';
import { slack } from '../../shared/testing/slack.ts';

const runCount = 1000;

/** Samples how late a timer of one millisecond comes, until stopped; gives the worst in milliseconds. */
function watchDelay(): () => number {
  let worst = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    worst = Math.max(worst, now - last - 1);
    last = now;
  }, 1);
  return () => {
    worst = Math.max(worst, performance.now() - last - 1);
    clearInterval(timer);
    return worst;
  };
}

async function countRuns(server: MemoryServer): Promise<number> {
  return (await server.call(listExperiments, {})).reduce((sum, one) => sum + one.runs.length, 0);
}

/** Calls for the list until it is complete, as an editor does on every change. */
async function listAll(server: MemoryServer): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const changed = server.next(runsChanged);
    if ((await countRuns(server)) === runCount) return performance.now() - begun;
    await changed;
  }
}

test('a thousand runs are listed at once from the cache, and the server keeps answering', async () => {
  const workspace = await temporaryFolder('lab-many-');
  const stateFolder = await temporaryFolder('lab-state-');
  for (let index = 0; index < runCount; index++) {
    const id = `synthetic-20260102-0304-${index.toString(16).padStart(4, '0')}`;
    await writeRun(join(workspace, 'runs', id), { withItems: false });
  }
  const delayCold = watchDelay();
  const first = await memoryServer(runsPart, workspace, stateFolder);
  const cold = await listAll(first);
  const coldPause = delayCold();
  await first.shutdown();

  // Other processes of the machine only ever make it slower, so the best of a few starts is what the code needs.
  const warm: number[] = [];
  const pauses: number[] = [];
  let size = 0;
  for (let attempt = 0; attempt < 4; attempt++) {
    const delay = watchDelay();
    const server = await memoryServer(runsPart, workspace, stateFolder);
    const begun = performance.now();
    const list = await server.call(listExperiments, {});
    warm.push(performance.now() - begun);
    pauses.push(delay());
    expect(list.reduce((sum, one) => sum + one.runs.length, 0)).toBe(runCount);
    size = JSON.stringify(list).length;
    await server.shutdown();
  }
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  console.log(
    `${runCount} runs: cold ${ms(cold)} (longest pause ${ms(coldPause)}), warm ${warm.map(ms).join(', ')} (longest pauses ${pauses.map(ms).join(', ')}), ${(size / 1e6).toFixed(1)} MB`,
  );
  expect(Math.min(...warm)).toBeLessThan(300 * slack);
  expect(Math.min(...pauses)).toBeLessThan(50 * slack);
});
