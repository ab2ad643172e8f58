// Training outlives what shows it: a reloaded window, a killed extension host, a closed window. No point of a curve is lost
// and there is never a second server.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser, newPage, startHost, type Host } from '../codeServer.ts';
import { pictureOfFailure } from '../pictures.ts';
import { makeWorkspace, type Workspace } from '../workspace.ts';
import { labServersOf } from '../labServers.ts';
import * as ui from '../ui.ts';

let workspace: Workspace;
let host: Host;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  workspace = makeWorkspace();
  host = await startHost({ vsix: process.env.FORGETTING_LAB_VSIX! });
  browser = await launchBrowser();
  page = await newPage(browser);
});

afterEach((context) => pictureOfFailure(context, page));

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  await workspace?.remove();
});

const runsFolder = (): string => path.join(workspace.folder, 'runs');

function runFolder(): string | undefined {
  try {
    const name = readdirSync(runsFolder()).find((entry) => entry.startsWith('long'));
    return name && path.join(runsFolder(), name);
  } catch {
    return undefined;
  }
}

/** Steps on disk, in the order in which they were written. */
function stepsOnDisk(): number[] {
  const folder = runFolder();
  if (folder === undefined) return [];
  try {
    const lines = readFileSync(path.join(folder, 'metrics.jsonl'), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => (JSON.parse(line) as { step: number }).step);
  } catch {
    return [];
  }
}

const servers = (): number[] => labServersOf(workspace.folder);

const progressAfter = async (steps: number): Promise<void> => {
  const before = stepsOnDisk().length;
  await expect.poll(() => stepsOnDisk().length).toBeGreaterThanOrEqual(before + steps);
};

test('a session outlives a reload, a killed extension host and a closed window', async () => {
  await page.goto(host.url(workspace.folder));
  await ui.openSidebar(page);
  await ui.openFile(page, 'long.experiment.yaml');
  await ui.command(page, 'Forgetting Lab: Launch Session');
  await expect.poll(() => stepsOnDisk().length).toBeGreaterThan(5);
  const [server] = servers();

  await page.reload();
  await progressAfter(5);
  await ui.treeRow(page, /\d+ %/).first().waitFor();
  expect(servers()).toEqual([server]);

  for (const pid of host.extensionHosts()) process.kill(pid, 'SIGKILL');
  await progressAfter(5);
  expect(servers()).toEqual([server]);

  await page.context().close();
  await progressAfter(5);
  page = await newPage(browser);
  await page.goto(host.url(workspace.folder));
  await ui.openSidebar(page);
  await ui.treeRow(page, /\d+ %/).first().waitFor();
  expect(servers()).toEqual([server]);
});

test('the curve is whole, and stop and resume work from the tree', async () => {
  const row = ui.treeRow(page, /\d+ %/).first();
  await ui.contextMenu(page, row, 'Show Session Monitor');
  const loss = ui.panel(page).locator('canvas[aria-label^="Training loss"]');
  await loss.waitFor();
  await ui.contextMenu(page, row, 'Stop');
  await ui.option(page, 'Stop and save').click();
  await ui
    .treeRow(page, /stopped/)
    .first()
    .waitFor();
  const stopped = stepsOnDisk();
  expect(stopped).toEqual(stopped.map((_, index) => index + 1));
  await ui.panel(page).locator(`canvas[aria-label*="${stopped.length} points"]`).first().waitFor();

  await ui.contextMenu(page, ui.treeRow(page, /stopped/).last(), 'Resume');
  await progressAfter(3);
  const resumed = stepsOnDisk();
  expect(resumed).toEqual(resumed.map((_, index) => index + 1));
  await ui.command(page, 'Forgetting Lab: Stop');
  await ui.option(page, 'Stop now').click();
  await ui
    .treeRow(page, /stopped|interrupted/)
    .first()
    .waitFor();
  await expect.poll(servers).toHaveLength(1);
});
