// The target diff, the comparison and the dataset view as they look in the four themes, with names and texts that would like
// to be markup, and the colours of flipped answers scored by the real server.
import { spawnSync } from 'node:child_process';
import { closeSync, cpSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { expect, test } from 'vitest';
import { runInTerminal, setStage } from '../stage.ts';
import { expectNoMarkup, panelInThemes } from '../themes.ts';
import * as ui from '../ui.ts';

const hostile = '<img src=x onerror=alert(1)> [x](command:workbench.action.quit)';
const hostileFile = '<img src=x onerror=alert(1)>.jsonl';
/** More than VS Code hands to extensions. */
const bigBytes = 60 * 1024 * 1024;

const stage = setStage(
  (folder) => {
    // Done, and the forgetting budget is overdrawn.
    expect(runInTerminal(folder, 'quick.experiment.yaml')).toBe(2);
    makeHostileRun(path.join(folder, 'runs'));
    makeBigFile(path.join(folder, 'data', hostileFile));
  },
  { sidebar: true },
);

/** A copy of the run whose arm would like to be markup, with another learning rate so that something differs. */
function makeHostileRun(runs: string): void {
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
        // Its experiment is another one.
        .replace(/^ *"experimentFile":.*\n/m, '')
        .replace(/("(?:name|arm)":\s*)"self-output"/g, (_, key: string) => key + JSON.stringify(hostile))
        .replace(/"id":\s*"quick[^"]*"/, '"id": "hostile-20261121-0000-aaaa"')
        .replace(/"name":\s*"quick"/g, `"name": ${JSON.stringify(hostile)}`)
        .replace(/0\.0013(?=[,\]}\s])/g, '0.0007'),
    );
  }
}

function makeBigFile(name: string): void {
  const row = (k: number): string => {
    const words = k === 1 ? `${hostile} What is 40 - 18?` : `What is ${20 + (k % 70)} - ${k % 20}? (${k})`;
    const answer = k === 1 ? hostile : `The answer is ${20 + (k % 70) - (k % 20)}.`;
    return JSON.stringify({
      prompt: [{ role: 'user', content: words }],
      completion: [{ role: 'assistant', content: answer }],
    });
  };
  const file = openSync(name, 'w');
  for (let k = 0, written = 0; written < bigBytes;) {
    const chunk = Array.from({ length: 10_000 }, () => `${row(k++)}\n`).join('');
    written += writeSync(file, chunk);
  }
  closeSync(file);
}

/** In every theme, and nothing in it became markup. */
async function looksRight(name: string): Promise<void> {
  await panelInThemes(stage, name);
  await expectNoMarkup(stage);
}

const runRows = (): Locator => ui.treeRow(stage.page, /\d\d:\d\d/);

test('flipped answers coloured by the real model, and the way on to the target diff', async () => {
  await expect.poll(() => runRows().count()).toBe(2);
  // Experiments are sorted by name, and no letter comes before this one's.
  await ui.contextMenu(stage.page, runRows().first(), 'Show Forgetting Heatmap');
  const panel = ui.panel(stage.page);
  await panel.locator('[role=gridcell][aria-label*="sorting, ground truth, after"]').click();
  await panel.locator('aside.flips .flip').first().waitFor();
  await panel.getByRole('checkbox', { name: 'Colour tokens' }).click();
  await panel.locator('.flip .token.t4').first().waitFor();
  await looksRight('flips');
  await panel.getByRole('button', { name: 'after the training' }).click();
  await panel.locator('.flip .token').first().waitFor();
  await panel.getByRole('button', { name: 'Open in target diff' }).click();
  await stage.page.locator('.tab.active').filter({ hasText: 'Targets:' }).waitFor();
});

test('the target diff of a run', async () => {
  const panel = ui.panel(stage.page);
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
  await looksRight('targetDiff');
});

test('the comparison of two runs', async () => {
  for (const row of await runRows().all()) await row.locator('.custom-view-tree-node-item-checkbox').click();
  await ui.command(stage.page, 'Forgetting Lab: Compare Runs');
  await ui.quickInput(stage.page).getByRole('button', { name: 'OK' }).click();
  const panel = ui.panel(stage.page);
  await panel.locator('canvas').first().waitFor();
  await panel.getByRole('textbox', { name: 'Equal gain in points' }).waitFor();
  await panel.locator('.differences').getByText('<img src=x').first().waitFor();
  await looksRight('compare');
});

test('a dataset that VS Code does not hand to extensions opens in the dataset view', async () => {
  await ui.openTab(stage.page, hostileFile);
  const panel = ui.panel(stage.page);
  await panel.locator('.row[data-row="1"] .cell.answer').getByText('<img src=x').waitFor();
  await panel.getByRole('checkbox', { name: 'Colour tokens' }).click();
  await panel.locator('.row .token').first().waitFor();
  await panel.locator('.row[data-row="1"]').click();
  await stage.page.keyboard.press('Enter');
  await panel.locator('.hardest li').first().waitFor();
  await expect.poll(() => panel.locator('.sentence').innerText()).toMatch(/^\d{3},\d{3} rows/);
  await panel.getByRole('textbox', { name: 'Find in the rows' }).fill('onerror');
  await stage.page.keyboard.press('Enter');
  await panel
    .getByText(/Found in row 2/)
    .first()
    .waitFor();
  await looksRight('datasetView');
});

/** Open files of this name in the lab server. */
function handles(): number {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return processes.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (!command.includes('dist/server.js') || !command.includes(stage.workspace.folder)) return [];
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
  await ui.openFile(stage.page, 'quick.experiment.yaml');
  await expect.poll(handles).toBe(0);
  await ui.openTab(stage.page, hostileFile);
  await ui.panel(stage.page).locator('.row[data-row="1"] .cell.answer').waitFor();
  await expect.poll(handles).toBe(1);
  await ui.command(stage.page, 'View: Close Editor');
  await expect.poll(handles).toBe(0);
});
