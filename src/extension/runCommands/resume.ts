// Resumes a run. One that was made with other versions, as before an update, goes on only when a person says so.
import * as vscode from 'vscode';
import { LabError, onOneLine } from '../../shared/errors.ts';
import { say } from '../../shared/phrase.ts';
import type { RunSummary } from '../../shared/protocol/lab/runs.ts';
import { launchSession } from '../../shared/protocol/lab/sessions.ts';
import { inMessage } from '../outsideText.ts';
import { isResumable } from '../sidebar/experimentsModel.ts';
import type { ExperimentsStore } from '../sidebar/experimentsStore.ts';
import type { Workbench } from '../workbench.ts';
import { chooseRun } from './chooseRun.ts';

export async function resume({ lab }: Workbench, store: ExperimentsStore, argument: unknown): Promise<void> {
  const { t } = vscode.l10n;
  const resumable = (run: RunSummary): boolean => isResumable(store.model.state(run));
  const run = await chooseRun(store, argument, t('Resume a run'), resumable);
  if (!run) return;
  const work = { kind: 'resume', run: run.folder } as const;
  try {
    await lab.request(launchSession, work);
  } catch (error) {
    if (!(error instanceof LabError) || error.code !== 'run-versions-differ') throw error;
    const anyway = t('Resume Anyway');
    const chosen = await vscode.window.showWarningMessage(inMessage(say(onOneLine(error.words), t)), anyway);
    if (chosen === anyway) await lab.request(launchSession, { ...work, force: true });
  }
}
