// Commands beside the main job, clicked through on the packaged extension: what an empty window offers, the example, doctor and
// log, new experiments, mended files.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser, newPage, startHost, type Host } from '../codeServer.ts';
import { pictureOfFailure } from '../pictures.ts';
import { addSmallFiles, makeWorkspace, type Workspace } from '../workspace.ts';
import * as ui from '../ui.ts';

let workspace: Workspace;
let host: Host;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  workspace = makeWorkspace();
  addSmallFiles(workspace.folder);
  host = await startHost({ vsix: process.env.FORGETTING_LAB_VSIX! });
  browser = await launchBrowser();
  page = await newPage(browser);
  page.setDefaultTimeout(30_000);
});

afterEach((context) => pictureOfFailure(context, page));

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  workspace?.remove();
});

const seconds = 1000;
/** Polls for as long as a busy machine may need. */
const until = <T>(value: () => T) => expect.poll(value, { timeout: 30 * seconds });
const choice = (text: string | RegExp): Locator =>
  ui.quickInput(page).locator('.monaco-list-row').filter({ hasText: text }).first();
const box = (): Locator => ui.quickInput(page).locator('.quick-input-box input');
const activeTab = (name: string): Promise<void> =>
  page
    .locator('.tab.active')
    .filter({ hasText: name })
    .waitFor({ timeout: 60 * seconds });

/** Waits for a step of a dialogue: `Build Targets (2/4)`. */
const step = (title: string): Promise<void> =>
  ui.quickInput(page).locator('.quick-input-titlebar').getByText(title, { exact: true }).waitFor();

/** Hovers of rows lie above the rows below them. */
const mouseAway = (): Promise<void> => page.mouse.move(900, 600);

async function rowMenu(text: string | RegExp, item: string): Promise<void> {
  await mouseAway();
  await ui.contextMenu(page, ui.treeRow(page, text).first(), item);
  await mouseAway();
}

/** Takes a step that only needs a yes, once its rows are there. */
async function accept(title: string): Promise<void> {
  await step(title);
  await ui.quickInput(page).locator('.monaco-list-row').first().waitFor();
  await page.keyboard.press('Enter');
}

test('an empty window offers only what works there, and the example', async () => {
  await page.goto(host.url());
  await ui.activity(page, 'Forgetting Lab').click();
  await page.getByText('Open a folder with datasets and experiments, or begin with the example.').waitFor();
  await page.keyboard.press('F1');
  await box().fill('>Forgetting Lab: ');
  await ui.option(page, 'Forgetting Lab: Show Log').waitFor();
  const labels = ui.quickInput(page).getByRole('option');
  const names = await labels.evaluateAll((rows) => rows.map((row) => row.getAttribute('aria-label') ?? ''));
  const commands = names.filter((name) => name.startsWith('Forgetting Lab: ') && !name.includes('Focus on'));
  expect(commands.map((name) => name.split(',')[0])).toEqual([
    'Forgetting Lab: Open Example Workspace',
    'Forgetting Lab: Show Log',
  ]);
  await page.keyboard.press('Escape');
  expect(await page.getByRole('button', { name: 'New Experiment' }).count()).toBe(0);

  await page.getByRole('button', { name: 'Open Example Workspace' }).click();
  const parent = path.join(path.dirname(workspace.folder), 'examples');
  mkdirSync(parent);
  await box().waitFor();
  await box().fill(`${parent}/`);
  // The dialog looks at the path before it takes Enter.
  await page.waitForTimeout(1000);
  await page.keyboard.press('Enter');
  await page.waitForURL(/folder=.*forgetting-lab-example/);
  expect(existsSync(path.join(parent, 'forgetting-lab-example', 'pocket.experiment.yaml'))).toBe(true);
});

test('doctor and log', async () => {
  await page.goto(host.url(workspace.folder));
  await ui.openSidebar(page);
  await ui.command(page, 'Forgetting Lab: Doctor');
  await activeTab('Forgetting Lab Doctor');
  await page.locator('.view-lines').getByText('Everything a run needs is there.').waitFor();
  await ui.command(page, 'Forgetting Lab: Show Log');
  await page.locator('.part.panel .view-line').filter({ hasText: 'activated' }).first().waitFor();
  await page.keyboard.press('Control+j');
});

test('a new experiment, with a step back, is valid', async () => {
  await ui.command(page, 'Forgetting Lab: New Experiment');
  await accept('New Experiment (1/6)');
  await step('New Experiment (2/6)');
  await choice('data/subtraction.jsonl').click();
  await page.keyboard.press('Enter');
  await accept('New Experiment (3/6)');
  await step('New Experiment (4/6)');
  await ui.quickInput(page).getByRole('button', { name: 'Back' }).click();
  await accept('New Experiment (3/6)');
  await accept('New Experiment (4/6)');
  await accept('New Experiment (5/6)');
  await step('New Experiment (6/6)');
  await box().fill('fresh');
  await page.keyboard.press('Enter');
  await activeTab('fresh.experiment.yaml');
  await ui.treeRow(page, /^fresh.*no run yet, 2 arms, 1 stage/).waitFor();
  expect(await page.locator('.squiggly-error').count()).toBe(0);
});

/** Takes a quick fix at the cursor; asks again while the problems of the changed text are still on their way. */
async function quickFix(label: string): Promise<void> {
  const row = page.locator('.action-widget .monaco-list-row').getByText(label);
  for (let attempt = 1; ; attempt++) {
    await page.keyboard.press('Control+.');
    const there = await row.waitFor({ timeout: 3000 }).then(
      () => true,
      () => false,
    );
    if (there || attempt === 5) break;
    await page.keyboard.press('Escape');
  }
  await row.waitFor();
  await page.keyboard.press('Enter');
}

test('a broken file: problems at their place, launch refused with the same words, fixes', async () => {
  await rowMenu(/^broken.*cannot be launched/, 'Open Experiment File');
  await activeTab('broken.experiment.yaml');
  await until(() => page.locator('.squiggly-error').count()).toBe(2);
  await ui.command(page, 'Forgetting Lab: Launch Session');
  const refusal = ui.toast(page, 'broken.experiment.yaml has 2 problems');
  await refusal.waitFor();
  const words = await refusal.innerText();
  expect(words).toMatch(/broken\.experiment\.yaml:7:14 no such file: .*subtracton\.jsonl; did you mean/);
  expect(words).toContain('unknown scorer "sequnce"; did you mean "sequence"?');
  await ui.command(page, 'Notifications: Clear All Notifications');
  for (const word of ['data/subtraction.jsonl', 'sequence']) {
    // The refusal leads to the first problem; F8 to the next.
    if (word === 'sequence') {
      await page.keyboard.press('F8');
      await page.keyboard.press('Escape');
    }
    await quickFix(`Use "${word}"`);
    await page.locator('.view-line').filter({ hasText: word }).first().waitFor();
  }
  await until(() => page.locator('.squiggly-error').count()).toBe(0);
  await page.keyboard.press('Control+s');
  await ui.treeRow(page, /^broken.*no run yet/).waitFor();
});
