// What only the editor can do for a panel: run a command, save, open, copy, let somebody choose.
import * as vscode from 'vscode';
import type { PanelAction } from '../../shared/protocol/panel.ts';
import { pickModel } from '../pickModel.ts';
import type { Workbench } from '../workbench.ts';
import { restricted } from '../../shared/errors.ts';

/** Carries out an action; `subject` is called when the tab is about something else. */
export async function act(
  workbench: Pick<Workbench, 'lab' | 'names' | 'trusted'>,
  action: PanelAction,
  subject: (subject: Record<string, unknown>) => void,
): Promise<unknown> {
  switch (action.kind) {
    case 'command':
      await vscode.commands.executeCommand(action.command, ...action.args);
      return null;
    case 'save':
      if (!workbench.trusted()) throw restricted();
      return save(action);
    case 'open':
      await open(action.path, action.line);
      return null;
    case 'copy':
      await vscode.env.clipboard.writeText(action.text);
      return null;
    case 'pickModel':
      return (await pickModel(workbench.lab)) ?? null;
    case 'modelName':
      return workbench.names.nameOf(action.model);
    case 'pickFile':
      return pickFile(action.title, action.extensions);
    case 'subject':
      subject(action.subject);
      return null;
  }
}

async function save(action: Extract<PanelAction, { kind: 'save' }>): Promise<string | null> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const name = action.suggestedName.replace(/[/\\]/g, '-');
  const target = await vscode.window.showSaveDialog(folder ? { defaultUri: vscode.Uri.joinPath(folder, name) } : {});
  if (!target) return null;
  const content = action.text === undefined ? Buffer.from(action.base64 ?? '', 'base64') : Buffer.from(action.text);
  await vscode.workspace.fs.writeFile(target, content);
  return target.fsPath;
}

async function open(path: string, line: number | undefined): Promise<void> {
  const at = line === undefined ? undefined : new vscode.Range(line - 1, 0, line - 1, 0);
  await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path), {
    preview: false,
    ...(at ? { selection: at } : {}),
  });
}

async function pickFile(title: string, extensions: readonly string[]): Promise<string | null> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const chosen = await vscode.window.showOpenDialog({
    title,
    ...(folder ? { defaultUri: folder } : {}),
    ...(extensions.length > 0 ? { filters: { [extensions.join(', ')]: [...extensions] } } : {}),
  });
  return chosen?.[0]?.fsPath ?? null;
}
