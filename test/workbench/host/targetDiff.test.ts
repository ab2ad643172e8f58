// Targets beside each other and the dataset view, on the files of the example workspace.
import assert from 'node:assert/strict';
import { open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import {
  chooseTargets,
  findTargetSources,
  getComparison,
  openComparison,
  writeChosenTargets,
} from '../../../src/shared/protocol/lab/targetDiff.ts';
import { api, until, workspaceFolder } from './support.ts';

const dataset = join(workspaceFolder, 'data', 'subtraction.jsonl');
const viewType = 'forgettingLab.datasetView';
const closeAll = (): Thenable<unknown> => vscode.commands.executeCommand('workbench.action.closeAllEditors');

/** The tab of a file in the dataset view. */
function viewOf(file: string): vscode.Tab | undefined {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .find(
      ({ input }) => input instanceof vscode.TabInputCustom && input.viewType === viewType && input.uri.fsPath === file,
    );
}

suite('the target diff', () => {
  teardown(closeAll);

  test('opens for a dataset and draws its rows', async function () {
    this.timeout(60_000);
    await vscode.commands.executeCommand('forgettingLab.showTargetDiff', { dataset });
    const { panels } = await api();
    const panel = await until('the panel', () => panels.open().find(({ identity }) => identity.includes(dataset)));
    assert.match(panel.title, /subtraction\.jsonl/);
    assert.ok((await panel.drawn) > 0);
  });

  test('compares the columns of a dataset and writes what is chosen', async function () {
    this.timeout(60_000);
    const { lab } = (await api()).workbench;
    const { offers, verifier } = await lab.request(findTargetSources, { dataset });
    assert.ok(offers.some(({ spec }) => spec.kind === 'column' && spec.column === 'native'));
    assert.deepEqual(verifier, { scorer: 'last_number', field: 'answer' });
    const sources = offers.map(({ spec }) => spec).filter(({ kind }) => kind !== 'file');
    const { id } = await lab.request(openComparison, { dataset, sources, verifier });
    const state = await until('verdicts of all rows', async () => {
      const found = await lab.request(getComparison, { id });
      return found.state === 'ready' && !found.judging ? found : undefined;
    });
    const rows = (await readFile(dataset, 'utf8')).split('\n').filter((line) => line !== '').length;
    assert.equal(state.rows, rows);
    const native = state.sources.findIndex(({ provenance }) => provenance === 'native');
    const rule = { kind: 'prefer', source: native, otherwise: 'ground-truth' } as const;
    const summary = await lab.request(chooseTargets, { id, rule });
    assert.equal(summary.rows, rows);
    const file = join(workspaceFolder, 'data', 'chosen.jsonl');
    try {
      const written = await lab.request(writeChosenTargets, { id, file, overwrite: false });
      assert.equal(written.rows, rows);
      await assert.rejects(lab.request(writeChosenTargets, { id, file, overwrite: false }), /there already/);
    } finally {
      await rm(file, { force: true });
    }
  });
});

suite('the dataset view', () => {
  const big = join(workspaceFolder, 'data', 'big.jsonl');
  const bigJson = join(workspaceFolder, 'data', 'big.json');

  teardown(async () => {
    await closeAll();
    await rm(big, { force: true });
    await rm(bigJson, { force: true });
  });

  test('opens a dataset on request', async () => {
    await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(dataset), viewType);
    assert.ok(await until('the tab of the dataset view', () => viewOf(dataset)));
  });

  test('opens by itself for a file that the editor keeps from extensions, once', async function () {
    this.timeout(60_000);
    await writeBig(big);
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(big));
    assert.ok(await until('the tab of the dataset view', () => viewOf(big)));
    await vscode.commands.executeCommand('forgettingLab.internal.openAsText', big);
    const isText = (): true | undefined => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return input instanceof vscode.TabInputText && input.uri.fsPath === big ? true : undefined;
    };
    await until('the file as text', isText);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.ok(isText(), 'it stays text');
  });

  test('opens by itself for a large JSON array', async function () {
    this.timeout(60_000);
    await writeBig(bigJson, { before: '[', between: ',', after: ']' });
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(bigJson));
    assert.ok(await until('the tab of the dataset view', () => viewOf(bigJson)));
  });

  test('leaves a large JSON object to the editor', async function () {
    this.timeout(60_000);
    await writeBig(bigJson, { before: '{"rows":[', between: ',', after: ']}' });
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(bigJson));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(viewOf(bigJson), undefined);
  });

  test('leaves small files to the editor', async () => {
    await writeFile(big, '{"prompt":"a","completion":"b"}\n');
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(big));
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(viewOf(big), undefined);
  });
});

/** A little more than the editor's limit of 50 MB. */
async function writeBig(
  file: string,
  { before, between, after } = { before: '', between: '', after: '' },
): Promise<void> {
  const row = `${JSON.stringify({ prompt: 'Say x.', completion: 'x'.repeat(10_000) })}`;
  const count = Math.ceil((51 * 2 ** 20) / row.length);
  const handle = await open(file, 'w');
  await handle.write(before);
  for (let at = 0; at < count; at++) await handle.write(`${row}${at + 1 < count ? between : ''}\n`);
  await handle.write(after);
  await handle.close();
}
