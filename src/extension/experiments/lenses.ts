// The lenses on line one of an experiment file: launch it, and show what its last run forgot.
import * as vscode from 'vscode';
import { listExperiments, runsChanged } from '../../shared/protocol/lab/runs.ts';
import type { Workbench } from '../workbench.ts';
import { experimentSelector } from './languageFeatures.ts';

export function registerLenses(workbench: Workbench): void {
  const { lab, context } = workbench;
  const changed = new vscode.EventEmitter<void>();
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: changed.event,
    provideCodeLenses: async (document, token) => {
      const line = new vscode.Range(0, 0, 0, 0);
      const launch = new vscode.CodeLens(line, {
        title: vscode.l10n.t('$(play) Launch'),
        command: 'forgettingLab.launch',
        arguments: [document.fileName],
      });
      const run = await newestRun(workbench, document.fileName, token);
      const heatmap = new vscode.CodeLens(line, {
        title: vscode.l10n.t('$(graph) Show last heatmap'),
        command: 'forgettingLab.showHeatmap',
        arguments: [run],
      });
      return [...(workbench.trusted() ? [launch] : []), ...(run === undefined ? [] : [heatmap])];
    },
  };
  context.subscriptions.push(
    changed,
    vscode.languages.registerCodeLensProvider(experimentSelector, provider),
    lab.on(runsChanged, ({ list }) => {
      if (list) changed.fire();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => changed.fire()),
  );
}

/** Folder of the newest readable run of a file; undefined without one, and where runs cannot be listed. */
async function newestRun(
  { lab, log }: Workbench,
  file: string,
  token: vscode.CancellationToken,
): Promise<string | undefined> {
  try {
    const experiments = await lab.request(listExperiments, {}, token);
    const runs = experiments.find((experiment) => experiment.file === file)?.runs ?? [];
    return runs.find((run) => run.state !== 'corrupt')?.folder;
  } catch (error) {
    // The lens to launch does not depend on it.
    log.debug(`no runs for the lenses of ${file}: ${String(error)}`);
    return undefined;
  }
}
