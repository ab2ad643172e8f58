// Choosing what gives perplexities by quick pick, the same wherever it is asked for: a model or a checkpoint of a run.
import * as vscode from 'vscode';
import { weightsItems } from './experiments/pickWeights.ts';
import type { Lab } from './workbench.ts';

/** The name of a model (`pocket` or a folder) or the folder of a checkpoint, or undefined. */
export async function pickModel(
  lab: Lab,
  title = vscode.l10n.t('Choose a model or a checkpoint'),
): Promise<string | undefined> {
  const options = { title, matchOnDescription: true, matchOnDetail: true };
  return (await vscode.window.showQuickPick(weightsItems(lab), options))?.model;
}
