import assert from 'node:assert/strict';
import * as vscode from 'vscode';

suite('the extension', () => {
  test('is installed', () => {
    assert.ok(vscode.extensions.getExtension('forgetting-lab.forgetting-lab'));
  });
});
