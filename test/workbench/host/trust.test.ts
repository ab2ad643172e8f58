// Restricted Mode: what executes or writes is refused in code, whatever the menus show.
import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { commandRegistrar } from '../../../src/extension/command.ts';
import { act } from '../../../src/extension/panels/actions.ts';
import { api, extension } from './support.ts';

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

  test('is declared, with the settings that lead to execution', async () => {
    const { capabilities } = (await extension()).packageJSON as {
      capabilities: { untrustedWorkspaces: { supported: unknown; restrictedConfigurations: string[] } };
    };
    const { supported, restrictedConfigurations } = capabilities.untrustedWorkspaces;
    assert.equal(supported, 'limited');
    for (const name of ['device', 'threads', 'models.folders']) {
      assert.ok(restrictedConfigurations.includes(`forgettingLab.${name}`));
    }
  });
});
