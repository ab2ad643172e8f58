// Commands beside the main job, clicked through on the packaged extension: what an empty window offers, the example, doctor and
// log, new experiments, mended files.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { accept, inputBox, step } from '../dialogue.ts';
import { setStage } from '../stage.ts';
import { addSmallFiles } from '../workspace.ts';
import * as ui from '../ui.ts';

const stage = setStage(addSmallFiles);

/**
 * Commands of the category that the palette offers now, sorted. What applies (trust, the active editor, whether runs are there)
 * reaches the palette late on a busy machine, so this is to be polled.
 */
async function offered(): Promise<string[]> {
  const { page } = stage;
  await ui.openPalette(page, '>Forgetting Lab: ');
  await ui.option(page, 'Forgetting Lab: Show Log').waitFor();
  const rows = ui.quickInput(page).getByRole('option');
  const category = 'Forgetting Lab: ';
  const seen = new Set<string>();
  // The list holds only the rows in sight.
  for (let down = 0; down < 40; down += 5) {
    for (const name of await rows.evaluateAll((all) => all.map((row) => row.getAttribute('aria-label') ?? ''))) {
      if (name.startsWith(category) && !name.includes('Focus on')) seen.add(name.slice(category.length).split(',')[0]!);
    }
    for (let k = 0; k < 5; k++) await page.keyboard.press('ArrowDown');
  }
  await page.keyboard.press('Escape');
  return [...seen].sort();
}

test('an empty window offers only what works there, and the example', async () => {
  const { page, host, workspace } = stage;
  await page.goto(host.url());
  await ui.activity(page, 'Forgetting Lab').click();
  await page.getByText('Open a folder with datasets and experiments, or begin with the example.').waitFor();
  await expect.poll(offered).toEqual(['Open Example Workspace', 'Show Log']);
  expect(await page.getByRole('button', { name: 'New Experiment' }).count()).toBe(0);

  await page.getByRole('button', { name: 'Open Example Workspace' }).click();
  const parent = path.join(path.dirname(workspace.folder), 'examples');
  mkdirSync(parent, { recursive: true });
  await ui.chooseFolder(page, `${parent}/`);
  await page.waitForURL(/folder=.*forgetting-lab-example/);
  for (const file of ['pocket.experiment.yaml', '.vscode/settings.json'])
    expect(existsSync(path.join(parent, 'forgetting-lab-example', file)), file).toBe(true);
});

test('doctor and log', async () => {
  const { page } = stage;
  await page.goto(stage.host.url(stage.workspace.folder));
  await ui.openSidebar(page);
  await ui.command(page, 'Forgetting Lab: Doctor');
  await ui.activeTab(page, 'Forgetting Lab Doctor');
  await page.locator('.view-lines').getByText('Everything a run needs is there.').waitFor();
  await ui.command(page, 'Forgetting Lab: Show Log');
  await page.locator('.part.panel .view-line').filter({ hasText: 'activated' }).first().waitFor();
  await page.keyboard.press('Control+j');
});

test('a folder without runs offers what applies to it', async () => {
  const { page } = stage;
  await ui.command(page, 'View: Close All Editors');
  const withoutRuns = [
    'Build Targets',
    'Diff Self-Output and Ground Truth',
    'Doctor',
    'Evaluate Model',
    'Launch Session',
    'Merge Checkpoints',
    'New Experiment',
    'Open Example Workspace',
    'Select Model for Annotations',
    'Show Log',
  ];
  await expect.poll(offered).toEqual(withoutRuns);
  await ui.openFile(page, 'small.jsonl');
  await expect.poll(offered).toEqual(['Annotate Perplexity', ...withoutRuns, 'Colour Tokens'].sort());
});

test('a new experiment, with a step back, is valid', async () => {
  const { page } = stage;
  await ui.command(page, 'Forgetting Lab: New Experiment');
  await accept(page, 'New Experiment (1/6)');
  await step(page, 'New Experiment (2/6)');
  await ui.quickInput(page).locator('.monaco-list-row').filter({ hasText: 'data/subtraction.jsonl' }).first().click();
  await page.keyboard.press('Enter');
  await accept(page, 'New Experiment (3/6)');
  await step(page, 'New Experiment (4/6)');
  await ui.quickInput(page).getByRole('button', { name: 'Back' }).click();
  await accept(page, 'New Experiment (3/6)');
  await accept(page, 'New Experiment (4/6)');
  await accept(page, 'New Experiment (5/6)');
  await step(page, 'New Experiment (6/6)');
  await inputBox(page).fill('fresh');
  await page.keyboard.press('Enter');
  await ui.activeTab(page, 'fresh.experiment.yaml');
  await ui.treeRow(page, /^fresh.*no run yet, 2 arms, 1 stage/).waitFor();
  expect(await page.locator('.squiggly-error').count()).toBe(0);
});

/** Takes a quick fix at the cursor; asks again while the problems of the changed text are still on their way. */
async function quickFix(label: string): Promise<void> {
  const { page } = stage;
  const row = page.locator('.action-widget .monaco-list-row').getByText(label);
  for (let attempt = 1; ; attempt++) {
    await page.keyboard.press('Control+.');
    const there = await ui.succeeds(row.waitFor({ timeout: 3000 }));
    if (there || attempt === 5) break;
    await page.keyboard.press('Escape');
  }
  await row.waitFor();
  await page.keyboard.press('Enter');
}

test('a broken file: problems at their place, launch refused with the same words, fixes', async () => {
  const { page } = stage;
  await ui.itemMenu(page, /^Experiment broken, cannot be launched/, 'Open Experiment File');
  await ui.activeTab(page, 'broken.experiment.yaml');
  await expect.poll(() => page.locator('.squiggly-error').count()).toBe(2);
  await ui.command(page, 'Forgetting Lab: Launch Session');
  const refusal = ui.toast(page, 'broken.experiment.yaml has 2 problems');
  await refusal.waitFor();
  const words = await refusal.innerText();
  expect(words).toMatch(/broken\.experiment\.yaml:7:14 no such file: .*subtracton\.jsonl; did you mean/);
  expect(words).toContain('unknown scorer "sequnce"; did you mean "sequence"?');
  await ui.clearToasts(page);
  for (const word of ['data/subtraction.jsonl', 'sequence']) {
    // The refusal leads to the first problem; F8 to the next.
    if (word === 'sequence') {
      await page.keyboard.press('F8');
      await page.keyboard.press('Escape');
    }
    await quickFix(`Use "${word}"`);
    await page.locator('.view-line').filter({ hasText: word }).first().waitFor();
  }
  await expect.poll(() => page.locator('.squiggly-error').count()).toBe(0);
  await page.keyboard.press('Control+s');
  await ui.treeRow(page, /^broken.*no run yet/).waitFor();
});
