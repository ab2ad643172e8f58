// The dataset view: a read-only editor for JSON Lines of any size. The file stays with the lab server; the page asks for the
// rows that it shows.
import * as vscode from 'vscode';
import { modelsChanged } from '../../shared/protocol/lab/models.ts';
import {
  closeDatasetView,
  datasetViewChanged,
  explainDatasetViewRow,
  getDatasetViewRows,
  openDatasetView,
  scoreDatasetViewRows,
  searchDatasetView,
  searchProgress,
} from '../../shared/protocol/lab/datasetView.ts';
import type { PanelAccess } from '../panels/relay.ts';
import { connectWebview, fillWebview, forgetWhenHidden, webviewOptions } from '../panels/webviewPage.ts';
import type { Feature, Workbench } from '../workbench.ts';
import { openBigFilesHere } from './bigFiles.ts';

export const datasetViewType = 'forgettingLab.datasetView';

const access: PanelAccess = {
  requests: [
    openDatasetView,
    closeDatasetView,
    getDatasetViewRows,
    searchDatasetView,
    scoreDatasetViewRows,
    explainDatasetViewRow,
  ],
  notifications: [datasetViewChanged, searchProgress, modelsChanged],
  // A view holds an open file and its index.
  owned: { open: openDatasetView, close: closeDatasetView, forPage: true },
};

export const datasetViewFeature: Feature = (workbench) => {
  const { context, command } = workbench;
  const bigFiles = openBigFilesHere(datasetViewType, workbench.log);
  context.subscriptions.push(
    vscode.window.registerCustomEditorProvider(datasetViewType, new DatasetViewProvider(workbench), {
      supportsMultipleEditorsPerDocument: true,
    }),
    bigFiles,
  );
  command('forgettingLab.internal.openAsText', async (file) => {
    if (typeof file !== 'string') return;
    const uri = vscode.Uri.file(file);
    // A text tab that is just being closed in favour of the view would take the text with it.
    await bigFiles.settled(uri);
    await vscode.commands.executeCommand('vscode.openWith', uri, 'default');
  });
};

class DatasetViewProvider implements vscode.CustomReadonlyEditorProvider {
  private readonly workbench: Workbench;

  constructor(workbench: Workbench) {
    this.workbench = workbench;
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): void {
    const { webview } = panel;
    const { workbench } = this;
    webview.options = webviewOptions(workbench.context.extensionUri);
    const connection = connectWebview(webview, workbench, access);
    const draw = (): void => {
      connection.forget();
      const settings = vscode.workspace.getConfiguration('forgettingLab.annotations', uri);
      const subject = {
        file: uri.fsPath,
        model: workbench.annotationModel.scoring(),
        perplexity: settings.get('perplexity', true),
        colourTokens: settings.get('colourTokens', false),
        place: vscode.workspace.asRelativePath(uri),
      };
      fillWebview(webview, workbench, { kind: 'dataset', subject, title: uri.path.split('/').at(-1) ?? '' });
    };
    const parts = [
      connection,
      forgetWhenHidden(panel, connection),
      vscode.workspace.onDidGrantWorkspaceTrust(draw),
      workbench.annotationModel.onDidChange(draw),
      vscode.workspace.onDidChangeConfiguration((event) => {
        const shown = ['perplexity', 'colourTokens'];
        if (shown.some((name) => event.affectsConfiguration(`forgettingLab.annotations.${name}`, uri))) draw();
      }),
    ];
    panel.onDidDispose(() => {
      for (const part of parts) part.dispose();
    });
    draw();
  }
}
