import { appendFile, copyFile, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { printRecords } from '../../cli/commands/show.ts';
import { reportSource, writeRunReport } from '../../lab/runReport.ts';
import { collectReport } from '../../report/reportData.ts';
import { readRun } from '../../runs/runFolder.ts';
import { fakeWorkspace } from '../../runs/testing/fakeWorkspace.ts';
import {
  compareRuns,
  exportRun,
  getCurves,
  getFlips,
  getHeatmap,
  getRun,
  getTargets,
  listExperiments,
  runsChanged,
} from '../../shared/protocol/lab/runs.ts';
import type { HeatmapData } from '../../shared/protocol/lab/runs.ts';
import { inEnglish, phrase } from '../../shared/phrase.ts';
import type { MatrixCell } from '../../shared/matrixView.ts';
import type { CellRecord } from '../../shared/records.ts';
import { runsPart } from './runsPart.ts';
import { memoryServer, temporaryFolder } from './testing/memoryServer.ts';
import type { MemoryServer } from './testing/memoryServer.ts';
import { writeRun } from './testing/writeRun.ts';
import { slack } from '../../shared/testing/slack.ts';

async function runIn(workspace: string, name = 'synthetic-20260102-0304-ab12', options = {}): Promise<string> {
  const folder = join(workspace, 'runs', name);
  await writeRun(folder, options);
  return folder;
}

/** The heatmap once its intervals are there. */
async function finalHeatmap(server: MemoryServer, run: string, seed?: number): Promise<HeatmapData> {
  for (;;) {
    const ready = server.next(runsChanged, ({ runs }) => runs.includes(run));
    const data = await server.call(getHeatmap, seed === undefined ? { run } : { run, seed });
    if (!data.pending) return data;
    await ready;
  }
}

describe('the list', () => {
  test('groups runs under the experiment file beside them, and says how they stand', async () => {
    const workspace = await fakeWorkspace();
    const folder = await runIn(workspace, 'fake-20260102-0304-ab12', {
      change: (run: Awaited<ReturnType<typeof writeRun>>) => ({
        ...run,
        config: { ...run.config, experiment: { ...run.config.experiment, name: 'fake' } },
      }),
    });
    await runIn(workspace);
    const server = await memoryServer(runsPart, workspace);
    const list = await server.call(listExperiments, {});
    expect(list.map(({ name, file, runs }) => [name, file !== undefined, runs.length])).toEqual([
      ['fake', true, 1],
      ['synthetic', false, 1],
    ]);
    expect(list[0]).toMatchObject({ arms: 1, stages: 2 });
    expect(list[0]?.runs[0]).toMatchObject({ folder, state: 'done', damagedLines: 0 });
    expect(inEnglish(list[0]?.runs[0]?.line ?? '')).toMatch(/^gained \d+, forgot \d+$/);
  });

  test('a copy of an experiment file leaves its runs to the original', async () => {
    const workspace = await fakeWorkspace();
    const original = join(workspace, 'lab.experiment.yaml');
    const copy = join(workspace, 'a-copy.experiment.yaml');
    await copyFile(original, copy);
    const launched = (experimentFile?: string) => ({
      change: (run: Awaited<ReturnType<typeof writeRun>>) => ({
        ...run,
        config: {
          ...run.config,
          experiment: { ...run.config.experiment, name: 'fake' },
          ...(experimentFile === undefined ? {} : { experimentFile }),
        },
      }),
    });
    const one = await runIn(workspace, 'one', launched(original));
    const two = await runIn(workspace, 'two', launched(copy));
    const moved = await runIn(workspace, 'moved', launched('/before/lab.experiment.yaml'));
    const untold = await runIn(workspace, 'untold', launched());
    // Put elsewhere with --out, from a file of the same name in another folder.
    await mkdir(join(workspace, 'sub'));
    const other = join(workspace, 'sub', 'lab.experiment.yaml');
    await copyFile(original, other);
    const apart = await runIn(workspace, 'apart', launched(other));
    const server = await memoryServer(runsPart, workspace);
    const runsOf = async (): Promise<Record<string, string[]>> =>
      Object.fromEntries(
        (await server.call(listExperiments, { read: true })).map(({ name, file, runs }) => [
          file ?? name,
          runs.map(({ folder }) => folder).sort(),
        ]),
      );
    const others = { [original]: [moved, one].sort(), [other]: [apart] };
    expect(await runsOf()).toEqual({ ...others, [copy]: [two, untold].sort() });
    // Without the copy its runs are of the file that is left of the name.
    const gone = server.next(runsChanged, ({ list }) => list);
    await rm(copy);
    await gone;
    expect(await runsOf()).toEqual({ ...others, [original]: [moved, one, two, untold].sort() });
  });

  test('a run that appears, changes and goes is told', async () => {
    const workspace = await fakeWorkspace();
    const server = await memoryServer(runsPart, workspace);
    expect(await server.call(listExperiments, {})).toMatchObject([{ name: 'fake', runs: [] }]);
    const begun = performance.now();
    const appeared = server.next(runsChanged, ({ runs, list }) => list && runs.length === 1);
    const folder = await runIn(workspace);
    await appeared;
    expect(performance.now() - begun).toBeLessThan(2000 * slack);
    const gone = server.next(runsChanged, ({ runs, list }) => list && runs.includes(folder));
    await rm(folder, { recursive: true });
    await gone;
    expect((await server.call(listExperiments, {})).flatMap((one) => one.runs)).toEqual([]);
  });
});

describe('damaged runs', () => {
  test('show as such and harm no other', async () => {
    const workspace = await temporaryFolder('lab-damaged-');
    const whole = await runIn(workspace);
    const cut = await runIn(workspace, 'synthetic-20260102-0305-ab12');
    await writeFile(join(cut, 'config.json'), '{"formatVersion": 1, "exp');
    const foreign = await runIn(workspace, 'synthetic-20260102-0306-ab12');
    await writeFile(join(foreign, 'config.json'), '{"formatVersion": 1, "experiment": {}, "arms": [{}]}');
    const lines = await runIn(workspace, 'synthetic-20260102-0307-ab12');
    await appendFile(join(lines, 'cells.jsonl'), '{"kind":"cell"\n\u0000\u0000\n{"kind":"cel');
    const server = await memoryServer(runsPart, workspace);
    const list = await server.call(listExperiments, {});
    // Of its file nothing is left, and its newest run does not tell.
    expect(list).toMatchObject([{ name: 'synthetic', arms: 4, stages: 2, runs: [{ state: 'corrupt' }, {}, {}, {}] }]);
    const runs = list.flatMap((one) => one.runs);
    const byFolder = new Map(runs.map((run) => [run.folder, run]));
    expect(runs).toHaveLength(4);
    expect(byFolder.get(whole)).toMatchObject({ state: 'done', damagedLines: 0 });
    expect(byFolder.get(cut)).toMatchObject({
      state: 'corrupt',
      experiment: 'synthetic',
      line: phrase('cannot be read'),
    });
    expect(inEnglish(byFolder.get(cut)?.reason ?? '')).toContain('config.json is not JSON');
    expect(byFolder.get(foreign)?.state).toBe('corrupt');
    expect(byFolder.get(lines)).toMatchObject({ state: 'done', damagedLines: 2 });
    await expect(server.call(getHeatmap, { run: cut })).rejects.toThrow('is not JSON');
    await expect(server.call(getRun, { run: join(workspace, 'runs', 'no-such') })).rejects.toThrow('There is no run');
  });

  test('without judged answers the heatmap has scores and says why it has no intervals', async () => {
    const workspace = await temporaryFolder('lab-damaged-');
    const folder = await runIn(workspace, undefined, { withItems: false });
    const server = await memoryServer(runsPart, workspace);
    const data = await finalHeatmap(server, folder);
    const cell = data.view.blocks[0]?.rows[0]?.cells[0];
    expect(cell?.kind === 'measured' && inEnglish(cell.change?.note ?? '')).toContain(
      'per-item results could not be read',
    );
    const flips = server.call(getFlips, { ...firstCell, run: folder });
    await expect(flips).rejects.toThrow(/items/);
  });
});

const firstCell = { arm: 'ground truth', lr: 3e-4, seed: 0, stage: 2, benchmark: 'addition' };

describe('a heatmap', () => {
  test('comes at once without intervals, then with them, and agrees with `show --json` and the report', async () => {
    const workspace = await temporaryFolder('lab-heatmap-');
    const folder = await runIn(workspace, undefined, { seeds: [0, 1] });
    const stateFolder = await temporaryFolder('lab-state-');
    const server = await memoryServer(runsPart, workspace, stateFolder);
    const first = await server.call(getHeatmap, { run: folder });
    expect(first.pending).toBe(true);
    expect(inEnglish(first.verdict[0] ?? '')).toMatch(/^Training on ground truth gained/);
    expect(changesOf(first).every(({ lo }) => lo === undefined)).toBe(true);
    const data = await finalHeatmap(server, folder);
    expect(
      changesOf(data)
        .filter(({ note }) => note === undefined)
        .every(({ lo }) => lo !== undefined),
    ).toBe(true);

    const printed = await showJson(folder);
    const records = data.view.blocks.flatMap((block) => block.rows.flatMap((row) => row.cells.flatMap(recordsOf)));
    const base = data.view.base.cells.flatMap(recordsOf);
    const byKey = (one: object) => JSON.stringify(one);
    expect([...base, ...records].map(byKey).sort()).toEqual(
      printed
        .filter((one) => one.kind === 'cell')
        .map(byKey)
        .sort(),
    );
    for (const block of data.view.blocks) {
      for (const row of block.rows) {
        const derived = (definition: string) =>
          printed.find(
            (one) =>
              one.definition === definition && one.arm === block.arm && one.lr === block.lr && one.stage === row.stage,
          );
        expect(row.gained?.value ?? null).toBe(derived('gain_seed_mean')?.value ?? null);
        expect(row.gained?.lo).toBe(derived('gain_seed_mean')?.lo);
        expect(row.forgot?.value ?? null).toBe(derived('retention_change_seed_mean')?.value ?? null);
        expect(row.forgot?.hi).toBe(derived('retention_change_seed_mean')?.hi);
      }
    }
    expect(data.run.breaches).toBe(printed.filter((one) => one.kind === 'breach').length);
    expect(data.verdict.map(inEnglish).join(' ')).toBe(await reportVerdict(folder));
    const { text, suggestedName } = await server.call(exportRun, { run: folder, what: 'matrix-csv' });
    expect([suggestedName, text]).toEqual([
      `${folder.split('/').at(-1)}-matrix.csv`,
      await reportFile(folder, 'matrix.csv'),
    ]);
    expect((await server.call(exportRun, { run: folder, what: 'matrix-markdown' })).text).toBe(
      await reportFile(folder, 'report.md'),
    );
    expect((await server.call(exportRun, { run: folder, what: 'report-html' })).text).toBe(
      await reportFile(folder, 'report.html'),
    );

    // A server that starts anew has the intervals on disk.
    await server.shutdown();
    const later = await memoryServer(runsPart, workspace, stateFolder);
    expect(await later.call(getHeatmap, { run: folder })).toEqual(data);
  });

  test('of one seed agrees with the numbers of that seed', async () => {
    const workspace = await temporaryFolder('lab-heatmap-');
    const folder = await runIn(workspace, undefined, { seeds: [0, 1] });
    const server = await memoryServer(runsPart, workspace);
    const data = await finalHeatmap(server, folder, 1);
    const printed = await showJson(folder);
    const gain = printed.find(
      (one) => one.definition === 'gain' && one.seed === 1 && one.stage === 2 && one.arm === 'ground truth',
    );
    expect(data.view.blocks[0]?.rows[1]?.gained).toMatchObject({ value: gain?.value, lo: gain?.lo, hi: gain?.hi });
  });
});

test('flips: all of a cell, lost first and limited, with prompts, diff and reasons', async () => {
  const workspace = await temporaryFolder('lab-flips-');
  const questions = Array.from({ length: 100 }, (_, n) =>
    JSON.stringify({ prompt: `What is ${n}?`, answer: String(n) }),
  );
  await writeFile(join(workspace, 'addition.jsonl'), questions.join('\n'));
  const folder = await runIn(workspace, undefined, {
    change: (run: Awaited<ReturnType<typeof writeRun>>) => {
      const benchmarks = run.config.experiment.benchmarks.map((one) =>
        one.name === 'addition' ? { ...one, data: join(workspace, 'addition.jsonl') } : one,
      );
      return { ...run, config: { ...run.config, experiment: { ...run.config.experiment, benchmarks } } };
    },
  });
  const server = await memoryServer(runsPart, workspace);
  const flips = await server.call(getFlips, { ...firstCell, run: folder, limit: 5 });
  // 98 right before, 20 now.
  expect(flips).toMatchObject({ n: 100, lostCount: 78, gainedCount: 0, gained: [], textless: false });
  expect(flips.lost.map((item) => item.index)).toEqual([20, 21, 22, 23, 24]);
  expect(flips.lost[0]).toMatchObject({
    before: 'The answer is 20',
    now: '# # -1',
    prompt: 'What is 20?',
    cutOff: false,
  });
  expect(
    flips.lost[0]?.diff
      .filter((part) => part.kind !== 'added')
      .map((part) => part.text)
      .join(''),
  ).toBe('The answer is 20');
  // A benchmark whose file is gone keeps its answers.
  const promptless = await server.call(getFlips, { ...firstCell, benchmark: 'sorting', run: folder });
  expect(promptless.lost).toHaveLength(40);
  expect(promptless.lost[0]?.prompt).toBe('');
  await expect(server.call(getFlips, { ...firstCell, arm: 'replay', run: folder })).rejects.toThrow(
    'addition under replay, stage 2 has not been measured',
  );
});

test('flips against an earlier stage: what was learnt there and lost since', async () => {
  const workspace = await temporaryFolder('lab-flips-');
  const folder = await runIn(workspace);
  const server = await memoryServer(runsPart, workspace);
  const taught = { ...firstCell, benchmark: 'subtraction', run: folder };
  // 20 right under the base, 60 after the stage that taught it, 30 after the next.
  expect(await server.call(getFlips, taught)).toMatchObject({ lostCount: 0, gainedCount: 10 });
  const since = await server.call(getFlips, { ...taught, against: 1 });
  expect(since).toMatchObject({ lostCount: 30, gainedCount: 0 });
  expect(since.lost[0]).toMatchObject({ index: 30, before: '# # 30', now: '# # -1' });
  await expect(server.call(getFlips, { ...taught, against: 3 })).rejects.toThrow(
    'subtraction under ground truth, stage 3 has not been measured',
  );
  const other = await runIn(workspace, 'synthetic-20260102-0305-ab12', {
    change: (run: Awaited<ReturnType<typeof writeRun>>) => ({
      ...run,
      cells: run.cells.map((cell) => (cell.stage === 1 ? { ...cell, protocol: 'other' } : cell)),
    }),
  });
  await expect(server.call(getFlips, { ...taught, run: other, against: 1 })).rejects.toThrow(
    'stage 2 was measured under another protocol than stage 1',
  );
});

describe('curves', () => {
  const step = (n: number) => ({ kind: 'metric', arm: 'a', lr: 1, seed: 0, stage: 1, step: n, steps: 9 });

  test('are read from where the last reading ended, and half a line is left for later', async () => {
    const workspace = await temporaryFolder('lab-curves-');
    const folder = await runIn(workspace);
    const server = await memoryServer(runsPart, workspace);
    const first = await server.call(getCurves, { run: folder });
    expect(first).toMatchObject({ more: false, config: { id: 'synthetic-20260102-0304-ab12' } });
    expect(first.metrics).toHaveLength(240);
    expect(first.drift).toHaveLength(2);
    const text = JSON.stringify(step(1));
    await appendFile(join(folder, 'metrics.jsonl'), text.slice(0, 20));
    const second = await server.call(getCurves, { run: folder, from: first.next });
    expect(second.metrics).toEqual([]);
    await appendFile(join(folder, 'metrics.jsonl'), `${text.slice(20)}\n${JSON.stringify(step(2))}\n`);
    const third = await server.call(getCurves, { run: folder, from: second.next });
    expect(third.metrics.map((one) => one.step)).toEqual([1, 2]);
    expect((await server.call(getCurves, { run: folder, from: third.next })).metrics).toEqual([]);
  });

  test('a long history comes in several answers and nothing is lost', async () => {
    const workspace = await temporaryFolder('lab-curves-');
    const folder = await runIn(workspace, undefined, { withItems: false });
    const count = 60_000;
    const lines = Array.from({ length: count }, (_, n) => `${JSON.stringify(step(n + 1))}\n`).join('');
    await writeFile(join(folder, 'metrics.jsonl'), lines);
    const server = await memoryServer(runsPart, workspace);
    const steps: number[] = [];
    let answers = 0;
    for (let from: Record<string, number> | undefined = {}; from; answers++) {
      const data: Awaited<
        ReturnType<
          typeof server.call<object, { metrics: { step: number }[]; next: Record<string, number>; more: boolean }>
        >
      > = await server.call(getCurves, { run: folder, from });
      steps.push(...data.metrics.map((one) => one.step));
      from = data.more ? data.next : undefined;
    }
    expect(answers).toBeGreaterThan(1);
    expect(steps).toEqual(Array.from({ length: count }, (_, n) => n + 1));
  });

  test('a file that became shorter is read from its beginning', async () => {
    const workspace = await temporaryFolder('lab-curves-');
    const folder = await runIn(workspace);
    const server = await memoryServer(runsPart, workspace);
    const { next } = await server.call(getCurves, { run: folder });
    await truncate(join(folder, 'metrics.jsonl'), 0);
    await appendFile(join(folder, 'metrics.jsonl'), `${JSON.stringify(step(1))}\n`);
    expect((await server.call(getCurves, { run: folder, from: next })).metrics).toHaveLength(1);
  });
});

test('comparing runs: points of every stage and learning rate, differing values, and warnings', async () => {
  const workspace = await temporaryFolder('lab-compare-');
  const one = await runIn(workspace, undefined, { learningRates: [3e-4, 1e-4] });
  const two = await runIn(workspace, 'synthetic-20260102-0305-ab12', {
    change: (run: Awaited<ReturnType<typeof writeRun>>) => ({
      ...run,
      config: {
        ...run.config,
        model: { ...run.config.model, weightsHash: 'other' },
        experiment: { ...run.config.experiment, training: { ...run.config.experiment.training, batchSize: 8 } },
      },
      cells: run.cells.map((cell) => (cell.benchmark === 'sorting' ? { ...cell, protocol: 'other' } : cell)),
    }),
  });
  const server = await memoryServer(runsPart, workspace);
  const comparison = await server.call(compareRuns, { runs: [one, two] });
  expect(comparison.runs.map((run) => run.folder)).toEqual([one, two]);
  const points = comparison.points.filter((point) => point.arm === 'ground truth' && point.stage === 2);
  expect(points.map(({ run, lr }) => [run === one, lr])).toEqual([
    [true, 3e-4],
    [true, 1e-4],
    [false, 3e-4],
  ]);
  expect(comparison.differences).toContainEqual({ path: 'training.batchSize', values: ['32', '8'] });
  const paths = comparison.differences.map(({ path }) => path);
  expect(paths).not.toContain('model.folder');
  expect(paths.filter((path) => path.includes('learningRates'))).toEqual(['learningRates']);
  expect(comparison.differences.every(({ values }) => new Set(values).size > 1)).toBe(true);
  expect(comparison.warnings.map(inEnglish).join(' ')).toMatch(
    /different base models.*different protocols.*sorting\./s,
  );
});

test('targets are those of the run', async () => {
  const workspace = await temporaryFolder('lab-targets-');
  const folder = await runIn(workspace);
  const server = await memoryServer(runsPart, workspace);
  expect(await server.call(getTargets, { run: folder })).toEqual((await readRun(folder)).targets);
});

function changesOf({ view }: HeatmapData) {
  return view.blocks.flatMap((block) =>
    block.rows.flatMap((row) => row.cells.flatMap((cell) => (cell.kind === 'measured' ? (cell.change ?? []) : []))),
  );
}

function recordsOf(cell: MatrixCell): CellRecord[] {
  return cell.kind === 'measured' ? cell.records : [];
}

/** What `show --json` prints. */
async function showJson(folder: string): Promise<Record<string, unknown>[]> {
  const printed: Record<string, unknown>[] = [];
  const output = {
    json: true,
    value: (value: object) => {
      printed.push(JSON.parse(JSON.stringify(value)) as Record<string, unknown>);
      return Promise.resolve();
    },
    text: () => Promise.resolve(),
    note: () => undefined,
  };
  await printRecords(await readRun(folder), output);
  return printed;
}

/** A file of `forgetting-lab report`. */
async function reportFile(folder: string, name: string): Promise<string> {
  const out = await temporaryFolder('lab-report-');
  await writeRunReport(await readRun(folder), out);
  return readFile(join(out, name), 'utf8');
}

async function reportVerdict(folder: string): Promise<string> {
  const { verdict } = await collectReport(reportSource(await readRun(folder)));
  return verdict.join(' ');
}
