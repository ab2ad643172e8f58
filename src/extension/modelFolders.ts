// The setting with further places where models are found.
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import * as vscode from 'vscode';

/** Absolute folders of `forgettingLab.models.folders`; `~` is home, relative ones count from the workspace. */
export function modelFolders(): string[] {
  const folders = vscode.workspace.getConfiguration('forgettingLab').get<unknown>('models.folders', []);
  const base = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? homedir();
  return (Array.isArray(folders) ? folders : [])
    .filter((folder): folder is string => typeof folder === 'string' && folder.trim() !== '')
    .map((folder) => resolve(base, folder.replace(/^~(?=$|[\\/])/, homedir())));
}
