// Restricted Mode: what executes or writes is refused in code, whatever the menus show.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { commandRegistrar } from '../../../src/extension/command.ts';
import { act } from '../../../src/extension/panels/actions.ts';
import { openReport } from '../../../src/extension/runCommands/openReport.ts';
import { listExperiments } from '../../../src/shared/protocol/lab/runs.ts';
import { api, extension, removeRuns, until, writeSyntheticRun } from './support.ts';

const untrusted = (): boolean => false;

suite('Restricted Mode', () => {
  test('refuses commands that need trust, with an explanation', async () => {
    const { context, log } = (await api()).workbench;
    const command = commandRegistrar({ context, log, trusted: untrusted });
    const called: string[] = [];
    command('forgettingLab.test.writes', () => called.push('writes'), { needsTrust: true });
    command('forgettingLab.test.reads', () => called.push('reads'));
    await vscode.commands.executeCommand('forgettingLab.test.writes');
    await vscode.commands.executeCommand('forgettingLab.test.reads');
    assert.deepEqual(called, ['reads']);
  });

  test('saves nothing for a panel', async () => {
    const { lab, names } = (await api()).workbench;
    const save = act(
      { lab, names, trusted: untrusted },
      { kind: 'save', suggestedName: 'a.csv', text: 'b' },
      () => undefined,
    );
    await assert.rejects(save, /Restricted Mode/);
  });

  test('shows a report from the records, and leaves alone what lies in the folder', async () => {
    const { lab } = (await api()).workbench;
    const folder = await writeSyntheticRun('synthetic-20260103-0304-dddd');
    const foreign = '<script>document.title = "foreign"</script>';
    await writeFile(join(folder, 'report.html'), foreign);
    const run = await until('the run', async () =>
      (await lab.request(listExperiments, {}))
        .flatMap(({ runs }) => runs)
        .find((one) => one.folder === folder && one.state !== 'corrupt'),
    );
    await openReport({ lab, trusted: untrusted }, run);
    const tab = await until('the report', () =>
      vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).find(({ label }) => label.startsWith('Report: ')),
    );
    assert.equal(await readFile(join(folder, 'report.html'), 'utf8'), foreign);
    await vscode.window.tabGroups.close(tab);
    await removeRuns();
  });

  test('is declared, with the settings that lead to execution', async () => {
    const { capabilities } = (await extension()).packageJSON as {
      capabilities: { untrustedWorkspaces: { supported: unknown; restrictedConfigurations: string[] } };
    };
    const { supported, restrictedConfigurations } = capabilities.untrustedWorkspaces;
    assert.equal(supported, 'limited');
    for (const name of ['device', 'threads', 'models.folders', 'annotations.model']) {
      assert.ok(restrictedConfigurations.includes(`forgettingLab.${name}`));
    }
  });
});
