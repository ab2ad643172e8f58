// Runs as an editor sees them through a real server: nothing of a curve is lost when the server dies in the middle, a run
// of a terminal appears by itself, and nobody waits while intervals are computed.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { readRun } from '../../src/runs/runFolder.ts';
import { writeRun } from '../../src/server/runs/testing/writeRun.ts';
import {
  getCurves,
  getHeatmap,
  listExperiments,
  runsChanged,
  type CurvePosition,
} from '../../src/shared/protocol/lab/runs.ts';
import { inEnglish } from '../../src/shared/phrase.ts';
import { launchSession, stopSession } from '../../src/shared/protocol/lab/sessions.ts';
import { sessionIn, testWorkspace, until } from './testWorkspace.ts';
import { slack } from '../../src/shared/testing/slack.ts';

const cli = new URL('../../dist/cli.js', import.meta.url).pathname;

test('curves are whole after the server was killed while a run trained', async () => {
  const workspace = await testWorkspace();
  const client = workspace.client();
  const experiment = workspace.file('long.experiment.yaml');
  const { id } = await client.request(launchSession, { kind: 'run', experiment });
  const run = await until('the run is listed', async () => {
    const experiments = await client.request(listExperiments, {});
    return experiments.flatMap((one) => one.runs)[0];
  });
  const steps: number[] = [];
  let from: CurvePosition | undefined;
  const readTo = (step: number) =>
    until(`step ${step} is read`, async () => {
      const data = await client.request(getCurves, from ? { run: run.folder, from } : { run: run.folder });
      steps.push(...data.metrics.map((one) => one.step));
      from = data.next;
      return (steps.at(-1) ?? 0) >= step;
    });
  await readTo(10);
  const { serverPid } = client;
  process.kill(serverPid as number, 'SIGKILL');
  await until('another server serves', () => client.serverPid !== undefined && client.serverPid !== serverPid);
  await readTo(40);
  await client.request(stopSession, { id, how: 'save' });
  await sessionIn(client, id, ['stopped']);
  await readTo((await readRun(run.folder)).metrics.at(-1)?.step ?? 0);
  expect(steps).toEqual(Array.from({ length: steps.length }, (_, n) => n + 1));
  // The list reads the folder again in its own time.
  const listed = await until('the run is listed as stopped', async () => {
    const runs = (await client.request(listExperiments, {})).flatMap((one) => one.runs);
    return runs.find(({ folder, state }) => folder === run.folder && state === 'stopped');
  });
  expect(inEnglish(listed.line)).toMatch(/^stopped at \d/);
});

test('a run of a terminal appears by itself and fills in', async () => {
  const workspace = await testWorkspace();
  const client = workspace.client();
  expect((await client.request(listExperiments, {})).map((one) => one.name)).toEqual(['small', 'small']);
  const heard: string[] = [];
  client.on(runsChanged, ({ runs }) => heard.push(...runs));
  const child = spawn(process.execPath, [cli, 'run', 'short.experiment.yaml', '--out', 'runs/by-hand'], {
    cwd: workspace.folder,
    stdio: 'ignore',
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const folder = join(workspace.folder, 'runs', 'by-hand');
  await until('it is heard of', () => heard.includes(folder));
  const run = await until('it is done', async () => {
    const runs = (await client.request(listExperiments, {})).flatMap((one) => one.runs);
    return runs.find((one) => one.folder === folder && one.state === 'done');
  });
  expect(run).toMatchObject({ id: 'by-hand', experiment: 'small', share: 1 });
});

test('nobody waits while intervals are computed', async () => {
  const workspace = await testWorkspace();
  const folders = [1, 2, 3].map((n) => join(workspace.folder, 'runs', `synthetic-${n}`));
  for (const folder of folders) await writeRun(folder, { learningRates: [3e-4, 1e-4], seeds: [0, 1] });
  const client = workspace.client();
  await client.request(listExperiments, {});
  const pending = new Set(folders);
  const times: number[] = [];
  while (pending.size > 0) {
    for (const run of pending) {
      const before = performance.now();
      const data = await client.request(getHeatmap, { run });
      times.push(performance.now() - before);
      if (!data.pending) pending.delete(run);
    }
    await sleep(10);
  }
  times.sort((a, b) => a - b);
  console.log(
    `heatmaps while intervals are computed: ${times.length} answers, slowest ${times
      .slice(-4)
      .map((ms) => ms.toFixed(0))
      .join(', ')} ms`,
  );
  // As for other answers: on a busy machine the bound only catches blocking.
  expect(times[Math.floor(times.length / 2)]).toBeLessThan(100 * slack);
  expect(times.at(-1)).toBeLessThan(1000 * slack);
});
