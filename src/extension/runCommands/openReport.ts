// The report of a run: written into the run's folder as the command line does, then shown. In a desktop window that is the
// browser; where the editor runs elsewhere (remote, web) a file has no address in the browser, so a tab shows the page.
import * as vscode from 'vscode';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import { exportRun } from '../../shared/protocol/lab/runs.ts';
import type { RunSummary } from '../../shared/protocol/lab/runs.ts';
import { runTitle } from '../sidebar/rows.ts';
import type { Workbench } from '../workbench.ts';

const reportName = 'report.html';

export async function openReport(workbench: Workbench, run: RunSummary): Promise<void> {
  const file = vscode.Uri.joinPath(vscode.Uri.file(run.folder), reportName);
  const location = { viewId: 'forgettingLab.experiments' };
  const html = workbench.trusted()
    ? await vscode.window.withProgress({ location }, () => writeReport(workbench, run, file))
    : await readReport(file);
  const local = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  if (local && (await vscode.env.openExternal(file))) return;
  showReport(run, html);
}

async function writeReport({ lab }: Workbench, run: RunSummary, file: vscode.Uri): Promise<string> {
  const { text } = await lab.request(exportRun, { run: run.folder, what: 'report-html' });
  await vscode.workspace.fs.writeFile(file, Buffer.from(text));
  return text;
}

/** In Restricted Mode nothing is written: only a report that is there can be read. */
async function readReport(file: vscode.Uri): Promise<string> {
  try {
    return Buffer.from(await vscode.workspace.fs.readFile(file)).toString('utf8');
  } catch {
    throw new LabError('file-not-found', phrase('This run has no report yet, and none is written in Restricted Mode'), {
      remedy: phrase('Trust the workspace first'),
    });
  }
}

/**
 * The page brings its own policy, which allows its one script by hash. A report from an untrusted folder may be anybody's
 * page, so there no script runs at all.
 */
function showReport(run: RunSummary, html: string): void {
  const title = vscode.l10n.t('Report: {0}', runTitle(run));
  const panel = vscode.window.createWebviewPanel('forgettingLab.report', title, vscode.ViewColumn.Active, {
    enableScripts: vscode.workspace.isTrusted,
    enableFindWidget: true,
    localResourceRoots: [],
  });
  panel.webview.html = html;
}
