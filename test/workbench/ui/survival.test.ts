// Training outlives what shows it: a reloaded window, a killed extension host, a closed window. No point of a curve is lost
// and there is never a second server.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { labServersOf } from '../labServers.ts';
import { setStage } from '../stage.ts';
import * as ui from '../ui.ts';

const stage = setStage(undefined, { sidebar: true });

const runsFolder = (): string => path.join(stage.workspace.folder, 'runs');

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

const servers = (): number[] => labServersOf(stage.workspace.folder);

const progressAfter = async (steps: number): Promise<void> => {
  const before = stepsOnDisk().length;
  await expect.poll(() => stepsOnDisk().length).toBeGreaterThanOrEqual(before + steps);
};

test('a session outlives a reload, a killed extension host and a closed window', async () => {
  await ui.openFile(stage.page, 'long.experiment.yaml');
  await ui.command(stage.page, 'Forgetting Lab: Launch Session');
  await expect.poll(() => stepsOnDisk().length).toBeGreaterThan(5);
  const [server] = servers();

  await stage.page.reload();
  await progressAfter(5);
  await ui.treeRow(stage.page, /\d+ %/).first().waitFor();
  expect(servers()).toEqual([server]);

  for (const pid of stage.host.extensionHosts()) process.kill(pid, 'SIGKILL');
  await progressAfter(5);
  expect(servers()).toEqual([server]);

  await stage.page.context().close();
  await progressAfter(5);
  stage.page = await stage.window();
  await ui.openSidebar(stage.page);
  await ui.treeRow(stage.page, /\d+ %/).first().waitFor();
  expect(servers()).toEqual([server]);
});

test('the curve is whole, and stop and resume work from the tree', async () => {
  const row = ui.treeRow(stage.page, /\d+ %/).first();
  await ui.contextMenu(stage.page, row, 'Show Session Monitor');
  const loss = ui.panel(stage.page).locator('canvas[aria-label^="Training loss"]');
  await loss.waitFor();
  await ui.contextMenu(stage.page, row, 'Stop');
  await ui.option(stage.page, 'Stop and save').click();
  await ui
    .treeRow(stage.page, /stopped/)
    .first()
    .waitFor();
  const stopped = stepsOnDisk();
  expect(stopped).toEqual(stopped.map((_, index) => index + 1));
  await ui.panel(stage.page).locator(`canvas[aria-label*="${stopped.length} points"]`).first().waitFor();

  await ui.contextMenu(stage.page, ui.treeRow(stage.page, /stopped/).last(), 'Resume');
  await progressAfter(3);
  const resumed = stepsOnDisk();
  expect(resumed).toEqual(resumed.map((_, index) => index + 1));
  await ui.command(stage.page, 'Forgetting Lab: Stop');
  await ui.option(stage.page, 'Stop now').click();
  await ui
    .treeRow(stage.page, /stopped|interrupted/)
    .first()
    .waitFor();
  await expect.poll(servers).toHaveLength(1);
});
