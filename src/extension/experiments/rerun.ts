// Rerun with Changes: the configuration a run really had becomes a new experiment file.
import * as vscode from 'vscode';
import { say } from '../../shared/phrase.ts';
import { rerunExperiment } from '../../shared/protocol/lab/experiments.ts';
import { listExperiments } from '../../shared/protocol/lab/runs.ts';
import { inLabel } from '../outsideText.ts';
import { pathOf } from '../pathOf.ts';
import type { Workbench } from '../workbench.ts';
import { writeNew } from './newFile.ts';

/** Writes and opens the file; answers with its path, or undefined when nothing was chosen. */
export async function rerunWithChanges(workbench: Workbench, argument: unknown): Promise<string | undefined> {
  const run = pathOf(argument) ?? (await pickRun(workbench, vscode.l10n.t('Rerun which run with changes?')));
  if (run === undefined) return undefined;
  const { path, text } = await workbench.lab.request(rerunExperiment, { run });
  await writeNew(path, text);
  await vscode.window.showTextDocument(vscode.Uri.file(path), { preview: false });
  return path;
}

/** A readable run among all, the newest of each experiment first. */
export async function pickRun({ lab }: Workbench, title: string): Promise<string | undefined> {
  const items = lab.request(listExperiments, {}).then((experiments) =>
    experiments.flatMap(({ name, runs }) =>
      runs
        .filter(({ state }) => state !== 'corrupt')
        .map(({ id, line, folder }) => ({
          label: inLabel(id),
          description: inLabel(say(line, vscode.l10n.t)),
          detail: inLabel(name),
          run: folder,
        })),
    ),
  );
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDescription: true, matchOnDetail: true });
  return chosen?.run;
}
