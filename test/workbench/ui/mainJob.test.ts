// The main job by hand, on the packaged extension: launch from the palette, watch, read what was forgotten, see hard tokens,
// build the model's own targets, launch again, compare, export.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser, newPage, startHost, type Host } from '../codeServer.ts';
import { picture, pictureOfFailure } from '../pictures.ts';
import { makeWorkspace, type Workspace } from '../workspace.ts';
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
  await page.goto(host.url(workspace.folder));
  await ui.openSidebar(page);
});

afterEach((context) => pictureOfFailure(context, page));

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  await workspace?.remove();
});

const doneRuns = () => ui.treeRow(page, /gained|lost/).filter({ hasText: /\d\d:\d\d/ });
const minutes = 60_000;

async function launch(file: string): Promise<void> {
  await ui.openFile(page, file);
  await ui.command(page, 'Forgetting Lab: Launch Session');
}

test('launch from the palette: the tree and the heatmap fill in while it trains', async () => {
  await ui.treeRow(page, 'quick').waitFor();
  await launch('quick.experiment.yaml');
  const heatmap = ui.panel(page);
  await heatmap.locator('body[data-drawn]').waitFor();
  await heatmap
    .getByText(/running/)
    .first()
    .waitFor();
  await page
    .locator('.statusbar-item')
    .filter({ hasText: /quick \d+ %/ })
    .waitFor();
  await ui.treeRow(page, /\d+ %/).first().waitFor();
  // Cells are there before the run is done.
  await heatmap
    .locator('[role=gridcell][aria-label*="base"][aria-label*="score"]')
    .first()
    .waitFor({ timeout: minutes });
  await doneRuns()
    .first()
    .waitFor({ timeout: 3 * minutes });
  await heatmap
    .getByText(/points, interval|lost \d+|gained \d+/)
    .first()
    .waitFor();
});

test('the heatmap: a cell tells its numbers and lists the flipped answers; the table has the same numbers', async () => {
  const heatmap = ui.panel(page);
  const cell = heatmap.locator('[role=gridcell][aria-label*="sorting, ground truth, after"]');
  await cell.click();
  const flips = heatmap.locator('aside.flips');
  await flips.getByText(/Lost/).first().waitFor();
  await flips.locator('.flip').first().waitFor();
  const label = await cell.getAttribute('aria-label');
  const change = /change ([+\u2212]?\d+) points/.exec(label ?? '')?.[1];
  await picture(page, 'heatmap');
  await heatmap.getByText('Table', { exact: true }).click();
  await heatmap.locator('table').getByText(change!).first().waitFor();
  await heatmap.getByText('Chart', { exact: true }).click();
  // From cell to cell with the keyboard.
  await cell.focus();
  await page.keyboard.press('ArrowLeft');
  await heatmap.locator('[role=gridcell][aria-label*="arithmetic, ground truth, after"]:focus').waitFor();
});

test('export: the table as CSV', async () => {
  const target = path.join(workspace.folder, 'matrix.csv');
  await ui.panel(page).getByText('CSV', { exact: true }).click();
  await ui.saveAs(page, target);
  // The editor makes the file and then fills it.
  const written = (): string => (existsSync(target) ? readFileSync(target, 'utf8') : '');
  await expect.poll(written).toMatch(/ground truth.*sorting/);
});

test('a dataset: perplexities, summary and token colours', async () => {
  await ui.openFile(page, 'subtraction.jsonl');
  await page
    .locator('.view-line')
    .getByText(/^\d+\.\d\d$/)
    .first()
    .waitFor({ timeout: minutes });
  await page
    .locator('.codelens-decoration')
    .getByText(/rows, [\d,]+ tokens, perplexity/)
    .waitFor({ timeout: minutes });
  await ui.command(page, 'Forgetting Lab: Colour Tokens');
  await page.locator('.view-overlays .cdr[class*="TextEditorDecorationType"]').first().waitFor();
  await picture(page, 'dataset');
});

test('the target diff: ground truth beside the own words of the model, and a dataset of what was chosen', async () => {
  await ui.openFile(page, 'subtraction.jsonl');
  await ui.command(page, 'Forgetting Lab: Diff Self-Output and Ground Truth');
  const diff = ui.panel(page);
  await diff.locator('body[data-drawn]').waitFor({ timeout: minutes });
  await diff.locator('.row .tokens .token').first().waitFor({ timeout: minutes });
  await diff.getByText(/1,500/).first().waitFor();
  await picture(page, 'targetDiff');
  const rules = diff.getByRole('combobox', { name: 'Train on' });
  await rules.click();
  await rules.locator('vscode-option').last().click();
  await diff.getByText(/Hard tokens of [\d,]+ rows/).waitFor();
  // Enabled once every row that the rule needs is scored.
  await diff.locator('vscode-button:not([disabled])', { hasText: 'Write dataset' }).click();
  const target = path.join(workspace.folder, 'data/chosen.jsonl');
  await ui.saveAs(page, target);
  await expect.poll(() => existsSync(target)).toBe(true);
  const [first] = readFileSync(target, 'utf8').split('\n');
  expect(JSON.parse(first!)).toHaveProperty('provenance');
});

test('launch again, compare', async () => {
  await launch('quick.experiment.yaml');
  await expect.poll(() => doneRuns().count(), { timeout: 3 * minutes }).toBe(2);
  const runs = readdirSync(path.join(workspace.folder, 'runs')).filter((name) => name.startsWith('quick'));
  expect(runs).toHaveLength(2);
  for (const box of await doneRuns().locator('.custom-view-tree-node-item-checkbox').all()) await box.click();
  await ui.command(page, 'Forgetting Lab: Compare Runs');
  const accept = ui.quickInput(page).getByRole('button', { name: 'OK' });
  await accept.click();
  const comparison = ui.panel(page);
  await comparison.locator('body[data-drawn]').waitFor();
  await comparison.locator('canvas').first().waitFor();
  await picture(page, 'compare');
});
