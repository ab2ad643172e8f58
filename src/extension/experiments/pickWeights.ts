// Weights to work with: models, and the final checkpoints of runs.
import type * as vscode from 'vscode';
import { listModels } from '../../shared/protocol/lab/models.ts';
import { listExperiments } from '../../shared/protocol/lab/runs.ts';
import { formatLearningRate, formatSize } from '../../shared/words.ts';
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
    .map(({ name, label, architecture, parameters, bundled, folder }) => ({
      label: inLabel(label),
      description: inLabel(`${architecture}, ${formatSize(parameters)}`),
      ...(bundled ? {} : { detail: inLabel(folder) }),
      model: name,
      short: label,
    }));
}

async function checkpointItems(lab: Lab): Promise<WeightsItem[]> {
  const experiments = await lab.request(listExperiments, {});
  const items: WeightsItem[] = [];
  for (const run of experiments.flatMap(({ runs }) => runs)) {
    for (const { arm, lr, seed, stages } of run.trials) {
      for (const { stage, name, checkpoints } of stages) {
        // The base is the model that is listed already, once for every arm.
        if (stage === 0) continue;
        const final = checkpoints.find(({ what, exists }) => what === 'final' && exists);
        if (!final) continue;
        const trial = `${arm} · ${formatLearningRate(lr)} · seed ${seed}`;
        items.push({
          label: inLabel(`${arm}: ${name}`),
          description: inLabel(trial),
          detail: inLabel(run.id),
          model: final.folder,
          short: arm,
        });
      }
    }
  }
  return items;
}
