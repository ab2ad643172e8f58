// What a heatmap keeps: only reports from which nothing is missing stay, and what has failed is tried again. And how long it
// keeps others waiting.
import { appendFile, cp, rename, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type * as summaries from '../../lab/runSummary.ts';
import type * as matrices from '../../report/matrix.ts';
import { findBreaches } from '../../runs/guard.ts';
import { lockRun } from '../../runs/lock.ts';
import { readRun } from '../../runs/runFolder.ts';
import type { HeatmapData } from '../../shared/protocol/lab/runs.ts';
import type { Desk } from '../threads/desk.ts';
import { Heatmaps } from './heatmaps.ts';
import { reportAnswers } from './report.ts';
import type { MatrixReport, ReportService } from './report.ts';
import { RunIndex } from './runIndex.ts';
import { temporaryFolder } from './testing/memoryServer.ts';
import { writeRun } from './testing/writeRun.ts';

/** The long parts of an answer, by the turn in which each was done; they take so long, milliseconds. */
const parts: { what: string; turn: number }[] = [];
let partMs = 0;
let turn = 0;

/** A function that takes its time, as with a sweep of hundreds of trials. */
function slow<Given extends unknown[], Result>(what: string, real: (...given: Given) => Result) {
  return (...given: Given): Result => {
    if (parts.at(-1)?.turn !== turn) setImmediate(() => turn++);
    parts.push({ what, turn });
    for (const end = performance.now() + partMs; performance.now() < end;);
    return real(...given);
  };
}

vi.mock('../../report/matrix.ts', async (original) => {
  const real = await original<typeof matrices>();
  return { ...real, sketchMatrix: slow('sketch', real.sketchMatrix) };
});

vi.mock('../../lab/runSummary.ts', async (original) => {
  const real = await original<typeof summaries>();
  return { ...real, estimatePlan: slow('plan', real.estimatePlan), progressOf: slow('progress', real.progressOf) };
});

interface Shown {
  index: RunIndex;
  heatmaps: Heatmaps;
  /** The heatmap of a run when nothing is computed any more. */
  settled: (folder: string) => Promise<HeatmapData>;
}

/** Heatmaps as a server that starts anew has them; reports are computed in this thread. */
async function start(workspace: string, stateFolder: string, ask: Desk<ReportService>['ask'] = answer): Promise<Shown> {
  const nothing = (): void => undefined;
  const index = new RunIndex({ workspace, stateFolder, onChange: nothing, onEnd: nothing });
  await index.refreshAll(await index.load());
  const desk: Desk<ReportService> = { ask, close: () => Promise.resolve() };
  const heatmaps = new Heatmaps({ stateFolder, index, desk, onReady: nothing, log: nothing });
  const settled = async (folder: string): Promise<HeatmapData> => {
    await heatmaps.get(folder);
    await heatmaps.settled();
    return heatmaps.get(folder);
  };
  return { index, heatmaps, settled };
}

const answer: Desk<ReportService>['ask'] = (kind, request) => reportAnswers[kind](request);

const listedBreaches = (index: RunIndex): number | undefined => index.list()[0]?.runs[0]?.breaches;

const changesOf = ({ view }: HeatmapData) =>
  view.blocks.flatMap(({ rows }) =>
    rows.flatMap(({ cells }) => cells.flatMap((cell) => (cell.kind === 'measured' ? (cell.change ?? []) : []))),
  );

/** A run whose breaches are known, in a workspace of its own. */
async function breachedRun() {
  const workspace = await temporaryFolder('lab-heatmaps-');
  const state = await temporaryFolder('lab-state-');
  const folder = join(workspace, 'runs', 'one');
  const { cells } = await writeRun(folder);
  const breaches = await findBreaches(await readRun(folder));
  expect(breaches.length).toBeGreaterThan(2);
  return { workspace, state, folder, cells, breaches: breaches.length };
}

test('answers that arrive after the cells: no breach is lost, and the intervals follow', async () => {
  const { workspace, state, folder, breaches } = await breachedRun();
  await rename(join(folder, 'items'), join(workspace, 'items'));
  const { index, heatmaps, settled } = await start(workspace, state);
  await heatmaps.prepare(folder);
  const copying = await settled(folder);
  expect([copying.pending, copying.run.breaches, listedBreaches(index)]).toEqual([false, breaches, breaches]);
  expect(changesOf(copying).every(({ note }) => note !== undefined)).toBe(true);
  await rename(join(workspace, 'items'), join(folder, 'items'));
  const first = await heatmaps.get(folder);
  expect(first.pending).toBe(true);
  expect(changesOf(first).every(({ note }) => note === undefined)).toBe(true);
  const whole = await settled(folder);
  expect([whole.pending, whole.run.breaches, listedBreaches(index)]).toEqual([false, breaches, breaches]);
  expect(changesOf(whole).every(({ lo }) => lo !== undefined)).toBe(true);
});

test('a report that lacks answers is not kept for the next server', async () => {
  const { workspace, state, folder, cells, breaches } = await breachedRun();
  const last = cells.at(-1)?.items ?? '';
  await rename(join(folder, last), join(workspace, 'item'));
  const one = await start(workspace, state);
  expect((await one.settled(folder)).run.breaches).toBe(breaches);
  await one.index.save();
  const two = await start(workspace, state);
  expect((await two.heatmaps.get(folder)).pending).toBe(true);
  await two.heatmaps.settled();
  await rename(join(workspace, 'item'), join(folder, last));
  expect((await two.settled(folder)).run.breaches).toBe(breaches);
  const three = await start(workspace, state);
  expect((await three.heatmaps.get(folder)).pending).toBe(false);
});

test('what has failed is tried again after a while', async () => {
  const { workspace, state, folder } = await breachedRun();
  let asked = 0;
  const { settled } = await start(workspace, state, (kind, request) =>
    ++asked === 1 ? Promise.reject(new Error('the thread died')) : answer(kind, request),
  );
  expect([(await settled(folder)).pending, asked]).toEqual([false, 1]);
  expect([(await settled(folder)).pending, asked]).toEqual([false, 1]);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
  onTestFinished(() => void vi.useRealTimers());
  const later = await settled(folder);
  expect(asked).toBe(2);
  expect(changesOf(later).every(({ lo }) => lo !== undefined)).toBe(true);
});

test('reports of the newest few runs are kept in memory', async () => {
  const { workspace, state, folder } = await breachedRun();
  const folders = Array.from({ length: 9 }, (_, n) => join(workspace, 'runs', `copy-${n}`));
  for (const copy of folders) await cp(folder, copy, { recursive: true });
  let report: Promise<MatrixReport> | undefined;
  const { heatmaps, settled } = await start(workspace, state, () => (report ??= reportAnswers.matrix({ folder })));
  for (const copy of folders) await settled(copy);
  /** Whether the sketch of a run whose cells were touched has the intervals of the report before. */
  const knows = async (copy: string): Promise<boolean> => {
    await utimes(join(copy, 'cells.jsonl'), new Date(), new Date());
    const data = await heatmaps.get(copy);
    expect(data.pending).toBe(true);
    return changesOf(data).some(({ lo }) => lo !== undefined);
  };
  expect(await knows(folders.at(-1) ?? '')).toBe(true);
  expect(await knows(folders[0] ?? '')).toBe(false);
});

test.each([
  { of: 'all seeds', seed: undefined, expected: ['sketch', 'plan', 'progress'] },
  { of: 'one seed', seed: 1, expected: ['sketch', 'sketch', 'plan', 'progress'] },
])('of a live run, over $of: every long part has a turn of its own, and none is done twice', async (one) => {
  const { workspace, state, folder } = await breachedRun();
  const release = await lockRun(folder);
  onTestFinished(release);
  const status = { kind: 'status', at: '2026-01-03T00:00:00.000Z', state: 'running', pid: process.pid };
  await appendFile(join(folder, 'status.jsonl'), `${JSON.stringify(status)}\n`);
  const { heatmaps } = await start(workspace, state, () => new Promise(() => undefined));
  parts.length = 0;
  partMs = 10;
  onTestFinished(() => void (partMs = 0));
  const { run, active } = await heatmaps.get(folder, one.seed);
  expect([run.state, active?.arm]).toEqual(['running', 'ground truth']);
  expect(parts.map(({ what }) => what)).toEqual(one.expected);
  expect(new Set(parts.map((part) => part.turn)).size).toBe(parts.length);
});
