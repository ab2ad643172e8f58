// Fills a webview with one of our pages and connects it: used by the panels and by the dataset editor.
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { Workbench } from '../workbench.ts';
import { act } from './actions.ts';
import { buildPage } from './page.ts';
import { relay } from './relay.ts';
import type { PanelAccess, Relay } from './relay.ts';

/** What a webview may load: our bundles and pictures, nothing of the workspace. */
export function webviewOptions(extension: vscode.Uri): vscode.WebviewOptions {
  return {
    enableScripts: true,
    localResourceRoots: [vscode.Uri.joinPath(extension, 'dist', 'webview'), vscode.Uri.joinPath(extension, 'media')],
  };
}

export interface PageSubject {
  /** Name of the bundle in dist/webview. */
  kind: string;
  subject: Record<string, unknown>;
  title: string;
}

/** Draws the page anew; state that the page kept is there again. */
export function fillWebview(webview: vscode.Webview, workbench: Workbench, page: PageSubject): void {
  const bundle = (extension: string): string =>
    webview
      .asWebviewUri(vscode.Uri.joinPath(workbench.context.extensionUri, 'dist', 'webview', `${page.kind}.${extension}`))
      .toString();
  webview.html = buildPage({
    boot: {
      kind: page.kind,
      subject: page.subject,
      texts: vscode.l10n.bundle ?? {},
      language: vscode.env.language,
      trusted: workbench.trusted(),
    },
    script: bundle('js'),
    style: bundle('css'),
    source: webview.cspSource,
    nonce: randomBytes(18).toString('base64'),
    title: page.title,
  });
}

export interface PageHooks {
  /** The page is about something else now. */
  subject?(subject: Record<string, unknown>): void;
  /** The page shows its first data. */
  drawn?(): void;
}

/** Connects a webview's page with the lab server and the editor until disposed. */
export function connectWebview(
  webview: vscode.Webview,
  workbench: Workbench,
  access: PanelAccess,
  hooks: PageHooks = {},
): Relay {
  return relay(
    access,
    {
      post: (message) => void webview.postMessage(message),
      listen: (listener) => webview.onDidReceiveMessage(listener),
    },
    {
      trusted: workbench.trusted,
      request: (spec, params, signal) => withToken(signal, (token) => workbench.lab.request(spec, params, token)),
      on: (spec, listener) => workbench.lab.on(spec, listener),
      act: (action) => act(workbench, action, (subject) => hooks.subject?.(subject)),
      drawn: () => hooks.drawn?.(),
    },
  );
}

/** An abort signal as the editor's cancellation token. */
async function withToken<T>(signal: AbortSignal, work: (token: vscode.CancellationToken) => Promise<T>): Promise<T> {
  const source = new vscode.CancellationTokenSource();
  const cancel = (): void => source.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    return await work(source.token);
  } finally {
    signal.removeEventListener('abort', cancel);
    source.dispose();
  }
}

/** The editor throws away the page of a hidden tab, and loads it again when the tab is shown. */
export function forgetWhenHidden(panel: vscode.WebviewPanel, connection: Relay): vscode.Disposable {
  return panel.onDidChangeViewState(() => {
    if (!panel.visible) connection.forget();
  });
}
