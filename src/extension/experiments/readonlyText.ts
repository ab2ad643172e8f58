// Texts to read that are no files: results and checks. They can grow while they are shown.
import * as vscode from 'vscode';

const scheme = 'forgetting-lab';

export interface ReadonlyTexts {
  /** Shows a text under a title; the answered function replaces it. */
  show(title: string, text: string, options?: vscode.TextDocumentShowOptions): Promise<(text: string) => void>;
}

export function createReadonlyTexts(context: vscode.ExtensionContext): ReadonlyTexts {
  const texts = new Map<string, string>();
  const changed = new vscode.EventEmitter<vscode.Uri>();
  context.subscriptions.push(
    changed,
    vscode.workspace.registerTextDocumentContentProvider(scheme, {
      onDidChange: changed.event,
      provideTextDocumentContent: (uri) => texts.get(uri.path) ?? '',
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      if (uri.scheme === scheme) texts.delete(uri.path);
    }),
  );
  return {
    show: async (title, text, options = { preview: true }) => {
      // A title is no path: a folder in it would take the words before it off the tab.
      const name = title.replaceAll(/[\\/]/g, ' \u203a ');
      const uri = vscode.Uri.from({ scheme, path: `/${name}.txt` });
      const replace = (now: string): void => {
        texts.set(uri.path, now);
        changed.fire(uri);
      };
      replace(text);
      await vscode.window.showTextDocument(uri, options);
      return replace;
    },
  };
}
