// Every panel in every theme, narrow and wide: it draws without an error, breaks no policy and needs no sideways scrolling
// of the page. With SCREENSHOTS=FOLDER it leaves pictures to look at; RUNS=FOLDER (a workspace) shows real runs.
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser } from 'playwright-core';
import { memoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import { writeRun } from '../../src/server/runs/testing/writeRun.ts';
import { runsPart } from '../../src/server/runs/runsPart.ts';
import { launch, noBrowser, openPanel, screenshot } from './openPanel.ts';
import { themes } from './themes.ts';

describe.skipIf(noBrowser)('panels', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  it('heatmap', async () => {
    const workspace = process.env['RUNS'] ?? (await mkdtemp(path.join(tmpdir(), 'lab-look-')));
    if (!process.env['RUNS']) await writeRun(path.join(workspace, 'runs', 'synthetic-20260102-0304-ab12'), {});
    const lab = await memoryServer(runsPart, workspace);
    const names = await readdir(path.join(workspace, 'runs'));
    const runs = names.map((name) => ({
      folder: path.join(workspace, 'runs', name),
      experiment: name.split('-20')[0],
    }));
    for (const run of runs) {
      for (;;) {
        const data = await lab.call<object, { pending: boolean }>({ method: 'runs/heatmap' }, { run: run.folder });
        if (!data.pending) break;
        await new Promise((r) => setTimeout(r, 300));
      }
      for (const [name, theme] of Object.entries(themes)) {
        for (const width of [500, 1100, 1900]) {
          const panel = await openPanel(browser, {
            kind: 'heatmap',
            subject: { run: run.folder },
            theme,
            width,
            answer: (method, params) => lab.call({ method }, params),
          });
          await panel.drawn();
          await screenshot(panel.page, `heatmap-${run.experiment}-${name}-${width}`);
          expect(panel.errors).toEqual([]);
          await panel.close();
        }
      }
    }
  });
});
