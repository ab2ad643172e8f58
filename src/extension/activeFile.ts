// The file in front of the person, whatever shows it: the text editor or the dataset view.
import * as vscode from 'vscode';

/**
 * The local file of the active tab; undefined where there is none. The tab is asked first, because it is known before its text
 * is: a command may follow the opening of a file faster than the editor loads it.
 */
export function activeFile(): string | undefined {
  const uri =
    uriOfTab(vscode.window.tabGroups.activeTabGroup.activeTab) ?? vscode.window.activeTextEditor?.document.uri;
  return uri?.scheme === 'file' ? uri.fsPath : undefined;
}

/** What a tab shows as text or in the dataset view; undefined for panels, differences and everything else. */
export function uriOfTab(tab: vscode.Tab | undefined): vscode.Uri | undefined {
  const input = tab?.input;
  return input instanceof vscode.TabInputText || input instanceof vscode.TabInputCustom ? input.uri : undefined;
}
