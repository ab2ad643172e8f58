// Choosing a model by quick pick, the same wherever one is asked for.
import * as vscode from 'vscode';
import { listModels } from '../shared/protocol/lab/models.ts';
import type { ModelSummary } from '../shared/protocol/lab/models.ts';
import { formatCount, formatSize } from '../shared/words.ts';
import { modelFolders } from './modelFolders.ts';
import { inLabel } from './outsideText.ts';
import type { Lab } from './workbench.ts';

/** The chosen model's name (`pocket` or a folder), or undefined. */
export async function pickModel(lab: Lab, title = vscode.l10n.t('Choose a model')): Promise<string | undefined> {
  const models = lab.request(listModels, { folders: modelFolders() });
  const items = models.then((found) => found.filter((model) => model.problem === undefined).map(item));
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDescription: true, matchOnDetail: true });
  return chosen?.model;
}

function item(model: ModelSummary): vscode.QuickPickItem & { model: string } {
  const context = vscode.l10n.t('context {0}', formatCount(model.contextLength));
  return {
    label: inLabel(model.label),
    description: inLabel(`${model.architecture}, ${formatSize(model.parameters)}, ${context}`),
    ...(model.bundled ? {} : { detail: inLabel(model.folder) }),
    model: model.name,
  };
}
