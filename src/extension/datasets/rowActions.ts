// Changes of rows as refactorings: the lab server writes the new text, the editor applies it, undo takes it back.
import * as vscode from 'vscode';
import { joinedBySemicolon, say } from '../../shared/phrase.ts';
import { getDatasetRows, rewriteDatasetRows } from '../../shared/protocol/lab/datasets.ts';
import type { RowAction } from '../../shared/protocol/lab/datasets.ts';
import { fromRange, toRange } from '../experiments/editorShapes.ts';
import { inMessage } from '../outsideText.ts';
import type { Workbench } from '../workbench.ts';
import { datasetSelector } from './datasetFiles.ts';
import type { OpenDatasets } from './openDatasets.ts';
import { rowActionNotes } from './rowText.ts';

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
      if (usable.length === 0 || version !== params.version) return [];
      const offered: RowAction[] = ['self-output', 'rephrase', 'mask-hard'];
      if (usable.some(({ hasGroundTruth }) => hasGroundTruth)) offered.push('ground-truth');
      return offered.map((action) => {
        const made = new vscode.CodeAction(titles()[action], kind);
        // The range belongs to this version of the text.
        const values = [document.uri, version, range, action];
        made.command = { title: made.title, command: rewriteCommand, arguments: values };
        return made;
      });
    },
  };
  workbench.context.subscriptions.push(
    vscode.languages.registerCodeActionsProvider(datasetSelector, provider, { providedCodeActionKinds: [kind] }),
  );
  workbench.command(
    rewriteCommand,
    (uri, version, range, action) =>
      rewrite(workbench, datasets, {
        uri: uri as vscode.Uri,
        version: version as number,
        range: range as vscode.Range,
        action: action as RowAction,
      }),
    { needsTrust: true },
  );
}

/** What an action is asked to change, in one version of a text. */
interface Rewrite {
  uri: vscode.Uri;
  version: number;
  range: vscode.Range;
  action: RowAction;
}

async function rewrite(
  workbench: Workbench,
  datasets: OpenDatasets,
  { uri, version, range, action }: Rewrite,
): Promise<void> {
  const document = await vscode.workspace.openTextDocument(uri);
  if (!(await datasets.ready(document))) return;
  if (document.version !== version) return warn(vscode.l10n.t('The text has changed meanwhile. Nothing was written.'));
  const model = workbench.annotationModel.scoring();
  const params = { uri: uri.toString(), version, range: fromRange(range), action, model };
  const result = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: titles()[action], cancellable: true },
    (_, token) => workbench.lab.request(rewriteDatasetRows, params, token),
  );
  if (document.version !== version || result.version !== version) {
    return warn(vscode.l10n.t('The text has changed meanwhile. Nothing was written.'));
  }
  const edit = new vscode.WorkspaceEdit();
  for (const { range: place, newText } of result.edits) edit.replace(uri, toRange(place), newText);
  if (result.edits.length > 0 && !(await vscode.workspace.applyEdit(edit))) {
    return warn(vscode.l10n.t('The editor did not take the change. Nothing was written.'));
  }
  const { notes, isWarning } = rowActionNotes(action, result, vscode.l10n.t);
  if (notes.length === 0) return;
  const message = inMessage(say(joinedBySemicolon(notes), vscode.l10n.t));
  void (isWarning ? vscode.window.showWarningMessage(message) : vscode.window.showInformationMessage(message));
}

function warn(message: string): void {
  void vscode.window.showWarningMessage(message);
}
