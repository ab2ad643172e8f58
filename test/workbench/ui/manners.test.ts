// Manners: a terminal's run opens unchanged, the four themes, hostile names, two windows, Restricted Mode, Traditional
// Chinese, and what an empty folder says.
import { cpSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchBrowser, newPage, startHost, type Host } from '../codeServer.ts';
import { picture, pictureOfFailure } from '../pictures.ts';
import { removeFolder } from '../removeFolder.ts';
import { makeWorkspace, type Workspace } from '../workspace.ts';
import { labServersOf } from '../labServers.ts';
import { runInTerminal } from '../stage.ts';
import * as ui from '../ui.ts';

const hostile = '<img src=x onerror=alert(1)> [x](command:workbench.action.quit)';
const themes = {
  'Dark Modern': 'vscode-dark',
  'Light Modern': 'vscode-light',
  'Default High Contrast': 'vscode-high-contrast',
  'Default High Contrast Light': 'vscode-high-contrast-light',
};

let workspace: Workspace;
let host: Host;
let browser: Browser;
let page: Page;
const opened: Host[] = [];
const dialogs: string[] = [];

async function open(options: Parameters<typeof startHost>[0] = {}): Promise<Host> {
  const one = await startHost({ vsix: process.env.FORGETTING_LAB_VSIX!, ...options });
  opened.push(one);
  return one;
}

async function window(of: Host, folder: string): Promise<Page> {
  const one = await newPage(browser);
  one.on('dialog', (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  one.setDefaultTimeout(60_000);
  await one.goto(of.url(folder));
  return one;
}

beforeAll(async () => {
  workspace = makeWorkspace();
  // Done, and the forgetting budget is overdrawn.
  expect(runInTerminal(workspace.folder, 'quick.experiment.yaml')).toBe(2);
  makeHostile();
  host = await open();
  browser = await launchBrowser();
  page = await window(host, workspace.folder);
}, 180_000);

afterEach((context) => pictureOfFailure(context, page));

afterAll(async () => {
  await browser?.close();
  for (const one of opened) await one.stop();
  await workspace?.remove();
});

/** A copy of the run, and a dataset, whose every name and text would like to be markup. */
function makeHostile(): void {
  const runs = path.join(workspace.folder, 'runs');
  const folder = path.join(runs, 'hostile-20261121-0000-aaaa');
  cpSync(path.join(runs, quickRun()), folder, { recursive: true });
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!/\.jsonl?$/.test(file)) continue;
    const full = path.join(folder, file);
    const text = readFileSync(full, 'utf8');
    writeFileSync(
      full,
      text
        .replaceAll('ground truth', hostile)
        .replaceAll('Here they are', hostile)
        .replace(/"name":\s*"quick"/g, `"name":"${hostile}"`),
    );
  }
  const row = readFileSync(path.join(workspace.folder, 'data/subtraction.jsonl'), 'utf8').split('\n', 1)[0]!;
  const rows = row.replace(/"content":\s*"/g, `"content":"${hostile} `);
  writeFileSync(path.join(workspace.folder, 'data/<img src=x onerror=alert(1)>.jsonl'), `${rows}\n`);
}

const quickRun = (): string =>
  readdirSync(path.join(workspace.folder, 'runs')).find((name) => name.startsWith('quick'))!;

/** The first run below an experiment of this name in the tree, once its rows have stopped moving. */
async function runOf(of: Page, name: string): Promise<Locator> {
  await ui.openSidebar(of);
  const tree = of.locator('.customview-tree').first();
  const rows = tree.locator('.monaco-list-row');
  await rows
    .filter({ hasText: /\d\d:\d\d/ })
    .nth(1)
    .waitFor();
  let before: string[] = [];
  const settled = async (): Promise<boolean> => {
    const seen = await rows.locator('.label-name').allInnerTexts();
    const same = seen.join('\n') === before.join('\n');
    before = seen;
    return same;
  };
  await expect.poll(settled, { interval: 700 }).toBe(true);
  const index = await rows.filter({ hasText: name }).first().getAttribute('data-index');
  return tree.locator(`.monaco-list-row[data-index="${Number(index) + 1}"]`);
}

/** No picture was made of what should be text, in the window and in every frame of it. */
async function expectNoMarkup(): Promise<void> {
  for (const frame of page.frames()) {
    const made = await frame.locator('img[src="x"], a[href*="workbench.action.quit"], [data-href*="quit"]').count();
    expect(made, frame.url()).toBe(0);
  }
  expect(dialogs).toEqual([]);
}

test('names and texts that would like to be markup are text', async () => {
  const hostileRun = await runOf(page, '<img src=x');
  // A row that is drawn anew meanwhile loses its hover.
  const tooltip = page.locator('.monaco-hover:visible').filter({ hasText: '<img src=x' });
  const hovered = async (): Promise<number> => {
    await page.mouse.move(800, 700);
    await hostileRun.locator('.label-name').hover();
    await page.waitForTimeout(1500);
    return tooltip.count();
  };
  await expect.poll(hovered).toBeGreaterThan(0);
  await picture(page, 'hostile-tooltip');
  await expectNoMarkup();
  await ui.contextMenu(page, hostileRun, 'Show Forgetting Heatmap');
  await ui.panel(page).getByText('<img src=x onerror=alert(1)>').first().waitFor();
  await ui.panel(page).locator('[role=gridcell][aria-label*="sorting"][aria-label*="after"]').first().click();
  await ui.panel(page).locator('aside.flips .flip').getByText('<img src=x').first().waitFor();
  await picture(page, 'hostile-heatmap');
  await expectNoMarkup();
  await ui.contextMenu(page, hostileRun, 'Show Session Monitor');
  await ui.panel(page).locator('canvas').first().waitFor();
  await ui.panel(page).getByText('<img src=x onerror=alert(1)>').first().waitFor();
  await expectNoMarkup();

  await ui.treeRow(page, '<img src=x onerror=alert(1)>.jsonl').click();
  await page
    .locator('.view-line')
    .getByText(/^[\d,.]+$/)
    .first()
    .waitFor();
  await page
    .locator('.view-line')
    .first()
    .hover({ position: { x: 300, y: 8 } });
  await page.locator('.monaco-hover:visible').filter({ hasText: 'Perplexity' }).waitFor();
  await picture(page, 'hostile-dataset');
  await expectNoMarkup();
});

async function inThemes(name: string, settled: (kind: string) => Promise<void>): Promise<void> {
  for (const [theme, kind] of Object.entries(themes)) {
    host.set({ 'workbench.colorTheme': theme });
    await settled(kind);
    await page.waitForTimeout(300);
    await picture(page, `${name}-${kind.slice('vscode-'.length)}`);
  }
  host.set({ 'workbench.colorTheme': 'Dark Modern' });
}

/** The panel follows the theme and has no sideways scroll. */
async function panelInThemes(name: string): Promise<void> {
  const seen = new Set<string>();
  await inThemes(name, async (kind) => {
    const body = ui.panel(page).locator(`body[data-vscode-theme-kind="${kind}"]`);
    await body.waitFor();
    const { colours, overflow } = await body.evaluate((element) => ({
      colours: ['background', 'color', '--vscode-contrastBorder']
        .map((name) => getComputedStyle(element).getPropertyValue(name))
        .join(),
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    }));
    seen.add(colours);
    expect(overflow, kind).toBeLessThanOrEqual(0);
  });
  expect(seen.size).toBe(4);
}

test("a terminal's run opens unchanged, and every panel looks right in four themes", async () => {
  const run = await runOf(page, 'quick');
  await ui.contextMenu(page, run, 'Show Session Monitor');
  await ui.panel(page).locator('canvas').first().waitFor();
  await panelInThemes('monitor');

  await ui.contextMenu(page, run, 'Show Forgetting Heatmap');
  await ui.panel(page).locator('[role=gridcell][aria-label*="sorting, ground truth, after"]').click();
  await ui.panel(page).locator('aside.flips .flip').first().waitFor();
  await panelInThemes('heatmap');
});

test('a dataset with perplexities and token colours in four themes', async () => {
  host.set({ 'editor.wordWrap': 'on', 'editor.minimap.enabled': false });
  await ui.openFile(page, 'subtraction.jsonl');
  await page
    .locator('.view-line')
    .getByText(/^\d+\.\d\d$/)
    .first()
    .waitFor();
  await ui.command(page, 'Forgetting Lab: Colour Tokens');
  await page.locator('.view-overlays .cdr[class*="TextEditorDecorationType"]').first().waitFor();
  await inThemes('dataset', async (kind) => {
    const name = { 'vscode-dark': 'vs-dark', 'vscode-light': 'vs', 'vscode-high-contrast': 'hc-black' }[kind];
    await page.locator(`.monaco-workbench.${name ?? 'hc-light'}`).waitFor();
  });
});

const servers = (): number[] => labServersOf(workspace.folder);

test('two windows on one folder: one server, the same queue; a stop in one shows in the other', async () => {
  const other = await window(host, workspace.folder);
  for (const one of [page, other]) await ui.openSidebar(one);
  await ui.openFile(page, 'long.experiment.yaml');
  await ui.command(page, 'Forgetting Lab: Launch Session');
  await ui.treeRow(page, /\d+ %/).first().waitFor();
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
  await ui.treeRow(page, ended).first().waitFor();
  await ui.treeRow(other, ended).first().waitFor();
  await ui.panel(page).getByText(ended).first().waitFor();
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
  await ui.openPalette(page, `>${label}`);
  await page.waitForTimeout(500);
  const rows = await ui.option(page, label).count();
  await page.keyboard.press('Escape');
  return rows;
};

/** From the palette to the drawn panel. */
async function compareAllRuns(): Promise<void> {
  await ui.command(page, 'Forgetting Lab: Compare Runs');
  const rows = ui.quickInput(page).locator('.monaco-list-row');
  await rows.first().waitFor();
  const count = await rows.count();
  for (let row = 0; row < count; row++) await rows.nth(row).locator('.monaco-highlighted-label').first().click();
  await ui.quickInput(page).getByRole('button', { name: 'OK' }).click();
  const comparison = ui.panel(page);
  await comparison.getByText(`Comparison of ${count} runs`).waitFor();
  await comparison.locator('body[data-drawn]').waitFor();
  await comparison.locator('canvas').first().waitFor();
  await comparison.getByText('self-output').first().waitFor();
  await picture(page, 'restricted-compare');
}

test('Restricted Mode reads and does nothing else; trust brings the rest', async () => {
  const before = contents(workspace.folder);
  const restricted = await open({
    trustDialogs: true,
    settings: {
      'security.workspace.trust.enabled': true,
      'security.workspace.trust.startupPrompt': 'never',
      'security.workspace.trust.banner': 'never',
    },
  });
  const keys = [{ key: 'ctrl+alt+l', command: 'forgettingLab.launch' }];
  writeFileSync(path.join(restricted.home, 'data/User/keybindings.json'), JSON.stringify(keys));
  await page.context().close();
  page = await window(restricted, workspace.folder);
  await ui.contextMenu(page, await runOf(page, 'quick'), 'Show Forgetting Heatmap');
  await ui.panel(page).locator('[role=gridcell][aria-label*="sorting"]').first().waitFor();
  await expect.poll(() => paletteRow('Forgetting Lab: Show Forgetting Heatmap')).toBe(1);
  for (const name of ['Launch Session', 'Build Targets', 'Resume', 'New Experiment', 'Evaluate Model', 'Colour Tokens'])
    await expect.poll(() => paletteRow(`Forgetting Lab: ${name}`), { message: name }).toBe(0);
  await compareAllRuns();
  await ui.openFile(page, 'subtraction.jsonl');
  await page.locator('.codelens-decoration, .view-line').first().waitFor();
  await page.waitForTimeout(3000);
  expect(
    await page
      .locator('.view-line')
      .getByText(/^\d+\.\d\d$/)
      .count(),
  ).toBe(0);
  await page.keyboard.press('Control+Alt+l');
  await ui.toast(page, 'Restricted Mode').waitFor();
  await picture(page, 'restricted');
  expect(contents(workspace.folder)).toEqual(before);

  await ui.command(page, 'Workspaces: Manage Workspace Trust');
  await page.locator('.workspace-trust-editor').getByRole('button', { name: 'Trust', exact: true }).click();
  await expect.poll(() => paletteRow('Forgetting Lab: Launch Session')).toBe(1);
  await page.keyboard.press('Escape');
  await page
    .locator('.view-line')
    .getByText(/^\d+\.\d\d$/)
    .first()
    .waitFor({ timeout: 20_000 });
});

/** Words of English sentences; names of arms, benchmarks and files are data and stay. */
const english =
  /\b(gained|lost|forgot|kept|improved|training on|points|skills|seed|seeds|base|after|perplexity|than)\b/i;

/** What the panel says, once it says anything. */
async function saidIn(panel: ReturnType<typeof ui.panel>): Promise<string> {
  await expect.poll(() => panel.locator('.sentence').textContent()).toMatch(/。$/);
  return (await panel.locator('.sentence, .more').allTextContents()).join(' ').trim();
}

test('Traditional Chinese in the sidebar and the panels', async () => {
  const chinese = await open({ locale: 'zh-tw' });
  await page.context().close();
  page = await window(chinese, workspace.folder);
  const run = await runOf(page, 'quick');
  for (const title of ['實驗', '資料集', '模型']) await page.locator('.pane-header').getByText(title).first().waitFor();
  await expect.poll(() => run.textContent()).toMatch(/(習得|失去) [\d.]+，(遺忘|進步) [\d.]+/);
  await ui.contextMenu(page, run, '顯示遺忘熱圖');
  const panel = ui.panel(page);
  await panel.getByText('對比基礎').first().waitFor();
  await panel.locator('[role=gridcell][aria-label*="sorting, ground truth, subtraction 之後"]').waitFor();
  const verdict = await saidIn(panel);
  expect(verdict).toMatch(/^以「ground truth」訓練：.*；self-output：/);
  expect(verdict).toContain('只有一個隨機種子');
  expect(verdict).not.toMatch(english);
  const cell = panel.locator('[role=gridcell][aria-label^="sorting, 基礎模型"]').first();
  await cell.hover();
  await panel.locator('.tip').getByText('基礎模型').first().waitFor();
  expect(await panel.locator('.tip').innerText()).not.toMatch(english);
  await picture(page, 'chinese-heatmap');
  await ui.contextMenu(page, run, '顯示工作監視器');
  await ui.panel(page).getByText('訓練損失').first().waitFor();
  expect(await saidIn(ui.panel(page))).toMatch(/^完成：(ground truth )?(習得|失去) [\d.]+，(遺忘|進步) [\d.]+。$/);
  const overflow = await ui
    .panel(page)
    .locator('body')
    .evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  await picture(page, 'chinese-monitor');

  await ui.contextMenu(page, run, '比較自身輸出與標準答案');
  await ui.panel(page).getByText('標準答案').first().waitFor();
  // What it says in the end: before that it counts the answers, then it says how far it is.
  await expect
    .poll(() => ui.panel(page).locator('.sentence').textContent())
    .toMatch(/^Self-output比標準答案容易預測：困惑度 [\d.]+ 對 [\d.]+。/);
  expect(await saidIn(ui.panel(page))).not.toMatch(english);
  await picture(page, 'chinese-target-diff');
});

test('problems of files in Traditional Chinese', async () => {
  const lines = [
    'name: bad',
    'model: pocket',
    'learningRates: [1.3e-3]',
    'stages:',
    '  - { name: a, dataset: data/subtracton.jsonl, steps: 1.5, maxTokens: 40 }',
    'arms:',
    '  - { name: x, preset: stmm }',
    'benchmarks:',
    '  - { name: b, data: benchmarks/sorting.jsonl, scorer: sequnce, setps: 3, maxTokens: 8 }',
  ];
  writeFileSync(path.join(workspace.folder, 'bad.experiment.yaml'), `${lines.join('\n')}\n`);
  writeFileSync(
    path.join(workspace.folder, 'data/bad.jsonl'),
    '{"prompt": "a", "completion": "b"}\n{"prompt": 7}\n{"a"\n',
  );
  await ui.openFile(page, 'bad.experiment.yaml');
  await ui.openFile(page, 'bad.jsonl');
  await ui.command(page, 'View: Focus Problems (Errors, Warnings, Infos)');
  const rows = page.locator('.markers-panel .monaco-list-row .marker-message-line');
  await expect.poll(() => rows.count()).toBe(7);
  const messages = await rows.allInnerTexts();
  for (const message of messages) expect(message).toMatch(/[\u4e00-\u9fff]/);
  await picture(page, 'chinese-problems');
});

test('an empty folder says what to do next; the walkthrough shows its pictures', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'forgetting-lab-empty-'));
  try {
    await page.context().close();
    page = await window(host, folder);
    await ui.activity(page, 'Forgetting Lab').click();
    const welcome = page.locator('.welcome-view-content:visible');
    await welcome.first().waitFor();
    await expect.poll(() => welcome.count()).toBeGreaterThanOrEqual(2);
    for (const text of await welcome.all()) expect(await text.locator('a').count()).toBe(1);
    await ui.command(page, 'Welcome: Open Walkthrough...');
    await ui
      .quickInput(page)
      .getByRole('option', { name: /Forgetting/ })
      .first()
      .click();
    await page.locator('.getting-started-step').nth(4).waitFor();
    await inThemes('walkthrough', async () => {
      await page.waitForTimeout(700);
    });
  } finally {
    await removeFolder(folder);
  }
});
