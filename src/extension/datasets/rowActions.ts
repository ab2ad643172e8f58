// Changes of rows as refactorings: the lab server writes the new text, the editor applies it, undo takes it back.
import * as vscode from 'vscode';
import { say } from '../../shared/phrase.ts';
import { getDatasetRows, rewriteDatasetRows } from '../../shared/protocol/lab/datasets.ts';
import type { RowAction, RowActionResult } from '../../shared/protocol/lab/datasets.ts';
import { fromRange, toRange } from '../experiments/editorShapes.ts';
import { inMessage } from '../outsideText.ts';
import type { Workbench } from '../workbench.ts';
import { datasetSelector } from './datasetFiles.ts';
import { scoringModel, type OpenDatasets } from './openDatasets.ts';

const rewriteCommand = 'forgettingLab.internal.rewriteRows';

const titles = (): { readonly [A in RowAction]: string } => ({
  'self-output': vscode.l10n.t('Use self-output'),
  rephrase: vscode.l10n.t('Rephrase'),
  'mask-hard': vscode.l10n.t('Mask hard tokens'),
  'ground-truth': vscode.l10n.t('Back to ground truth'),
});

export function registerRowActions(workbench: Workbench, datasets: OpenDatasets): void {
  const kind = vscode.CodeActionKind.RefactorRewrite;
  const provider: vscode.CodeActionProvider = {
    provideCodeActions: async (document, range, context, token) => {
      const isAsked = context.only === undefined || context.only.contains(kind) || kind.contains(context.only);
      if (!isAsked || !workbench.trusted() || !(await datasets.ready(document))) return [];
      const params = { uri: document.uri.toString(), version: document.version, range: fromRange(range) };
      const { rows, version } = await workbench.lab.request(getDatasetRows, params, token);
      const usable = rows.filter(({ state }) => state !== 'bad');
      if (usable.length === 0 || version !== document.version) return [];
      const offered: RowAction[] = ['self-output', 'rephrase', 'mask-hard'];
      if (usable.some(({ hasGroundTruth }) => hasGroundTruth)) offered.push('ground-truth');
      return offered.map((action) => {
        const made = new vscode.CodeAction(titles()[action], kind);
        made.command = { title: made.title, command: rewriteCommand, arguments: [document.uri, range, action] };
        return made;
      });
    },
  };
  workbench.context.subscriptions.push(
    vscode.languages.registerCodeActionsProvider(datasetSelector, provider, { providedCodeActionKinds: [kind] }),
  );
  workbench.command(
    rewriteCommand,
    (uri, range, action) => rewrite(workbench, datasets, uri as vscode.Uri, range as vscode.Range, action as RowAction),
    { needsTrust: true },
  );
}

async function rewrite(
  workbench: Workbench,
  datasets: OpenDatasets,
  uri: vscode.Uri,
  range: vscode.Range,
  action: RowAction,
): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  if (!(await datasets.ready(document))) return;
  const { version } = document;
  const params = { uri: uri.toString(), version, range: fromRange(range), action, model: scoringModel(document) };
  const result = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: titles()[action], cancellable: true },
    (_, token) => workbench.lab.request(rewriteDatasetRows, params, token),
  );
  if (document.version !== version || result.version !== version) {
    void vscode.window.showWarningMessage(vscode.l10n.t('The text has changed meanwhile. Nothing was written.'));
    return;
  }
  const edit = new vscode.WorkspaceEdit();
  for (const { range, newText } of result.edits) edit.replace(uri, toRange(range), newText);
  if (result.edits.length > 0) await vscode.workspace.applyEdit(edit);
  tellSkipped(result);
}

function tellSkipped({ skipped, edits }: RowActionResult): void {
  const [first] = skipped;
  if (!first) return;
  const reason = say(first.reason, vscode.l10n.t);
  const message =
    skipped.length === 1
      ? vscode.l10n.t('Row {0} stays as it is: {1}', first.number, reason)
      : vscode.l10n.t('{0} rows changed, {1} stay as they are: {2}', edits.length, skipped.length, reason);
  void vscode.window.showInformationMessage(inMessage(message));
}
