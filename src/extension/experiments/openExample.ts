// Open Example Workspace: copies the packaged example to a place of the person's choice and opens it there, so that the
// installed extension stays as it is.
import { cp, readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import type { Workbench } from '../workbench.ts';
import { freePath } from './newFile.ts';

export async function openExample({ context }: Workbench): Promise<void> {
  const [parent] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Where should the example workspace be created?'),
      openLabel: vscode.l10n.t('Create Here'),
      defaultUri: vscode.Uri.file(homedir()),
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  if (!parent) return;
  const folder = await copyExample(context.extensionPath, parent.fsPath);
  const open = vscode.workspace.workspaceFolders !== undefined;
  await vscode.commands.executeCommand('vscode.openFolder', vscode.Uri.file(folder), { forceNewWindow: open });
}

/** Copies the example below `parent`, without runs that were made in it; answers with the new folder. */
export async function copyExample(extensionPath: string, parent: string): Promise<string> {
  const source = join(extensionPath, 'examples', 'pocket');
  const folder = await freePath(parent, 'forgetting-lab-example');
  for (const name of await readdir(source)) {
    if (name === 'runs' || (name.startsWith('.') && name !== '.vscode')) continue;
    await cp(join(source, name), join(folder, basename(name)), { recursive: true, errorOnExist: true, force: false });
  }
  return folder;
}
