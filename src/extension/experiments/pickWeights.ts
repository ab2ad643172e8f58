// Weights to work with: models, and the final checkpoints of runs.
import * as vscode from 'vscode';
import { listModels } from '../../shared/protocol/lab/models.ts';
import { listExperiments } from '../../shared/protocol/lab/runs.ts';
import { formatCount, formatLearningRate, formatSize } from '../../shared/words.ts';
import { finalCheckpoints } from '../checkpoints.ts';
import { modelFolders } from '../modelFolders.ts';
import { inLabel } from '../outsideText.ts';
import type { Lab } from '../workbench.ts';

export interface WeightsItem extends vscode.QuickPickItem {
  /** `pocket` or a folder. */
  model: string;
  /** Word for file names. */
  short: string;
}

/** Models first, then checkpoints of the newest runs. */
export async function weightsItems(lab: Lab): Promise<WeightsItem[]> {
  const [models, checkpoints] = await Promise.all([modelItems(lab), checkpointItems(lab)]);
  return [...models, ...checkpoints];
}

async function modelItems(lab: Lab): Promise<WeightsItem[]> {
  const models = await lab.request(listModels, { folders: modelFolders() });
  return models
    .filter(({ problem }) => problem === undefined)
    .map(({ name, label, architecture, parameters, contextLength, bundled, folder }) => ({
      label: inLabel(label),
      description: inLabel(
        `${architecture}, ${formatSize(parameters)}, ${vscode.l10n.t('context {0}', formatCount(contextLength))}`,
      ),
      ...(bundled ? {} : { detail: inLabel(folder) }),
      model: name,
      short: label,
    }));
}

async function checkpointItems(lab: Lab): Promise<WeightsItem[]> {
  const experiments = await lab.request(listExperiments, { read: true });
  return finalCheckpoints(experiments).map(({ folder, run, trial: { arm, lr, seed }, stage }) => ({
    label: inLabel(`${arm}: ${stage}`),
    description: inLabel(`${arm} \u00b7 ${formatLearningRate(lr)} \u00b7 ${vscode.l10n.t('seed {0}', seed)}`),
    detail: inLabel(run.id),
    model: folder,
    short: arm,
  }));
}
