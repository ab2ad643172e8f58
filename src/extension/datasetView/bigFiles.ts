// Files that VS Code does not hand to extensions open in the dataset view by themselves, in place of the text and once for
// every file: who goes back to the text stays there.
import * as vscode from 'vscode';
import { uriOfTab } from '../activeFile.ts';
import { startsAsArray } from './arrayFile.ts';

/** The editor's limit for extensions. */
const limitBytes = 50 * 1024 * 1024;

export interface BigFiles extends vscode.Disposable {
  /** Resolves when the text of a file is no longer being replaced by the view. */
  settled(uri: vscode.Uri): Promise<void>;
}

/** Watches the active tabs until disposed. */
export function openBigFilesHere(viewType: string, log: vscode.LogOutputChannel): BigFiles {
  const replacing = new Map<string, Promise<void>>();
  const seen = new WeakSet<vscode.Tab>();
  const seenFiles = new Set<string>();
  const look = (tab: vscode.Tab | undefined): void => {
    if (!tab?.isActive || seen.has(tab) || !(tab.input instanceof vscode.TabInputText)) return;
    const { uri } = tab.input;
    if (uri.scheme !== 'file' || !/\.jsonl?$/i.test(uri.path)) return;
    seen.add(tab);
    if (seenFiles.has(uri.toString())) return;
    const done = openWhenBig(uri, tab)
      .catch((error: unknown) => log.debug(`${uri.fsPath}: ${String(error)}`))
      .finally(() => replacing.delete(uri.toString()));
    replacing.set(uri.toString(), done);
  };
  const openWhenBig = async (uri: vscode.Uri, tab: vscode.Tab): Promise<void> => {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size <= limitBytes) return;
    // JSON that is one object is no list of rows: it stays text.
    if (!/\.jsonl$/i.test(uri.path) && !(await startsAsArray(uri.fsPath))) return;
    seenFiles.add(uri.toString());
    await vscode.commands.executeCommand('vscode.openWith', uri, viewType);
    // Two tabs of one name would leave people guessing.
    if (!tab.isDirty && stillOpen(tab)) await vscode.window.tabGroups.close(tab);
  };
  const stillOpen = (tab: vscode.Tab): boolean => vscode.window.tabGroups.all.some(({ tabs }) => tabs.includes(tab));
  const watching = vscode.window.tabGroups.onDidChangeTabs(({ opened, changed, closed }) => {
    for (const tab of [...opened, ...changed]) look(tab);
    for (const tab of closed) {
      // Closed in every form: the next time it opens here again.
      const uri = uriOfTab(tab);
      if (uri) forgetWhenClosed(uri);
    }
  });
  const forgetWhenClosed = (uri: vscode.Uri): void => {
    const shown = vscode.window.tabGroups.all
      .flatMap(({ tabs }) => tabs)
      .some((tab) => uriOfTab(tab)?.toString() === uri.toString());
    if (!shown) seenFiles.delete(uri.toString());
  };
  for (const group of vscode.window.tabGroups.all) look(group.activeTab);
  return {
    settled: (uri) => replacing.get(uri.toString()) ?? Promise.resolve(),
    dispose: () => {
      watching.dispose();
    },
  };
}
