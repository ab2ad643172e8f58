// Every panel in every theme, narrow and wide: it draws without an error, breaks no policy and needs no sideways scrolling
// of the page. With SCREENSHOTS=FOLDER it leaves pictures to look at; with RUNS=WORKSPACE they show the runs there.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { memoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import type { MemoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import { writeRun } from '../../src/server/runs/testing/writeRun.ts';
import { runsPart } from '../../src/server/runs/runsPart.ts';
import { compareRuns, getHeatmap } from '../../src/shared/protocol/lab/runs.ts';
import { launch, inBrowser, noBrowser, openPanel, screenshot } from './openPanel.ts';
import { addProbes } from './probes.ts';
import { themes } from './themes.ts';

describe.skipIf(noBrowser)('panels in four themes', inBrowser, () => {
  let browser: Browser;
  let workspace: string;
  let runs: string[];

  beforeAll(async () => {
    browser = await launch();
    workspace = process.env['RUNS'] ?? (await mkdtemp(path.join(tmpdir(), 'lab-look-')));
    const folder = path.join(workspace, 'runs');
    if (!process.env['RUNS']) {
      const options = { learningRates: [1e-4, 3e-4], change: addProbes };
      await writeRun(path.join(folder, 'synthetic-20260102-0304-ab12'), options);
      await writeRun(path.join(folder, 'synthetic-20260103-0304-ab13'), { ...options, learningRates: [3e-4] });
    }
    runs = (await readdir(folder)).sort().map((name) => path.join(folder, name));
  });

  afterAll(async () => {
    await browser?.close();
    if (!process.env['RUNS']) await rm(workspace, { recursive: true, force: true });
  });

  /** A lab that has computed the intervals. */
  async function readyLab(): Promise<MemoryServer> {
    const lab = await memoryServer(runsPart, workspace);
    for (const run of runs) {
      while ((await lab.call(getHeatmap, { run })).pending) await new Promise((done) => setTimeout(done, 100));
    }
    await lab.call(compareRuns, { runs });
    return lab;
  }

  const kinds = ['heatmap', 'monitor', 'compare'].filter(
    (kind) => !process.env['ONLY'] || process.env['ONLY'] === kind,
  );

  it.each(kinds)('%s', async (kind) => {
    const lab = await readyLab();
    const answer = (method: string, params: unknown): unknown =>
      method.startsWith('sessions/') ? [] : lab.call({ method }, params);
    const subjects =
      kind === 'compare' ? [{ runs }] : runs.map((run) => ({ run })).slice(0, process.env['RUNS'] ? runs.length : 1);
    for (const [k, subject] of subjects.entries()) {
      for (const [name, theme] of Object.entries(themes)) {
        for (const width of [500, 1200]) {
          const panel = await openPanel(browser, { kind, subject, theme, width, answer });
          await panel.drawn();
          await screenshot(panel.page, `${kind}-${k}-${name}-${width}`);
          expect(panel.errors).toEqual([]);
          const overflow = await panel.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          expect(overflow, `${kind} ${name} at ${width}`).toBeLessThanOrEqual(0);
          await panel.close();
        }
      }
    }
  });
});
