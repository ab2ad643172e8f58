// What makes and measures material, by hand on the packaged extension: targets in the model's own words, merged models,
// measured models, and the model whose perplexities are shown.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { accept, choose, inputBox, step, type } from '../dialogue.ts';
import { picture } from '../pictures.ts';
import { runInTerminal, setStage } from '../stage.ts';
import { addSmallFiles } from '../workspace.ts';
import * as ui from '../ui.ts';

const stage = setStage((folder) => {
  addSmallFiles(folder);
  runInTerminal(folder, 'tiny.experiment.yaml');
});

const inWorkspace = (...names: string[]): string => path.join(stage.workspace.folder, ...names);

test('targets in the own words of the model: the file has provenance, and its diff is one button away', async () => {
  const { page } = stage;
  await page.goto(stage.host.url(stage.workspace.folder));
  await ui.openSidebar(page);
  await ui.itemMenu(page, /^Dataset .*small\.jsonl,/, 'Build Targets');
  await accept(page, 'Build Targets (1/4)');
  await accept(page, 'Build Targets (2/4)');
  await accept(page, 'Build Targets (3/4)');
  await step(page, 'Build Targets (4/4)');
  await expect.poll(() => inputBox(page).inputValue()).toMatch(/data\/small\.self-output\.jsonl$/);
  // A file that is there is not written over.
  await inputBox(page).fill('small.jsonl');
  await ui
    .quickInput(page)
    .getByText(/small\.jsonl is already there/)
    .waitFor();
  await inputBox(page).fill('own.jsonl');
  await ui.quickInput(page).getByText('is already there').waitFor({ state: 'hidden' });
  await page.keyboard.press('Enter');

  await ui.activeTab(page, 'own.jsonl');
  const rows = readFileSync(inWorkspace('data/own.jsonl'), 'utf8').trim().split('\n');
  expect(rows.length).toBeGreaterThan(4);
  for (const row of rows) expect(JSON.parse(row)).toHaveProperty('provenance');
  await ui.answerToast(page, 'own.jsonl', 'Compare with the ground truth');
  const diff = ui.panel(page);
  await diff.locator('body[data-drawn]').waitFor();
  await diff.locator('.row .tokens .token').first().waitFor();
  await picture(page, 'targets-diff');
  await ui.item(page, /^Dataset .*own\.jsonl, \d+ rows/).waitFor();
});

test('a merged model is listed, measured, and used for annotations', async () => {
  const { page } = stage;
  const model = 'ground-truth-merged-0.3';
  await ui.command(page, 'Forgetting Lab: Merge Checkpoints');
  await choose(page, 'Merge Checkpoints (1/4)', /^pocket/);
  await choose(page, 'Merge Checkpoints (2/4)', /^ground truth: subtraction/);
  await type(page, 'Merge Checkpoints (3/4)', '0.3');
  await type(page, 'Merge Checkpoints (4/4)');
  await ui.answerToast(page, 'Merged with lambda 0.3', 'Evaluate Model');
  expect(existsSync(inWorkspace('models', model, 'config.json'))).toBe(true);
  await choose(page, 'Evaluate Model (1/2)', /^tiny,/);
  await accept(page, 'Evaluate Model (2/2)');
  await ui.activeTab(page, `Evaluation of ${model}`);
  const line = page.locator('.view-line').filter({ hasText: /^subtraction:\s[01]\.\d+\s\[/ });
  await line.waitFor();
  await picture(page, 'evaluation');

  await ui.item(page, new RegExp(`^Model ${model},`)).waitFor();
  await ui.command(page, 'Forgetting Lab: Select Model for Annotations');
  const checkpoint = ui.quickInput(page).getByRole('option', { name: /^ground truth: subtraction/ });
  await checkpoint.first().waitFor();
  await ui
    .quickInput(page)
    .getByRole('option', { name: new RegExp(`^${model}`) })
    .click();
  await ui.item(page, new RegExp(`^Model ${model},.*annotates datasets`)).waitFor();
  // The choice is the reader's, not the workspace's.
  const settings = inWorkspace('.vscode/settings.json');
  expect(existsSync(settings) ? readFileSync(settings, 'utf8') : '').not.toContain(model);
  await ui.openFile(page, 'small.jsonl');
  const summary = page.locator('.codelens-decoration').getByText(/rows, [\d,]+ tokens, perplexity/);
  await summary.filter({ hasText: model }).waitFor();
  await picture(page, 'merged-annotations');
});
