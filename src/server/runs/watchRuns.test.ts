// Runs of others: what appears, grows, is resumed and goes is noticed within two seconds, whoever does it.
import { appendFile, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ForwardBackwardRequest, ForwardBackwardResult } from '../../engine/engine.ts';
import { RunFollower } from '../../lab/runFollower.ts';
import { FakeEngine } from '../../runs/testing/fakeEngine.ts';
import { fakeWorkspace } from '../../runs/testing/fakeWorkspace.ts';
import type { RunEvent } from '../../runs/session.ts';
import { resumeRun, startRun } from '../../runs/startRun.ts';
import { lockRun } from '../../runs/lock.ts';
import { inEnglish } from '../../shared/phrase.ts';
import { getCurves, getHeatmap, getRun, listExperiments } from '../../shared/protocol/lab/runs.ts';
import type { ExperimentSummary, RunSummary } from '../../shared/protocol/lab/runs.ts';
import { RunIndex } from './runIndex.ts';
import { runsPart } from './runsPart.ts';
import { memoryServer, temporaryFolder } from './testing/memoryServer.ts';
import type { MemoryServer } from './testing/memoryServer.ts';
import { writeRun } from './testing/writeRun.ts';
import { RunWatch } from './watchRuns.ts';
import { slack } from '../../shared/testing/slack.ts';

const problemOf = (one: ExperimentSummary | undefined): string => inEnglish(one?.problem ?? '');

/** Waits until the list fits; rejects after two seconds and a little. */
async function untilListed(
  server: MemoryServer,
  fits: (list: ExperimentSummary[]) => boolean,
): Promise<ExperimentSummary[]> {
  const deadline = performance.now() + 2300 * slack;
  for (;;) {
    const list = await server.call(listExperiments, {});
    if (fits(list)) return list;
    if (performance.now() > deadline) throw new Error(`not noticed: ${JSON.stringify(list, undefined, 1)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function until(server: MemoryServer, fits: (runs: RunSummary[]) => boolean): Promise<RunSummary[]> {
  const list = await untilListed(server, (all) => fits(all.flatMap((one) => one.runs)));
  return list.flatMap((one) => one.runs);
}

describe('noticed within two seconds:', () => {
  test('a run in a `runs` folder that was not there, whose files come one after the other', async () => {
    const workspace = await fakeWorkspace();
    const elsewhere = await temporaryFolder('lab-elsewhere-');
    await writeRun(join(elsewhere, 'one'));
    const server = await memoryServer(runsPart, workspace);
    await until(server, (runs) => runs.length === 0);
    const folder = join(workspace, 'runs', 'one');
    await mkdir(folder, { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await rename(join(elsewhere, 'one', 'config.json'), join(folder, 'config.json'));
    await until(server, ([run]) => run?.folder === folder && run.state === 'interrupted');
    await rename(join(elsewhere, 'one', 'status.jsonl'), join(folder, 'status.jsonl'));
    await until(server, ([run]) => run?.state === 'done');
  });

  test('a run in a `runs` folder that is a link', async () => {
    const workspace = await fakeWorkspace();
    const scratch = await temporaryFolder('lab-scratch-');
    await symlink(scratch, join(workspace, 'runs'));
    await writeRun(join(scratch, 'one'));
    const server = await memoryServer(runsPart, workspace);
    await until(server, ([run]) => run?.folder === join(workspace, 'runs', 'one') && run.state === 'done');
    await writeRun(join(scratch, 'two'));
    await until(server, (runs) => runs.some(({ folder }) => folder === join(workspace, 'runs', 'two')));
  });

  test('a run at rest that is resumed, and its end without a word', async () => {
    const workspace = await temporaryFolder('lab-watch-');
    const folder = join(workspace, 'runs', 'one');
    await writeRun(folder);
    const server = await memoryServer(runsPart, workspace);
    await until(server, ([run]) => run?.state === 'done');
    const release = await lockRun(folder);
    const status = { kind: 'status', at: '2026-01-03T00:00:00.000Z', state: 'running', pid: process.pid };
    await appendFile(join(folder, 'status.jsonl'), `${JSON.stringify(status)}\n`);
    await until(server, ([run]) => run?.state === 'running');
    await release();
    const [run] = await until(server, ([one]) => one?.state === 'interrupted');
    expect(inEnglish(run?.line ?? '')).toMatch(/^interrupted, \d+ %/);
    expect(inEnglish(run?.reason ?? '')).toContain('resume');
  });

  test('experiment files that appear, are edited and go', async () => {
    const workspace = await fakeWorkspace();
    const server = await memoryServer(runsPart, workspace);
    const file = join(workspace, 'lab.experiment.yaml');
    await untilListed(server, ([one]) => one?.name === 'fake' && one.file === file && one.stages === 2);
    await writeFile(join(workspace, 'broken.experiment.yaml'), 'name: [');
    await untilListed(server, ([one]) => one?.name === 'broken' && problemOf(one).includes('is not YAML'));
    await rm(join(workspace, 'broken.experiment.yaml'));
    await untilListed(server, (list) => list.length === 1);
  });

  test('an edit of an experiment file, which leaves its folder as it was', async () => {
    const workspace = await fakeWorkspace();
    const server = await memoryServer(runsPart, workspace);
    await untilListed(server, ([one]) => one?.name === 'fake');
    await writeFile(join(workspace, 'lab.experiment.yaml'), 'name: other');
    await untilListed(server, ([one]) => problemOf(one).includes('problems'));
  });
});

/** An index of a workspace so large that every look takes its time. */
class SlowIndex extends RunIndex {
  ticks = 0;
  searches = 0;
  searched = false;
  mostTicks = 0;
  private going = 0;

  override get running(): string[] {
    return [...this.places];
  }

  override async checkExperiments(): Promise<void> {
    this.ticks++;
    this.mostTicks = Math.max(this.mostTicks, ++this.going);
    await wait(30);
  }

  override async scan(place?: string): Promise<void> {
    if (place !== undefined) return;
    this.searches++;
    await wait(2500);
    this.searched = true;
  }

  override async save(): Promise<void> {
    await wait(300);
    this.going--;
  }
}

const wait = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

test('looks never overlap, one search at a time goes on beside them, and the end waits for both', async () => {
  const workspace = await temporaryFolder('lab-watch-');
  await writeRun(join(workspace, 'runs', 'one'), { withItems: false });
  const nothing = (): void => undefined;
  const stateFolder = await temporaryFolder('lab-state-');
  const index = new SlowIndex({ workspace, stateFolder, onChange: nothing, onEnd: nothing });
  await index.load();
  // So long ago that the workspace is due for a search.
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 60_000 });
  onTestFinished(() => void vi.useRealTimers());
  const watch = new RunWatch(index, workspace, nothing);
  vi.useRealTimers();
  watch.start();
  for (let n = 0; n < 60; n++) {
    await writeFile(join(workspace, 'runs', `${n}.txt`), '');
    await wait(50);
  }
  const { ticks } = index;
  await watch.stop();
  expect([index.mostTicks, index.searches, index.searched]).toEqual([1, 1, true]);
  expect(ticks).toBeGreaterThan(2);
  await wait(1500);
  expect(index.ticks).toBe(ticks);
});

test('a run that is being carried out fills in: share, stages, heatmap and curves', async () => {
  const workspace = await fakeWorkspace({ probes: { every: 1, items: 2 } });
  const server = await memoryServer(runsPart, workspace);
  await server.call(listExperiments, {});
  const seen: { share: number; line: string; state: string; measured: number; active: number | undefined }[] = [];
  const folder = join(workspace, 'runs', 'live');
  let looking = Promise.resolve();
  let steps = 0;
  await startRun({
    file: join(workspace, 'lab.experiment.yaml'),
    out: folder,
    startEngine: () => Promise.resolve(new FakeEngine()),
    stop: new AbortController().signal,
    abort: new AbortController().signal,
    listener: (event) => {
      if (event.kind === 'metric') steps++;
      if (event.kind === 'metric' || event.kind === 'cell') looking = looking.then(look);
    },
  });
  await looking;
  async function look(): Promise<void> {
    const { run, view, active } = await server.call(getHeatmap, { run: folder });
    const measured = view.blocks.flatMap((block) => block.rows.flatMap((row) => row.cells)).filter(isMeasured).length;
    seen.push({ share: run.share, line: inEnglish(run.line), state: run.state, measured, active: active?.stage });
  }
  expect(seen.some((one) => one.state === 'running' && one.share > 0 && one.share < 1)).toBe(true);
  expect(seen.map((one) => one.share)).toEqual(seen.map((one) => one.share).sort((a, b) => a - b));
  expect(seen.find((one) => one.state === 'running')?.line).toMatch(/^\d+ %, (base|ground truth)$/);
  const summary = await server.call(getRun, { run: folder });
  expect(summary).toMatchObject({ state: 'done', share: 1, experiment: 'fake' });
  expect(summary.trials[0]?.stages.map(({ stage, name, state, share }) => [stage, name, state, share])).toEqual([
    [0, 'base', 'done', 1],
    [1, 'first', 'done', 1],
    [2, 'second', 'done', 1],
  ]);
  expect(summary.trials[0]?.stages[2]?.checkpoints).toMatchObject([{ what: 'final', exists: true }]);
  const curves = await server.call(getCurves, { run: folder });
  expect(curves.metrics).toHaveLength(steps);
  expect(curves.probes).toHaveLength(10);
  await rm(join(folder, 'checkpoints'), { recursive: true });
  const later = await server.call(getRun, { run: folder });
  expect(later.trials[0]?.stages[2]?.checkpoints).toMatchObject([{ what: 'final', exists: false }]);
});

/** Dies after some steps. */
class MortalEngine extends FakeEngine {
  private stepsLeft: number;

  constructor(steps: number) {
    super();
    this.stepsLeft = steps;
  }

  override forwardBackward(request: ForwardBackwardRequest): Promise<ForwardBackwardResult> {
    return this.stepsLeft-- > 0 ? super.forwardBackward(request) : Promise.reject(new Error('the engine died'));
  }
}

test('how far a run is: one definition, which no resume takes back', async () => {
  // No checkpoint is saved before the engine dies: the training begins anew.
  const workspace = await fakeWorkspace({ training: { batchSize: 4, checkpointEvery: 100, warmup: 0 } });
  const server = await memoryServer(runsPart, workspace);
  await server.call(listExperiments, {});
  const folder = join(workspace, 'runs', 'live');
  const follower = new RunFollower();
  let told = 0;
  const listener = (event: RunEvent): void => {
    follower.take(event, 0);
    told = follower.progress()?.overall ?? told;
  };
  const options = (steps: number) => ({
    startEngine: () => Promise.resolve(new MortalEngine(steps)),
    stop: new AbortController().signal,
    abort: new AbortController().signal,
    listener,
  });
  await startRun({ ...options(3), file: join(workspace, 'lab.experiment.yaml'), out: folder });
  const { share } = await server.call(getRun, { run: folder });
  expect(share).toBeGreaterThan(0.1);
  expect(told).toBeCloseTo(share, 10);
  await resumeRun({ ...options(1), folder });
  expect(told).toBeLessThan(share);
  expect((await server.call(getRun, { run: folder })).share).toBe(share);
  await resumeRun({ ...options(Infinity), folder });
  expect((await server.call(getRun, { run: folder })).share).toBe(1);
});

function isMeasured(cell: { kind: string }): boolean {
  return cell.kind === 'measured';
}
