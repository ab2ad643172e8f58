// The panels of the editor: one per kind and subject, brought back after a reload, redrawn when trust is granted. Pages are
// not kept alive while hidden: they hold charts of whole runs, and restore themselves from the server and their own state.
import * as vscode from 'vscode';
import { engineSettings } from '../engineSettings.ts';
import type { PanelKind, PanelSubject, Panels, Workbench } from '../workbench.ts';
import { identityOf, panelAccess } from './access.ts';
import { isRecord } from './messages.ts';
import { OpenPanels } from './openPanels.ts';
import type { OpenPanel } from './openPanels.ts';
import { connectWebview, fillWebview, forgetWhenHidden, webviewOptions } from './webviewPage.ts';

const kinds = Object.keys(panelAccess) as PanelKind[];
const viewType = (kind: PanelKind): string => `forgettingLab.${kind}`;

interface EditorPanel extends OpenPanel {
  panel: vscode.WebviewPanel;
  /** Resolves with the time in ms from creation to the first drawn data. */
  drawn: Promise<number>;
}

/** Panels with what tests want to know about them. */
export interface EditorPanels extends Panels {
  /** Identity, and when the first data were drawn. */
  open(): { identity: string; title: string; drawn: Promise<number> }[];
}

/** Serves all kinds, including panels of an earlier window. `workbench` is asked for late, as it holds the panels. */
export function createPanels(context: vscode.ExtensionContext, workbench: () => Workbench): EditorPanels {
  const opened = new OpenPanels<EditorPanel>();

  /** `asked`: by a command of this window. */
  const adopt = (kind: PanelKind, subject: PanelSubject, panel: vscode.WebviewPanel, asked?: PanelSubject): void => {
    const start = performance.now();
    let tellDrawn: (ms: number) => void = () => undefined;
    panel.iconPath = icon(context, kind);
    const connection = connectWebview(panel.webview, workbench(), panelAccess[kind], {
      subject: (changed) => {
        one.subject = { title: one.subject.title, ...changed };
        panel.title = one.subject.title;
      },
      drawn: () => tellDrawn(performance.now() - start),
    });
    const one: EditorPanel = {
      kind,
      subject,
      panel,
      drawn: new Promise((resolve) => (tellDrawn = resolve)),
      reveal: () => panel.reveal(),
      draw: () => {
        connection.forget();
        panel.title = one.subject.title;
        const page = {
          kind,
          subject: { ...one.subject, engine: engineSettings() },
          title: one.subject.title,
        };
        fillWebview(panel.webview, workbench(), page);
      },
    };
    opened.add(one, asked);
    forgetWhenHidden(panel, connection);
    panel.onDidDispose(() => {
      connection.dispose();
      opened.remove(one);
    });
    one.draw();
  };

  /** A tab of an earlier window is asked for only when it is shown: by then a command may have opened another. */
  const revive = (kind: PanelKind, panel: vscode.WebviewPanel, state: unknown): void => {
    const subject = restoredSubject(state);
    const existing = subject && opened.find(kind, subject);
    if (!subject || existing) {
      panel.dispose();
      existing?.reveal();
      return;
    }
    panel.webview.options = webviewOptions(context.extensionUri);
    adopt(kind, subject, panel);
  };

  for (const kind of kinds) {
    context.subscriptions.push(
      vscode.window.registerWebviewPanelSerializer(viewType(kind), {
        deserializeWebviewPanel: async (panel, state) => revive(kind, panel, state),
      }),
    );
  }
  context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(() => opened.all.forEach((one) => one.draw())));

  return {
    show: (kind, subject) => {
      if (opened.show(kind, subject)) return;
      const options = { ...webviewOptions(context.extensionUri), enableFindWidget: true };
      const panel = vscode.window.createWebviewPanel(viewType(kind), subject.title, vscode.ViewColumn.Active, options);
      adopt(kind, subject, panel, subject);
    },
    open: () =>
      opened.all.map(({ kind, subject, panel, drawn }) => ({
        identity: identityOf(kind, subject),
        title: panel.title,
        drawn,
      })),
  };
}

/** What the page kept with `setState`: `{ kind, subject }`. */
function restoredSubject(state: unknown): PanelSubject | undefined {
  const subject = isRecord(state) ? state['subject'] : undefined;
  return isRecord(subject) && typeof subject['title'] === 'string' ? (subject as PanelSubject) : undefined;
}

function icon(context: vscode.ExtensionContext, kind: PanelKind): { light: vscode.Uri; dark: vscode.Uri } {
  const file = (theme: string): vscode.Uri =>
    vscode.Uri.joinPath(context.extensionUri, 'media', 'panels', `${kind}-${theme}.svg`);
  return { light: file('light'), dark: file('dark') };
}
