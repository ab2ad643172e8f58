// The folder that the lab server of this window serves: experiments, runs, datasets and models are those of one folder.
import * as vscode from 'vscode';

const local = (): vscode.WorkspaceFolder[] =>
  (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');

/** The first folder on this machine; undefined without one. */
export const servedFolder = (): vscode.WorkspaceFolder | undefined => local()[0];

/** Which folder of several is served, in words; undefined where there is no other. */
export function servedOfSeveral(): string | undefined {
  const [served, ...others] = local();
  if (!served || others.length === 0) return undefined;
  return vscode.l10n.t('This is {0}. Open the other folders of the workspace in windows of their own.', served.name);
}
