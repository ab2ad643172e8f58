// The panels of the editor: one per kind and subject, brought back after a reload, redrawn when trust is granted. Pages are
// not kept alive while hidden: they hold charts of whole runs, and restore themselves from the server and their own state.
import * as vscode from 'vscode';
import type { ScoringModel } from '../../shared/protocol/lab/datasets.ts';
import { scoringModel } from '../datasets/openDatasets.ts';
import type { PanelKind, PanelSubject, Panels, Workbench } from '../workbench.ts';
import { identityOf, panelAccess } from './access.ts';
import { isRecord } from './messages.ts';
import type { Relay } from './relay.ts';
import { connectWebview, fillWebview, forgetWhenHidden, webviewOptions } from './webviewPage.ts';

const kinds = Object.keys(panelAccess) as PanelKind[];
const viewType = (kind: PanelKind): string => `forgettingLab.${kind}`;

interface OpenPanel {
  kind: PanelKind;
  subject: PanelSubject;
  panel: vscode.WebviewPanel;
  connection: Relay;
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
  const opened = new Map<string, OpenPanel>();

  const adopt = (kind: PanelKind, subject: PanelSubject, panel: vscode.WebviewPanel): void => {
    const start = performance.now();
    let tellDrawn: (ms: number) => void = () => undefined;
    const drawn = new Promise<number>((resolve) => (tellDrawn = resolve));
    let identity = identityOf(kind, subject);
    panel.title = subject.title;
    panel.iconPath = icon(context, kind);
    const connection = connectWebview(panel.webview, workbench(), panelAccess[kind], {
      subject: (changed) => {
        one.subject = { title: one.subject.title, ...changed };
        panel.title = one.subject.title;
        if (opened.get(identity) === one) opened.delete(identity);
        identity = identityOf(kind, one.subject);
        opened.set(identity, one);
      },
      drawn: () => tellDrawn(performance.now() - start),
    });
    const one: OpenPanel = { kind, subject, panel, connection, drawn };
    opened.set(identity, one);
    forgetWhenHidden(panel, connection);
    panel.onDidDispose(() => {
      connection.dispose();
      if (opened.get(identity) === one) opened.delete(identity);
    });
    draw(one);
  };

  const draw = ({ kind, subject, panel, connection }: OpenPanel): void => {
    connection.forget();
    fillWebview(panel.webview, workbench(), {
      kind,
      subject: { ...subject, engine: engineSettings() },
      title: subject.title,
    });
  };

  for (const kind of kinds) {
    const deserializeWebviewPanel = async (panel: vscode.WebviewPanel, state: unknown): Promise<void> => {
      const subject = restoredSubject(state);
      if (!subject) {
        panel.dispose();
        return;
      }
      panel.webview.options = webviewOptions(context.extensionUri);
      adopt(kind, subject, panel);
    };
    context.subscriptions.push(
      vscode.window.registerWebviewPanelSerializer(viewType(kind), { deserializeWebviewPanel }),
    );
  }
  context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(() => [...opened.values()].forEach(draw)));

  return {
    show: (kind, subject) => {
      const existing = opened.get(identityOf(kind, subject));
      if (existing) {
        existing.panel.reveal();
        return;
      }
      const options = { ...webviewOptions(context.extensionUri), enableFindWidget: true };
      adopt(
        kind,
        subject,
        vscode.window.createWebviewPanel(viewType(kind), subject.title, vscode.ViewColumn.Active, options),
      );
    },
    open: () => [...opened].map(([identity, { panel, drawn }]) => ({ identity, title: panel.title, drawn })),
  };
}

/** Device and threads of what is scored, for pages that choose the model themselves. */
function engineSettings(): Pick<ScoringModel, 'device' | 'threads'> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const { device, threads } = scoringModel({ uri: folder?.uri ?? vscode.Uri.file('') });
  return { ...(device === undefined ? {} : { device }), ...(threads === undefined ? {} : { threads }) };
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
