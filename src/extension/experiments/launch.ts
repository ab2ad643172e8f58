// Launch: an experiment file becomes a session of the queue; the heatmap of one that begins at once opens as soon as the run
// has a folder.
import * as vscode from 'vscode';
import { say } from '../../shared/phrase.ts';
import { validateExperiment } from '../../shared/protocol/lab/experiments.ts';
import { listExperiments } from '../../shared/protocol/lab/runs.ts';
import { launchSession } from '../../shared/protocol/lab/sessions.ts';
import { activeFile } from '../activeFile.ts';
import { showFailure } from '../command.ts';
import { engineSettings } from '../engineSettings.ts';
import { experimentSize } from '../experimentSize.ts';
import { inLabel } from '../outsideText.ts';
import { pathOf, pathsOf } from '../pathOf.ts';
import { saveExperiment } from '../saveInputs.ts';
import { withAll } from '../withAll.ts';
import type { Workbench } from '../workbench.ts';
import { failureOf } from './carryOut.ts';
import { toRange } from './editorShapes.ts';
import { isExperimentFile } from './experimentFiles.ts';
import { blocking, refusal } from './refusal.ts';
import { beganAtOnce, followSession, isOver } from './sessionEvents.ts';

/** Launches what is selected in a tree; of one experiment or none it answers as `launch`. */
export async function launchAll(workbench: Workbench, one: unknown, all: unknown): Promise<string | undefined> {
  const files = pathsOf(one, all).filter(isExperimentFile);
  if (files.length < 2) return launch(workbench, files[0] ?? one);
  await withAll(files, (file) => launch(workbench, file));
  return undefined;
}

/** Answers with the session's id, or undefined when nothing was chosen. */
export async function launch(workbench: Workbench, argument: unknown): Promise<string | undefined> {
  const file =
    pathOf(argument) ??
    activeExperiment() ??
    (await pickExperiment(workbench, vscode.l10n.t('Launch which experiment?')));
  if (file === undefined) return undefined;
  await saveExperiment(workbench, file);
  await requireValid(workbench, await vscode.workspace.openTextDocument(vscode.Uri.file(file)));
  const { id } = await workbench.lab.request(launchSession, { kind: 'run', experiment: file, ...engineSettings() });
  const following = followSession(workbench.lab, id, (session) => {
    if (session.run === undefined) {
      // A run that never got a folder has no other place to say why.
      if (session.state === 'failed') showFailure(failureOf(session), 'forgettingLab.launch', workbench.log, id);
      return isOver(session);
    }
    // Directly: the list of runs learns of a new folder a moment later. After a wait somebody may be writing where it would
    // open; the status bar leads to it.
    if (beganAtOnce(session))
      workbench.panels.show('heatmap', { title: say(session.title, vscode.l10n.t), run: session.run });
    return true;
  });
  workbench.context.subscriptions.push(following);
  return id;
}

export function activeExperiment(): string | undefined {
  const file = activeFile();
  return file !== undefined && isExperimentFile(file) ? file : undefined;
}

/** A file among the experiments that are known. */
export async function pickExperiment({ lab }: Workbench, title: string): Promise<string | undefined> {
  const items = lab.request(listExperiments, {}).then((experiments) =>
    experiments.flatMap(({ name, file, problem, arms, stages }) => {
      if (file === undefined) return [];
      const sizes = experimentSize({ arms, stages }, vscode.l10n.t);
      const description = problem === undefined ? sizes.join(', ') : vscode.l10n.t('has problems');
      return [{ label: inLabel(name), description, detail: inLabel(vscode.workspace.asRelativePath(file)), file }];
    }),
  );
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
  return chosen?.file;
}

/** Throws what is wrong with a file, and shows the place. */
async function requireValid({ lab }: Workbench, document: vscode.TextDocument): Promise<void> {
  const found = await lab.request(validateExperiment, { path: document.fileName, text: document.getText() });
  const problems = blocking(found);
  const [first] = problems;
  if (!first) return;
  await vscode.window.showTextDocument(document, { selection: toRange(first.range) });
  throw refusal(document.fileName, problems);
}
