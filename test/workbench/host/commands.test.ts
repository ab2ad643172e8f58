// Commands against package.json, and the panels that commands on a run open.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { api, extension, removeRuns, until, writeSyntheticRun } from './support.ts';

const tabs = (): vscode.Tab[] => vscode.window.tabGroups.all.flatMap((group) => group.tabs);

/** Tabs with a panel of a kind; the editor puts a word of its own before the kind. */
const panelTabs = (kind: string): vscode.Tab[] =>
  tabs().filter(
    ({ input }) => input instanceof vscode.TabInputWebview && input.viewType.endsWith(`forgettingLab.${kind}`),
  );

suite('commands', () => {
  suiteTeardown(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await removeRuns();
  });

  test('of package.json are all registered', async () => {
    const manifest = (await extension()).packageJSON as { contributes: { commands: { command: string }[] } };
    const { contributes } = manifest;
    const registered = new Set(await vscode.commands.getCommands(true));
    const missing = contributes.commands.map(({ command }) => command).filter((id) => !registered.has(id));
    assert.deepEqual(missing, []);
  });

  test('open one panel per kind and run, which draws its data', async () => {
    const run = await writeSyntheticRun('synthetic-20260102-0304-aaaa');
    const { panels } = await api();
    for (const [command, kind] of [
      ['showHeatmap', 'heatmap'],
      ['showMonitor', 'monitor'],
    ] as const) {
      await vscode.commands.executeCommand(`forgettingLab.${command}`, run);
      await vscode.commands.executeCommand(`forgettingLab.${command}`, run);
      await until(`the ${kind}`, () => panelTabs(kind)[0]);
      assert.equal(panelTabs(kind).length, 1);
      const open = panels.open().find(({ identity }) => identity.includes(`"${kind}"`));
      const drawnMs = await open?.drawn;
      console.log(`${kind}: first data drawn after ${drawnMs?.toFixed(0)} ms`);
      assert.ok(drawnMs !== undefined);
    }
  });

  test('compare the runs they are given', async () => {
    const runs = [
      await writeSyntheticRun('synthetic-20260102-0304-aaaa'),
      await writeSyntheticRun('synthetic-20260103-0304-bbbb'),
    ];
    await vscode.commands.executeCommand('forgettingLab.compareRuns', runs);
    await until('the comparison', () => panelTabs('compare')[0]);
    await vscode.commands.executeCommand('forgettingLab.compareRuns', [...runs].reverse());
    assert.equal(panelTabs('compare').length, 1);
  });

  test('report a missing run instead of throwing', async () => {
    // The notification cannot be read here; what matters is that nothing escapes.
    assert.equal(await vscode.commands.executeCommand('forgettingLab.showHeatmap', '/no/such/run'), undefined);
  });
});
