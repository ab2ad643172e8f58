// Datasets in the editor: perplexities, token colours, problems, changes of rows, and the commands around them.
import * as vscode from 'vscode';
import { datasetFilesChanged } from '../../shared/protocol/lab/datasets.ts';
import { activeFile } from '../activeFile.ts';
import { Debounce } from '../experiments/debounce.ts';
import { pickModel } from '../pickModel.ts';
import type { Feature, Workbench } from '../workbench.ts';
import { registerAnnotations } from './annotations.ts';
import { TokenColours } from './colours.ts';
import { OpenDatasets } from './openDatasets.ts';
import { registerRowActions } from './rowActions.ts';

export const datasetsFeature: Feature = (workbench) => {
  const { command, context } = workbench;
  const datasets = new OpenDatasets(workbench);
  context.subscriptions.push(datasets, new TokenColours(workbench, datasets));
  registerAnnotations(workbench, datasets);
  registerRowActions(workbench, datasets);
  watchFiles(workbench);
  const needsTrust = { needsTrust: true };
  command('forgettingLab.annotatePerplexity', () => toggle('perplexity', true), needsTrust);
  command('forgettingLab.colourTokens', () => toggle('colourTokens', false), needsTrust);
  command('forgettingLab.selectModel', () => selectModel(workbench), needsTrust);
};

/** Turns an annotation on or off where it was set, else for the person. */
async function toggle(name: 'perplexity' | 'colourTokens', fallback: boolean): Promise<void> {
  const file = activeFile();
  const resource = file === undefined ? undefined : vscode.Uri.file(file);
  const settings = vscode.workspace.getConfiguration('forgettingLab.annotations', resource);
  const { workspaceFolderValue, workspaceValue } = settings.inspect<boolean>(name) ?? {};
  const { WorkspaceFolder, Workspace, Global } = vscode.ConfigurationTarget;
  const target =
    workspaceFolderValue !== undefined ? WorkspaceFolder : workspaceValue !== undefined ? Workspace : Global;
  await settings.update(name, !settings.get(name, fallback), target);
}

async function selectModel({ lab, annotationModel }: Workbench): Promise<void> {
  const name = await pickModel(lab, vscode.l10n.t('Select Model for Annotations'));
  if (name !== undefined) await annotationModel.choose(name);
}

/** The editor watches files anyway; the lab server hears of those that may be datasets. */
function watchFiles({ context, lab }: Workbench): void {
  const watcher = vscode.workspace.createFileSystemWatcher('**/*.{jsonl,json}');
  const paths = new Set<string>();
  const soon = new Debounce<'files'>(300);
  const note = (uri: vscode.Uri): void => {
    paths.add(uri.fsPath);
    soon.later('files', () => {
      lab.notify(datasetFilesChanged, { paths: [...paths].slice(0, 1000) });
      paths.clear();
    });
  };
  context.subscriptions.push(
    watcher,
    soon,
    watcher.onDidCreate(note),
    watcher.onDidChange(note),
    watcher.onDidDelete(note),
  );
}
