// The tree providers on real run folders: live, filtered, ordered, and unharmed by damaged or hostile ones.
import assert from 'node:assert/strict';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ExperimentsNode } from '../../../src/extension/sidebar/nodes.ts';
import { hostileName } from '../../../src/report/testing/syntheticRun.ts';
import { api, removeRuns, until, workspaceFolder, writeSyntheticRun } from './support.ts';

const id = 'synthetic-20260102-0304-cccc';

/** Labels of the rows below a row. */
async function labels(parent?: ExperimentsNode): Promise<string[]> {
  const { experiments } = (await api()).sidebar;
  return (await experiments.getChildren(parent)).map((node) => experiments.getTreeItem(node).label as string);
}

/** The row of a run once the tree has it. */
async function runRow(folder: string): Promise<ExperimentsNode> {
  const { experiments } = (await api()).sidebar;
  return until(`the row of ${folder}`, async () => {
    for (const experiment of await experiments.getChildren()) {
      const found = (await experiments.getChildren(experiment)).find(({ path }) => path === folder);
      if (found) return found;
    }
    return undefined;
  });
}

suite('the sidebar', () => {
  let folder: string;

  suiteSetup(async () => {
    await labels();
    folder = await writeSyntheticRun(id);
  });

  suiteTeardown(removeRuns);

  test('lists the experiments of the workspace', async () => {
    const shown = await labels();
    for (const name of ['pocket', 'pocket-calls']) assert.ok(shown.includes(name), shown.join());
  });

  test('shows a run that somebody else wrote by itself, down to its checkpoints', async () => {
    const { experiments } = (await api()).sidebar;
    const run = await runRow(folder);
    const item = experiments.getTreeItem(run);
    assert.match(String(item.contextValue), /\breadable\b/);
    assert.match(String(item.description), /gained|lost/);
    const [trial] = await experiments.getChildren(run);
    assert.ok(trial);
    const stages = await experiments.getChildren(trial);
    assert.ok(stages.length >= 2);
    assert.equal(experiments.getParent(stages[0]!), trial);
    assert.equal(experiments.getParent(trial), run);
    assert.ok((await labels(trial))[1]?.includes('subtraction'));
  });

  test('shows hostile names as text', async () => {
    const { experiments } = (await api()).sidebar;
    const run = await runRow(folder);
    const shown = await labels(run);
    const printed = hostileName.replace(/[\u0000-\u001f]/g, '\ufffd');
    assert.ok(
      shown.some((label) => label.includes(printed)),
      shown.join(),
    );
    const item = experiments.getTreeItem(run);
    const token = new vscode.CancellationTokenSource().token;
    const { tooltip } = await experiments.resolveTreeItem(item, run, token);
    assert.ok(tooltip instanceof vscode.MarkdownString);
    assert.ok(!tooltip.isTrusted && !tooltip.supportHtml);
    assert.ok(!/(?<!\\)<img/.test(tooltip.value), tooltip.value);
  });

  test('filters, and keeps starred runs first', async () => {
    const { experiments } = (await api()).sidebar;
    const other = await writeSyntheticRun('synthetic-20260102-0305-dddd');
    await runRow(other);
    experiments.filter('no such thing');
    assert.deepEqual(await labels(), []);
    experiments.filter('cccc');
    assert.deepEqual(await labels(), ['synthetic']);
    experiments.filter('');
    for (const starred of [folder, other]) {
      await experiments.star([starred], true);
      const [first] = await experiments.getChildren(experiments.getParent(await runRow(starred)));
      assert.equal(first?.path, starred);
      await experiments.star([starred], false);
    }
    await rm(other, { recursive: true });
  });

  test('shows a damaged run as such, and the others unharmed', async () => {
    const { experiments } = (await api()).sidebar;
    const broken = join(workspaceFolder, 'runs', 'broken-20260102-0304-eeee');
    await mkdir(broken, { recursive: true });
    await writeFile(join(broken, 'config.json'), '{"formatVersion": 1, "id": ');
    const item = experiments.getTreeItem(await runRow(broken));
    assert.doesNotMatch(String(item.contextValue), /readable/);
    assert.match(String(experiments.getTreeItem(await runRow(folder)).contextValue), /readable/);
    await rm(broken, { recursive: true });
  });

  test('lists datasets and models', async () => {
    const { datasets, models } = (await api()).sidebar;
    const files = await until('the datasets', async () => {
      const found = await datasets.getChildren();
      return found.length > 0 ? found : undefined;
    });
    assert.ok(files.some(({ path }) => path.endsWith('subtraction.jsonl')));
    const [pocket] = (await models.getChildren()).map((node) => models.getTreeItem(node));
    assert.match(String(pocket?.description), /Llama/);
  });
});
