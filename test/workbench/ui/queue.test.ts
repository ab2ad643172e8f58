// The queue, by hand on the packaged extension: one session after the other, one taken off the list, one that fails and
// says why in the tree and in the status bar.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { picture } from '../pictures.ts';
import { setStage } from '../stage.ts';
import { addSmallFiles } from '../workspace.ts';
import * as ui from '../ui.ts';

const stage = setStage(addSmallFiles);

const runsOf = (name: string): string[] => {
  const folder = path.join(stage.workspace.folder, 'runs');
  return existsSync(folder) ? readdirSync(folder).filter((run) => run.startsWith(`${name}-`)) : [];
};

test('one session runs after the other; one that waits is taken off the list; one that fails says why', async () => {
  const { page } = stage;
  await page.goto(stage.host.url(stage.workspace.folder));
  await ui.openSidebar(page);
  const waiting = page.getByRole('treeitem', { name: /, queued$/ });
  for (const name of ['long', 'gone', 'quick', 'tiny']) {
    await ui.itemMenu(page, new RegExp(`^Experiment ${name},`), 'Launch Session');
    if (name === 'long') await ui.item(page, /^Run of .*\d %/).waitFor();
    else await ui.item(page, new RegExp(`^${name}, queued$`)).waitFor();
  }
  await expect.poll(() => waiting.count()).toBe(3);
  await ui.statusItem(page, /long .*\d %/).waitFor();
  await ui.itemMenu(page, /^quick, queued$/, 'Take off the List');
  await expect.poll(() => waiting.count()).toBe(2);
  await picture(page, 'queue');
  expect([...runsOf('gone'), ...runsOf('tiny')]).toEqual([]);

  rmSync(path.join(stage.workspace.folder, 'data/gone.jsonl'));
  await ui.itemMenu(page, /^Run of .*\d %/, 'Stop');
  await ui.option(page, 'Stop now').click();
  // `gone` fails at once and `tiny` follows by itself.
  const reason = /7:14 no such file: .*gone\.jsonl/;
  await ui.item(page, /^gone, .*no such file: .*gone\.jsonl/).waitFor();
  const failure = ui.toast(page, 'gone.experiment.yaml has a problem');
  await failure.waitFor();
  expect(await failure.innerText()).toMatch(reason);
  await ui.item(page, /^Run of .*(gained|lost)/).waitFor({ timeout: 120_000 });
  await ui.item(page, /^Experiment tiny, done/).waitFor();
  expect([runsOf('long').length, runsOf('quick').length, runsOf('gone').length, runsOf('tiny').length]).toEqual([
    1, 0, 0, 1,
  ]);

  // Nothing runs any more: the status item is about the failure until it has been looked at.
  const status = ui.statusItem(page, /gone failed/);
  await status.waitFor();
  await ui.clearToasts(page);
  await status.hover();
  await page.locator('.monaco-hover:visible').filter({ hasText: reason }).waitFor();
  await picture(page, 'queue-failed');
  await status.click();
  await status.waitFor({ state: 'hidden' });
  await ui.itemMenu(page, /^gone, .*no such file/, 'Take off the List');
  await ui.item(page, /^gone, .*no such file/).waitFor({ state: 'hidden' });
});
