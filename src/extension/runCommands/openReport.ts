// The report of a run: written into the run's folder as the command line does, then shown. In a trusted desktop window that
// is the browser; where the editor runs elsewhere (remote, web) a file has no address in the browser, so a tab shows the
// page. In Restricted Mode a tab shows what the records say: a report that lies in the folder may be anybody's page.
import * as vscode from 'vscode';
import { exportRun } from '../../shared/protocol/lab/runs.ts';
import type { RunSummary } from '../../shared/protocol/lab/runs.ts';
import { runTitle } from '../sidebar/rows.ts';
import type { Workbench } from '../workbench.ts';
import { reportInTab, reportPlace } from './reportPage.ts';

/** Renders the report of a run and shows it; it is written as well where the workspace is trusted. */
export async function openReport({ lab, trusted }: Pick<Workbench, 'lab' | 'trusted'>, run: RunSummary): Promise<void> {
  const file = vscode.Uri.joinPath(vscode.Uri.file(run.folder), 'report.html');
  const location = { viewId: 'forgettingLab.experiments' };
  // Trust that is granted meanwhile counts from the next time on.
  const mayWrite = trusted();
  const html = await vscode.window.withProgress({ location }, async () => {
    const { text } = await lab.request(exportRun, { run: run.folder, what: 'report-html' });
    if (mayWrite) await vscode.workspace.fs.writeFile(file, Buffer.from(text));
    return text;
  });
  const local = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  if (reportPlace({ trusted: mayWrite, local }) === 'browser' && (await vscode.env.openExternal(file))) return;
  showReport(run, html, mayWrite);
}

function showReport(run: RunSummary, html: string, scripts: boolean): void {
  const title = vscode.l10n.t('Report: {0}', runTitle(run));
  const panel = vscode.window.createWebviewPanel('forgettingLab.report', title, vscode.ViewColumn.Active, {
    enableScripts: scripts,
    enableFindWidget: true,
    localResourceRoots: [],
  });
  panel.webview.html = reportInTab(html, { scripts });
}
