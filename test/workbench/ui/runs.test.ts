// What can be done with runs in the sidebar, by hand on the packaged extension: report, folder, rerun, compare, star, order,
// filter; and a damaged run among good ones.
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { inputBox } from '../dialogue.ts';
import { picture } from '../pictures.ts';
import { runInTerminal, setStage } from '../stage.ts';
import { addSmallFiles } from '../workspace.ts';
import * as ui from '../ui.ts';

const stage = setStage((folder) => {
  addSmallFiles(folder);
  runInTerminal(folder, 'tiny.experiment.yaml');
});

const runs = (): string => path.join(stage.workspace.folder, 'runs');
const firstRun = (): string => readdirSync(runs()).find((name) => name.startsWith('tiny-2'))!;
const runRows = () => stage.page.getByRole('treeitem', { name: /^Run of / });

/** A second run of the same experiment, a year older, with one value that differs. */
function addOlderRun(): void {
  const folder = path.join(runs(), 'tiny-20200102-0304-beef');
  cpSync(path.join(runs(), firstRun()), folder, { recursive: true });
  const file = path.join(folder, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8')) as {
    id: string;
    createdAt: string;
    experiment: { training: object };
  };
  Object.assign(config, { id: path.basename(folder), createdAt: '2020-01-02T03:04:00.000Z' });
  Object.assign(config.experiment.training, { batchSize: 16 });
  writeFileSync(file, JSON.stringify(config));
}

test('a finished run: its report, its folder, and a second one with changes', async () => {
  const { page } = stage;
  await page.goto(stage.host.url(stage.workspace.folder));
  await ui.openSidebar(page);
  const run = /^Run of (\d\d-\d\d )?\d\d:\d\d.*(gained|lost)/;
  await ui.itemMenu(page, run, 'Rerun with Changes');
  await ui.activeTab(page, 'tiny-2.experiment.yaml');
  const rerun = readFileSync(path.join(stage.workspace.folder, 'tiny-2.experiment.yaml'), 'utf8');
  expect(rerun).toContain(`the run ${firstRun()} really had`);
  // What the file did not say is written out: the run had it.
  for (const value of [/^name: tiny-2$/m, /batchSize: 32/, /steps: 12/, /seeds: \[ \d+ \]/, /weightDecay: /])
    expect(rerun).toMatch(value);
  await ui.item(page, /^Experiment tiny-2, no run yet/).waitFor();
  expect(await page.locator('.squiggly-error').count()).toBe(0);
  await picture(page, 'rerun');

  await ui.itemMenu(page, run, 'Open Report');
  await ui.activeTab(page, 'Report: tiny');
  await ui.panel(page).getByText('What was gained, what was forgotten').waitFor();
  await picture(page, 'report-tab');
  await ui.itemMenu(page, run, 'Reveal Run Folder');
  await page
    .getByRole('tree', { name: /Files Explorer/ })
    .getByRole('treeitem', { name: firstRun(), selected: true })
    .waitFor();
  await ui.openSidebar(page);
});

test('check boxes compare runs', async () => {
  const { page } = stage;
  addOlderRun();
  await expect.poll(() => runRows().count()).toBe(2);
  for (const row of [0, 1]) {
    const box = runRows().nth(row).getByRole('checkbox');
    await box.click();
    await expect.poll(() => box.getAttribute('aria-checked')).toBe('true');
  }
  await page.getByRole('button', { name: 'Compare Checked Runs' }).click();
  await ui.activeTab(page, 'Compare 2 runs');
  const comparison = ui.panel(page);
  await comparison.locator('body[data-drawn]').waitFor();
  // Only what differs is listed.
  await comparison
    .getByText(/batchSize/)
    .first()
    .waitFor();
  await picture(page, 'compare-checked');
  expect(await comparison.getByText(/weightDecay/).count()).toBe(0);
});

test('so does a selection of several rows', async () => {
  const { page } = stage;
  await ui.command(page, 'View: Close All Editors');
  await runRows().nth(0).click();
  await runRows()
    .nth(1)
    .click({ modifiers: ['Control'] });
  await expect.poll(() => page.getByRole('treeitem', { name: /^Run of /, selected: true }).count()).toBe(2);
  await ui.contextMenu(page, runRows().nth(1), 'Compare Runs');
  await ui.activeTab(page, 'Compare 2 runs');
  await ui
    .panel(page)
    .getByText(/batchSize/)
    .first()
    .waitFor();
  // Actions on a row mean the whole selection.
  await runRows().nth(0).click();
});

test('the lens of an experiment file shows the last heatmap', async () => {
  const { page } = stage;
  await ui.openFile(page, 'tiny.experiment.yaml');
  const lens = page.locator('.codelens-decoration a');
  await lens.filter({ hasText: 'Launch' }).waitFor();
  await lens.filter({ hasText: 'Show last heatmap' }).click();
  await ui.panel(page).locator('[role=gridcell][aria-label*="sorting"]').first().waitFor();
});

test('star, order and filter', async () => {
  const { page } = stage;
  const old = /^Run of 2020-01-02/;
  await ui.itemMenu(page, old, 'Star');
  const starred = ui.treeRow(page, '\u2605');
  await starred.waitFor();
  // Starred runs come first.
  await expect.poll(() => runRows().first().getAttribute('aria-label')).toMatch(old);
  await ui.itemMenu(page, old, 'Remove Star');
  await starred.waitFor({ state: 'hidden' });
  await expect.poll(() => runRows().last().getAttribute('aria-label')).toMatch(old);

  const experiments = page.getByRole('treeitem', { name: /^Experiment / });
  const names = () =>
    experiments.evaluateAll((rows) => rows.map((row) => /^Experiment ([^,]+)/.exec(row.ariaLabel!)![1]));
  await expect.poll(async () => (await names())[0]).toBe('tiny');
  await page.getByRole('button', { name: 'Sort Runs' }).click();
  await ui.option(page, 'By name').click();
  await expect.poll(names).toEqual(['broken', 'gone', 'long', 'quick', 'tiny', 'tiny-2']);

  await page.getByRole('button', { name: 'Filter Runs' }).click();
  await inputBox(page).fill('tin');
  await expect.poll(names).toEqual(['tiny', 'tiny-2']);
  await page.keyboard.press('Escape');
  await expect.poll(async () => (await names()).length).toBe(6);
  await page.getByRole('button', { name: 'Filter Runs' }).click();
  await inputBox(page).fill('lon');
  await page.keyboard.press('Enter');
  await expect.poll(names).toEqual(['long']);
  await picture(page, 'filtered');
  await page.getByRole('button', { name: 'Clear Filter' }).click();
  await expect.poll(async () => (await names()).length).toBe(6);
});

test('a damaged run is shown as such and harms no other', async () => {
  const { page } = stage;
  const folder = path.join(runs(), 'tiny-20260101-0000-dead');
  mkdirSync(folder);
  const config = readFileSync(path.join(runs(), firstRun(), 'config.json'), 'utf8');
  writeFileSync(path.join(folder, 'config.json'), config.slice(0, config.length / 2));
  const damaged = /^Run of .*cannot be read/;
  await ui.item(page, damaged).waitFor();
  await picture(page, 'damaged');
  await ui.item(page, /^Experiment tiny, done/).waitFor();
  await expect.poll(() => page.getByRole('treeitem', { name: /^Run of .*(gained|lost)/ }).count()).toBe(2);
  // What needs a readable run is not offered for it.
  await page.mouse.move(900, 600);
  await ui.item(page, damaged).click({ button: 'right' });
  const menu = page.locator('.monaco-menu:visible');
  await menu.getByRole('menuitem', { name: 'Reveal Run Folder' }).waitFor();
  expect(await menu.getByRole('menuitem', { name: /Heatmap|Report|Compare|Rerun/ }).count()).toBe(0);
  await page.keyboard.press('Escape');
  await ui.itemMenu(page, /^Run of (\d\d-\d\d )?\d\d:\d\d.*(gained|lost)/, 'Show Forgetting Heatmap');
  await ui.panel(page).locator('[role=gridcell][aria-label*="sorting"]').first().waitFor();
});
