// Names that would like to be markup, links or icons, in the places of the workbench that render such things: quick picks,
// prompts, notifications, the status bar. Panels and tooltips are in manners.test.ts.
import { copyFileSync, cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { accept, inputBox, step } from '../dialogue.ts';
import { picture } from '../pictures.ts';
import { runInTerminal, setStage } from '../stage.ts';
import { addSmallFiles } from '../workspace.ts';
import * as ui from '../ui.ts';

const hostile = '<img src=x onerror=alert(1)> [a](command:workbench.action.quit) $(sync~spin)';
/** Marks the row or message in question; what follows it is looked at separately. */
const mark = '<img src=x onerror=alert(1)>';

const stage = setStage((folder) => {
  addSmallFiles(folder);
  const inFolder = (...names: string[]): string => path.join(folder, ...names);
  runInTerminal(folder, 'tiny.experiment.yaml');
  const run = readdirSync(inFolder('runs')).find((name) => name.startsWith('tiny-'))!;
  const copy = inFolder('runs', `${hostile}\n-20260102-0304-beef`);
  cpSync(inFolder('runs', run), copy, { recursive: true });
  const config = readFileSync(path.join(copy, 'config.json'), 'utf8');
  const renamed = config
    .replace(/^ *"experimentFile":.*\n/m, '')
    .replaceAll(run, `${hostile}\\n-20260102-0304-beef`)
    .replace('"tiny"', () => JSON.stringify(hostile));
  writeFileSync(path.join(copy, 'config.json'), renamed.replaceAll('ground truth', hostile));
  copyFileSync(inFolder('data/small.jsonl'), inFolder('data', `${hostile}\nb.jsonl`));
  const tiny = readFileSync(inFolder('tiny.experiment.yaml'), 'utf8');
  const named = tiny.replace('name: tiny', () => `name: ${JSON.stringify(hostile)}`);
  const stages = `name: ${JSON.stringify(hostile)}\n    dataset: ${JSON.stringify(`data/${hostile}\nb.jsonl`)}`;
  const taught = named.replace(/name: subtraction\n +dataset: data.subtraction.jsonl/, () => stages);
  writeFileSync(inFolder(`${hostile}.experiment.yaml`), taught);
  const broken = tiny.replace('data/subtraction.jsonl', JSON.stringify(`data/${hostile} c.jsonl`));
  writeFileSync(inFolder(`refused ${hostile}.experiment.yaml`), broken.replace('name: tiny', 'name: refused'));
});

/** The words are there as they are, and nothing was made of them. */
async function expectPlain(place: Locator, icons = 0): Promise<void> {
  const words = (): Promise<string> => place.innerText().then((text) => text.replace(/\s+/g, ' '));
  // A notification keeps the brackets of what would be a link apart.
  await expect.poll(words).toContain(mark);
  expect((await words()).replaceAll('] (', '](')).toContain(hostile);
  expect(await words()).not.toContain('\\$');
  expect(await place.locator('.codicon-sync').count()).toBe(icons);
  for (const frame of stage.page.frames()) {
    const made = frame.locator('img[src="x"], a[href*="action.quit"], [data-href*="action.quit"]');
    expect(await made.count(), frame.url()).toBe(0);
  }
  expect(stage.dialogs).toEqual([]);
}

const pickRow = (text: string): Locator =>
  ui.quickInput(stage.page).locator('.monaco-list-row').filter({ hasText: text }).first();

test('in quick picks and their titles', async () => {
  const { page } = stage;
  await page.goto(stage.host.url(stage.workspace.folder));
  await ui.openSidebar(page);
  await ui.treeRow(page, mark).first().waitFor();
  for (const name of ['Launch Session', 'Show Forgetting Heatmap', 'Diff Self-Output and Ground Truth']) {
    await ui.command(page, `Forgetting Lab: ${name}`);
    await pickRow(mark).waitFor();
    await expectPlain(pickRow(mark));
    if (name === 'Launch Session') await picture(page, 'hostile-pick');
    await page.keyboard.press('Escape');
  }
  await ui.command(page, 'Forgetting Lab: New Experiment');
  await accept(page, 'New Experiment (1/6)');
  await step(page, 'New Experiment (2/6)');
  await pickRow('small').locator('.monaco-highlighted-label').first().click();
  await pickRow(mark).locator('.monaco-highlighted-label').first().click();
  await expectPlain(ui.quickInput(page).locator('.quick-input-titlebar'));
  await picture(page, 'hostile-title');
  await page.keyboard.press('Escape');
});

test('in the prompt and the problem of an input box', async () => {
  const { page } = stage;
  await ui.contextMenu(page, ui.treeRow(page, /^data\/<img/).first(), 'Build Targets');
  for (const at of [1, 2, 3]) await accept(page, `Build Targets (${at}/4)`);
  await step(page, 'Build Targets (4/4)');
  const message = ui.quickInput(page).locator('.quick-input-message');
  await expectPlain(message);
  await picture(page, 'hostile-prompt');
  const taken = path.join(stage.workspace.folder, `data/[b](command:workbench.action.quit) ${hostile}.jsonl`);
  writeFileSync(taken, '');
  await inputBox(page).fill(taken);
  await message.getByText('is already there').waitFor();
  await expectPlain(message);
  await page.keyboard.press('Escape');
});

test('in a notification', async () => {
  const { page } = stage;
  await ui.command(page, 'Forgetting Lab: Launch Session');
  await pickRow('refused <img').click();
  const toast = ui.toast(page, 'has a problem');
  await toast.waitFor();
  await expectPlain(toast);
  await picture(page, 'hostile-notification');
  await ui.clearToasts(page);
});

test('in the status bar, the tree and the tab of a session', async () => {
  const { page } = stage;
  await ui.contextMenu(page, ui.treeRow(page, /^<img.*no run yet|^<img.*done/).first(), 'Launch Session');
  const status = ui.statusItem(page, mark);
  await status.waitFor();
  // The one icon is its own.
  await expectPlain(status, 1);
  const tab = page.locator('.tab.active').filter({ hasText: mark });
  await tab.waitFor();
  await expectPlain(tab);
  await expectPlain(ui.treeRow(page, /^<img/).first());
  await ui.panel(page).getByText(mark).first().waitFor();
  await picture(page, 'hostile-session');
  await status.waitFor({ state: 'hidden', timeout: 120_000 });
});
