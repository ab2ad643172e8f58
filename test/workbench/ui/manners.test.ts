// Manners: a terminal's run opens unchanged, the four themes, hostile names, two windows, Restricted Mode, and what an empty
// folder says.
import { cpSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { labServersOf } from '../labServers.ts';
import { picture } from '../pictures.ts';
import { removeFolder } from '../removeFolder.ts';
import { runInTerminal, setStage } from '../stage.ts';
import { expectNoMarkup, inThemes, panelInThemes } from '../themes.ts';
import * as ui from '../ui.ts';

const hostile = '<img src=x onerror=alert(1)> [x](command:workbench.action.quit)';
const stage = setStage(
  (folder) => {
    // Done, and the forgetting budget is overdrawn.
    expect(runInTerminal(folder, 'quick.experiment.yaml')).toBe(2);
    makeHostile(folder);
  },
  { sidebar: true },
);

/** A copy of the run, and a dataset, whose every name and text would like to be markup. */
function makeHostile(workspace: string): void {
  const runs = path.join(workspace, 'runs');
  const [quick] = readdirSync(runs);
  const folder = path.join(runs, 'hostile-20261121-0000-aaaa');
  cpSync(path.join(runs, quick!), folder, { recursive: true });
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.jsonl?$/.test(file)) continue;
    const full = path.join(folder, file);
    const text = readFileSync(full, 'utf8');
    writeFileSync(
      full,
      text
        // Its experiment is another one.
        .replace(/^ *"experimentFile":.*\n/m, '')
        .replaceAll('ground truth', hostile)
        .replaceAll('Here they are', hostile)
        .replace(/"name":\s*"quick"/g, `"name":"${hostile}"`),
    );
  }
  const row = readFileSync(path.join(workspace, 'data/subtraction.jsonl'), 'utf8').split('\n', 1)[0]!;
  const rows = row.replace(/"content":\s*"/g, `"content":"${hostile} `);
  writeFileSync(path.join(workspace, 'data/<img src=x onerror=alert(1)>.jsonl'), `${rows}\n`);
}

/** The numbers beside the rows of the dataset in front. */
const perplexities = (): Locator => stage.page.locator('.view-line').getByText(/^\d[\d,.]*$/);

test('names and texts that would like to be markup are text', async () => {
  const hostileRun = await ui.runOf(stage.page, '<img src=x');
  // A row that is drawn anew meanwhile loses its hover.
  const tooltip = stage.page.locator('.monaco-hover:visible').filter({ hasText: '<img src=x' });
  const hovered = async (): Promise<number> => {
    await stage.page.mouse.move(800, 700);
    await hostileRun.locator('.label-name').hover();
    await stage.page.waitForTimeout(1500);
    return tooltip.count();
  };
  await expect.poll(hovered).toBeGreaterThan(0);
  await picture(stage.page, 'hostile-tooltip');
  await expectNoMarkup(stage);
  await ui.contextMenu(stage.page, hostileRun, 'Show Forgetting Heatmap');
  await ui.panel(stage.page).getByText('<img src=x onerror=alert(1)>').first().waitFor();
  await ui.panel(stage.page).locator('[role=gridcell][aria-label*="sorting"][aria-label*="after"]').first().click();
  await ui.panel(stage.page).locator('aside.flips .flip').getByText('<img src=x').first().waitFor();
  await picture(stage.page, 'hostile-heatmap');
  await expectNoMarkup(stage);
  await ui.contextMenu(stage.page, hostileRun, 'Show Session Monitor');
  await ui.panel(stage.page).locator('canvas').first().waitFor();
  await ui.panel(stage.page).getByText('<img src=x onerror=alert(1)>').first().waitFor();
  await expectNoMarkup(stage);

  await ui.treeRow(stage.page, '<img src=x onerror=alert(1)>.jsonl').click();
  await perplexities().first().waitFor();
  await stage.page
    .locator('.view-line')
    .first()
    .hover({ position: { x: 300, y: 8 } });
  await stage.page.locator('.monaco-hover:visible').filter({ hasText: 'Perplexity' }).waitFor();
  await picture(stage.page, 'hostile-dataset');
  await expectNoMarkup(stage);
});

test("a terminal's run opens unchanged, and every panel looks right in four themes", async () => {
  const run = await ui.runOf(stage.page, 'quick');
  await ui.contextMenu(stage.page, run, 'Show Session Monitor');
  await ui.panel(stage.page).locator('canvas').first().waitFor();
  await panelInThemes(stage, 'monitor');

  await ui.contextMenu(stage.page, run, 'Show Forgetting Heatmap');
  await ui.panel(stage.page).locator('[role=gridcell][aria-label*="sorting, ground truth, after"]').click();
  await ui.panel(stage.page).locator('aside.flips .flip').first().waitFor();
  await panelInThemes(stage, 'heatmap');
});

test('a dataset with perplexities and token colours in four themes', async () => {
  stage.host.set({ 'editor.wordWrap': 'on', 'editor.minimap.enabled': false });
  await ui.openFile(stage.page, 'subtraction.jsonl');
  await perplexities().first().waitFor();
  await ui.command(stage.page, 'Forgetting Lab: Colour Tokens');
  await stage.page.locator('.view-overlays .cdr[class*="TextEditorDecorationType"]').first().waitFor();
  await inThemes(stage, 'dataset', async (kind) => {
    const name = { 'vscode-dark': 'vs-dark', 'vscode-light': 'vs', 'vscode-high-contrast': 'hc-black' }[kind];
    await stage.page.locator(`.monaco-workbench.${name ?? 'hc-light'}`).waitFor();
  });
});

const servers = (): number[] => labServersOf(stage.workspace.folder);

test('two windows on one folder: one server, the same queue; a stop in one shows in the other', async () => {
  const other = await stage.window();
  for (const one of [stage.page, other]) await ui.openSidebar(one);
  await ui.openFile(stage.page, 'long.experiment.yaml');
  await ui.command(stage.page, 'Forgetting Lab: Launch Session');
  await ui.treeRow(stage.page, /\d+ %/).first().waitFor();
  const there = ui
    .treeRow(other, /\d+ %/)
    .filter({ hasText: /\d\d:\d\d/ })
    .first();
  await there.waitFor();
  expect(servers()).toHaveLength(1);
  await ui.contextMenu(other, there, 'Show Forgetting Heatmap');
  await ui
    .panel(other)
    .getByText(/running/)
    .first()
    .waitFor();
  await ui.panel(other).locator('[role=gridcell][aria-label*="base"][aria-label*="score"]').first().waitFor();
  await ui.contextMenu(other, there, 'Stop');
  await ui.option(other, 'Stop now').click();
  const ended = /stopped|interrupted/;
  await ui.treeRow(stage.page, ended).first().waitFor();
  await ui.treeRow(other, ended).first().waitFor();
  await ui.panel(stage.page).getByText(ended).first().waitFor();
  await other.context().close();
});

/** Every file with size and time of change. */
function contents(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((file) => {
      const { size, mtimeMs } = statSync(path.join(folder, file));
      return `${file} ${size} ${mtimeMs}`;
    });
}

const paletteRow = async (label: string): Promise<number> => {
  await ui.openPalette(stage.page, `>${label}`);
  await stage.page.waitForTimeout(500);
  const rows = await ui.option(stage.page, label).count();
  await stage.page.keyboard.press('Escape');
  return rows;
};

/** From the palette to the drawn panel. */
async function compareAllRuns(): Promise<void> {
  await ui.command(stage.page, 'Forgetting Lab: Compare Runs');
  const rows = ui.quickInput(stage.page).locator('.monaco-list-row');
  await rows.first().waitFor();
  const count = await rows.count();
  for (let row = 0; row < count; row++) await rows.nth(row).locator('.monaco-highlighted-label').first().click();
  await ui.quickInput(stage.page).getByRole('button', { name: 'OK' }).click();
  const comparison = ui.panel(stage.page);
  await comparison.getByText(`Comparison of ${count} runs`).waitFor();
  await comparison.locator('body[data-drawn]').waitFor();
  await comparison.locator('canvas').first().waitFor();
  await comparison.getByText('self-output').first().waitFor();
  await picture(stage.page, 'restricted-compare');
}

test('Restricted Mode reads and does nothing else; trust brings the rest', async () => {
  const before = contents(stage.workspace.folder);
  const restricted = await stage.open({
    trustDialogs: true,
    settings: {
      'security.workspace.trust.enabled': true,
      'security.workspace.trust.startupPrompt': 'never',
      'security.workspace.trust.banner': 'never',
    },
  });
  const keys = [{ key: 'ctrl+alt+l', command: 'forgettingLab.launch' }];
  writeFileSync(path.join(restricted.home, 'data/User/keybindings.json'), JSON.stringify(keys));
  await stage.goOn(restricted);
  await ui.contextMenu(stage.page, await ui.runOf(stage.page, 'quick'), 'Show Forgetting Heatmap');
  await ui.panel(stage.page).locator('[role=gridcell][aria-label*="sorting"]').first().waitFor();
  await expect.poll(() => paletteRow('Forgetting Lab: Show Forgetting Heatmap')).toBe(1);
  for (const name of ['Launch Session', 'Build Targets', 'Resume', 'New Experiment', 'Evaluate Model', 'Colour Tokens'])
    await expect.poll(() => paletteRow(`Forgetting Lab: ${name}`), { message: name }).toBe(0);
  await compareAllRuns();
  await ui.openFile(stage.page, 'subtraction.jsonl');
  await stage.page.locator('.codelens-decoration, .view-line').first().waitFor();
  await stage.page.waitForTimeout(3000);
  expect(await perplexities().count()).toBe(0);
  await stage.page.keyboard.press('Control+Alt+l');
  await ui.toast(stage.page, 'Restricted Mode').waitFor();
  await picture(stage.page, 'restricted');
  expect(contents(stage.workspace.folder)).toEqual(before);

  await ui.command(stage.page, 'Workspaces: Manage Workspace Trust');
  await stage.page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click();
  await expect.poll(() => paletteRow('Forgetting Lab: Launch Session')).toBe(1);
  await stage.page.keyboard.press('Escape');
  await perplexities().first().waitFor({ timeout: 20_000 });
});

test('an empty folder says what to do next; the walkthrough shows its pictures', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'forgetting-lab-empty-'));
  try {
    await stage.goOn(stage.host, folder);
    await ui.activity(stage.page, 'Forgetting Lab').click();
    const welcome = stage.page.locator('.welcome-view-content:visible');
    await welcome.first().waitFor();
    await expect.poll(() => welcome.count()).toBeGreaterThanOrEqual(2);
    for (const text of await welcome.all()) expect(await text.locator('a').count()).toBe(1);
    await ui.command(stage.page, 'Welcome: Open Walkthrough...');
    await ui
      .quickInput(stage.page)
      .getByRole('option', { name: /Forgetting/ })
      .first()
      .click();
    await stage.page.locator('.getting-started-step').nth(4).waitFor();
    await inThemes(stage, 'walkthrough', async () => {
      await stage.page.waitForTimeout(700);
    });
  } finally {
    await removeFolder(folder);
  }
});
