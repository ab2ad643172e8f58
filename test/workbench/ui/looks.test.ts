// The target diff, the comparison and the dataset view as they look in the four themes, with names and texts that would like
// to be markup, and the colours of flipped answers scored by the real server.
import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser, newPage, startHost, type Host } from '../codeServer.ts';
import { picture, pictureOfFailure } from '../pictures.ts';
import { makeWorkspace, type Workspace } from '../workspace.ts';
import { runInTerminal } from '../stage.ts';
import * as ui from '../ui.ts';

const hostile = '<img src=x onerror=alert(1)> [x](command:workbench.action.quit)';
const hostileFile = '<img src=x onerror=alert(1)>.jsonl';
const themes = {
  'Dark Modern': 'vscode-dark',
  'Light Modern': 'vscode-light',
  'Default High Contrast': 'vscode-high-contrast',
  'Default High Contrast Light': 'vscode-high-contrast-light',
};
/** More than VS Code hands to extensions. */
const bigBytes = 60 * 1024 * 1024;

let workspace: Workspace;
let host: Host;
let browser: Browser;
let page: Page;
const dialogs: string[] = [];

beforeAll(async () => {
  workspace = makeWorkspace();
  // Done, and the forgetting budget is overdrawn.
  expect(runInTerminal(workspace.folder, 'quick.experiment.yaml')).toBe(2);
  makeHostileRun();
  makeBigFile();
  host = await startHost({ vsix: process.env.FORGETTING_LAB_VSIX! });
  browser = await launchBrowser();
  page = await newPage(browser);
  page.setDefaultTimeout(30_000);
  page.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.goto(host.url(workspace.folder));
  await ui.openSidebar(page);
}, 180_000);

afterEach((context) => pictureOfFailure(context, page));

afterAll(async () => {
  await browser?.close();
  await host?.stop();
  await workspace?.remove();
});

/** A copy of the run whose arm would like to be markup, with another learning rate so that something differs. */
function makeHostileRun(): void {
  const runs = path.join(workspace.folder, 'runs');
  const [quick] = readdirSync(runs);
  const folder = path.join(runs, 'hostile-20261121-0000-aaaa');
  cpSync(path.join(runs, quick!), folder, { recursive: true });
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/^[^/]*\.jsonl?$/.test(file)) continue;
    const full = path.join(folder, file);
    const text = readFileSync(full, 'utf8');
    writeFileSync(
      full,
      text
        .replaceAll('"self-output"', JSON.stringify(hostile))
        .replace(/"id":\s*"quick[^"]*"/, '"id": "hostile-20261121-0000-aaaa"')
        .replace(/"name":\s*"quick"/g, `"name": ${JSON.stringify(hostile)}`)
        .replace(/0\.0013(?=[,\]}\s])/g, '0.0007'),
    );
  }
}

function makeBigFile(): void {
  const row = (k: number): string => {
    const words = k === 1 ? `${hostile} What is 40 - 18?` : `What is ${20 + (k % 70)} - ${k % 20}? (${k})`;
    const answer = k === 1 ? hostile : `The answer is ${20 + (k % 70) - (k % 20)}.`;
    return JSON.stringify({
      prompt: [{ role: 'user', content: words }],
      completion: [{ role: 'assistant', content: answer }],
    });
  };
  const file = openSync(path.join(workspace.folder, 'data', hostileFile), 'w');
  for (let k = 0, written = 0; written < bigBytes;) {
    const chunk = Array.from({ length: 10_000 }, () => `${row(k++)}\n`).join('');
    written += writeSync(file, chunk);
  }
  closeSync(file);
}

/** WCAG asks for 4.5 of running text and 3 of large text and signs; muted words of the editor's themes are between. */
const leastContrast = 3;

/** Runs in the page: texts that hardly differ from what is behind them. Controls of the library see to themselves. */
function faintTexts(body: HTMLElement | SVGElement, least: number): string[] {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
  type Colour = [number, number, number, number];
  const read = (colour: string): Colour => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (top: Colour, below: Colour): Colour => {
    const mix = (k: 0 | 1 | 2): number => top[k] * top[3] + below[k] * (1 - top[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const behind = (element: Element | null): Colour =>
    element === null
      ? [255, 255, 255, 1]
      : over(read(getComputedStyle(element).backgroundColor), behind(element.parentElement));
  const luminance = ([red, green, blue]: Colour): number => {
    const [r = 0, g = 0, b = 0] = [red, green, blue].map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = new Set<string>();
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement!;
    const words = walker.currentNode.textContent!.trim();
    if (words === '' || !parent.checkVisibility() || parent.closest('script, style, .unseen')) continue;
    if ([parent, parent.parentElement].some((one) => one?.localName.startsWith('vscode-'))) continue;
    const ground = behind(parent);
    const [one, other] = [luminance(over(read(getComputedStyle(parent).color), ground)), luminance(ground)];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < least)
      faint.add(`${parent.className || parent.localName}: ${words.slice(0, 40)} ${contrast.toFixed(2)}`);
  }
  return [...faint];
}

/** The panel follows the theme, has no sideways scroll, and nothing in it became markup. */
async function inThemes(name: string): Promise<void> {
  const body = ui.panel(page).locator('body');
  for (const [theme, kind] of Object.entries(themes)) {
    host.set({ 'workbench.colorTheme': theme });
    await ui.panel(page).locator(`body[data-vscode-theme-kind="${kind}"]`).waitFor();
    await page.waitForTimeout(400);
    await picture(page, `${name}-${kind.slice('vscode-'.length)}`);
    const overflow = await body.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow, kind).toBeLessThanOrEqual(0);
    expect(await body.evaluate(faintTexts, leastContrast), kind).toEqual([]);
  }
  host.set({ 'workbench.colorTheme': 'Dark Modern' });
  for (const frame of page.frames()) {
    const made = await frame.locator('img[src="x"], a[href*="workbench.action.quit"], [data-href*="quit"]').count();
    expect(made, frame.url()).toBe(0);
  }
  expect(dialogs).toEqual([]);
}

const runRows = (): Locator => ui.treeRow(page, /\d\d:\d\d/);

test('flipped answers coloured by the real model, and the way on to the target diff', async () => {
  await expect.poll(() => runRows().count()).toBe(2);
  // Experiments are sorted by name, and no letter comes before this one's.
  await ui.contextMenu(page, runRows().first(), 'Show Forgetting Heatmap');
  const panel = ui.panel(page);
  await panel.locator('[role=gridcell][aria-label*="sorting, ground truth, after"]').click();
  await panel.locator('aside.flips .flip').first().waitFor();
  await panel.getByRole('checkbox', { name: 'Colour tokens' }).click();
  await panel.locator('.flip .token.t4').first().waitFor();
  await inThemes('flips');
  await panel.getByRole('button', { name: 'after the training' }).click();
  await panel.locator('.flip .token').first().waitFor();
  await panel.getByRole('button', { name: 'Open in target diff' }).click();
  await page.locator('.tab.active').filter({ hasText: 'Targets:' }).waitFor();
});

test('the target diff of a run', async () => {
  const panel = ui.panel(page);
  await panel.locator('h1').getByText('data/subtraction.jsonl', { exact: true }).waitFor();
  await panel.locator('.row .token').first().waitFor();
  await expect.poll(() => panel.locator('.summary tbody tr').count()).toBe(3);
  const sources = await panel.locator('.summary tbody th').allInnerTexts();
  expect(sources[0]).toBe('Ground truth');
  expect(sources[1]).toContain('<img src=x');
  expect(sources[2]).toBe('Native column');
  const rules = panel.getByRole('combobox', { name: 'Train on' });
  const choices = await rules.locator('vscode-option').allTextContents();
  expect(choices.filter((words) => /^ground truth, else/i.test(words))).toEqual([]);
  expect(choices).toContain('ground truth');
  await inThemes('targetDiff');
});

test('the comparison of two runs', async () => {
  for (const row of await runRows().all()) await row.locator('.custom-view-tree-node-item-checkbox').click();
  await ui.command(page, 'Forgetting Lab: Compare Runs');
  await ui.quickInput(page).getByRole('button', { name: 'OK' }).click();
  const panel = ui.panel(page);
  await panel.locator('canvas').first().waitFor();
  await panel.getByRole('textbox', { name: 'Equal gain in points' }).waitFor();
  await panel.locator('.differences').getByText('<img src=x').first().waitFor();
  await inThemes('compare');
});

test('a dataset that VS Code does not hand to extensions opens in the dataset view', async () => {
  await ui.openTab(page, hostileFile);
  const panel = ui.panel(page);
  await panel.locator('.row[data-row="1"] .cell.answer').getByText('<img src=x').waitFor();
  await panel.getByRole('checkbox', { name: 'Colour tokens' }).click();
  await panel.locator('.row .token').first().waitFor();
  await panel.locator('.row[data-row="1"]').click();
  await page.keyboard.press('Enter');
  await panel.locator('.hardest li').first().waitFor();
  await expect.poll(() => panel.locator('.sentence').innerText()).toMatch(/^\d{3},\d{3} rows/);
  await panel.getByRole('textbox', { name: 'Find in the rows' }).fill('onerror');
  await page.keyboard.press('Enter');
  await panel
    .getByText(/Found in row 2/)
    .first()
    .waitFor();
  await inThemes('datasetView');
});

/** Open files of this name in the lab server. */
function handles(): number {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!command.includes('dist/server.js') || !command.includes(workspace.folder)) return [];
      const list = spawnSync(
        'readlink',
        readdirSync(`/proc/${pid}/fd`).map((fd) => `/proc/${pid}/fd/${fd}`),
      );
      return list.stdout
        .toString()
        .split('\n')
        .filter((target) => target.endsWith(hostileFile));
    } catch {
      return [];
    }
  }).length;
}

test('the server holds the file while its view is seen, and once', async () => {
  expect(handles()).toBe(1);
  await ui.openFile(page, 'quick.experiment.yaml');
  await expect.poll(handles).toBe(0);
  await ui.openTab(page, hostileFile);
  await ui.panel(page).locator('.row[data-row="1"] .cell.answer').waitFor();
  await expect.poll(handles).toBe(1);
  await ui.command(page, 'View: Close Editor');
  await expect.poll(handles).toBe(0);
});
