import { appendFile, mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
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
import { runsPart } from './runsPart.ts';
import { memoryServer, temporaryFolder } from './testing/memoryServer.ts';
import type { MemoryServer } from './testing/memoryServer.ts';
import { writeRun } from './testing/writeRun.ts';

async function runIn(workspace: string, name = 'synthetic-20260102-0304-ab12', options = {}): Promise<string> {
  const folder = join(workspace, 'runs', name);
  await writeRun(folder, options);
  return folder;
}

/** The heatmap once its intervals are there. */
async function finalHeatmap(server: MemoryServer, run: string): Promise<HeatmapData> {
  for (;;) {
    const ready = server.next(runsChanged, ({ runs }) => runs.includes(run));
    const data = await server.call(getHeatmap, { run });
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
    expect(list[0]?.runs[0]?.line).toMatch(/^gained \d+, forgot \d+$/);
  });

  test('a run that appears, changes and goes is told', async () => {
    const workspace = await fakeWorkspace();
    const server = await memoryServer(runsPart, workspace);
    expect(await server.call(listExperiments, {})).toMatchObject([{ name: 'fake', runs: [] }]);
    const begun = performance.now();
    const appeared = server.next(runsChanged, ({ runs, list }) => list && runs.length === 1);
    const folder = await runIn(workspace);
    await appeared;
    expect(performance.now() - begun).toBeLessThan(2000);
    const gone = server.next(runsChanged, ({ runs, list }) => list && runs.includes(folder));
    await rm(folder, { recursive: true });
    await gone;
    expect((await server.call(listExperiments, {})).flatMap((one) => one.runs)).toEqual([]);
  });
});

void appendFile;
void mkdir;
void truncate;
void writeFile;
void compareRuns;
void exportRun;
void getCurves;
void getFlips;
void getRun;
void getTargets;
void temporaryFolder;
void finalHeatmap;
