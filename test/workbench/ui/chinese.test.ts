// Traditional Chinese in the sidebar, the panels and the problems of files.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { picture } from '../pictures.ts';
import { runInTerminal, setStage } from '../stage.ts';
import * as ui from '../ui.ts';

const stage = setStage(
  (folder) => {
    // Done, and the forgetting budget is overdrawn.
    expect(runInTerminal(folder, 'quick.experiment.yaml')).toBe(2);
  },
  { sidebar: true, host: { locale: 'zh-tw' } },
);

/** Words of English sentences; names of arms, benchmarks and files are data and stay. */
const english =
  /\b(gained|lost|forgot|kept|improved|training on|points|skills|seed|seeds|base|after|perplexity|than)\b/i;

/** What the panel says, once it says anything. */
async function saidIn(panel: ReturnType<typeof ui.panel>): Promise<string> {
  await expect.poll(() => panel.locator('.sentence').textContent()).toMatch(/。$/);
  return (await panel.locator('.sentence, .more').allTextContents()).join(' ').trim();
}

test('Traditional Chinese in the sidebar and the panels', async () => {
  const run = await ui.runOf(stage.page, 'quick');
  for (const title of ['實驗', '資料集', '模型'])
    await stage.page.locator('.pane-header').getByText(title).first().waitFor();
  await expect.poll(() => run.textContent()).toMatch(/(習得|失去) [\d.]+，(遺忘|進步) [\d.]+/);
  await ui.contextMenu(stage.page, run, '顯示遺忘熱圖');
  const panel = ui.panel(stage.page);
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
  await picture(stage.page, 'chinese-heatmap');
  await ui.contextMenu(stage.page, run, '顯示工作監視器');
  await ui.panel(stage.page).getByText('訓練損失').first().waitFor();
  expect(await saidIn(ui.panel(stage.page))).toMatch(
    /^完成：(ground truth )?(習得|失去) [\d.]+，(遺忘|進步) [\d.]+。$/,
  );
  const overflow = await ui
    .panel(stage.page)
    .locator('body')
    .evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  await picture(stage.page, 'chinese-monitor');

  await ui.contextMenu(stage.page, run, '比較自身輸出與標準答案');
  await ui.panel(stage.page).getByText('標準答案').first().waitFor();
  // What it says in the end: before that it counts the answers, then it says how far it is.
  await expect
    .poll(() => ui.panel(stage.page).locator('.sentence').textContent())
    .toMatch(/^Self-output比標準答案容易預測：困惑度 [\d.]+ 對 [\d.]+。/);
  expect(await saidIn(ui.panel(stage.page))).not.toMatch(english);
  await picture(stage.page, 'chinese-target-diff');
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
  writeFileSync(path.join(stage.workspace.folder, 'bad.experiment.yaml'), `${lines.join('\n')}\n`);
  writeFileSync(
    path.join(stage.workspace.folder, 'data/bad.jsonl'),
    '{"prompt": "a", "completion": "b"}\n{"prompt": 7}\n{"a"\n',
  );
  await ui.openFile(stage.page, 'bad.experiment.yaml');
  await ui.openFile(stage.page, 'bad.jsonl');
  await ui.command(stage.page, 'View: Focus Problems (Errors, Warnings, Infos)');
  const rows = stage.page.locator('.markers-panel .monaco-list-row .marker-message-line');
  await expect.poll(() => rows.count()).toBe(7);
  const messages = await rows.allInnerTexts();
  for (const message of messages) expect(message).toMatch(/[\u4e00-\u9fff]/);
  await picture(stage.page, 'chinese-problems');
});
