// Commands on runs: stop, resume, the panels, the report, the folder.
import { relative } from 'node:path';
import * as vscode from 'vscode';
import { LabError } from '../../shared/errors.ts';
import { phrase, say } from '../../shared/phrase.ts';
import type { RunSummary } from '../../shared/protocol/lab/runs.ts';
import { removeSession, stopSession } from '../../shared/protocol/lab/sessions.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import { inLabel } from '../outsideText.ts';
import { rowsOf } from '../pathOf.ts';
import { isActive, runOf } from '../sidebar/experimentsModel.ts';
import type { ExperimentsStore } from '../sidebar/experimentsStore.ts';
import { progressWords, runTitle } from '../sidebar/rows.ts';
import { withAll } from '../withAll.ts';
import type { Workbench } from '../workbench.ts';
import { chooseRun, chooseRuns } from './chooseRun.ts';
import { openReport } from './openReport.ts';
import { resume } from './resume.ts';
import { resumableAmong, runsOf, stoppableAmong } from './selection.ts';
import type { StopTarget } from './selection.ts';

/** Registers them. `checked` gives the runs that are checked in the tree. */
export function registerRunCommands(workbench: Workbench, store: ExperimentsStore, checked: () => string[]): void {
  const { command, panels } = workbench;
  const { t } = vscode.l10n;
  const needsTrust = { needsTrust: true };
  command('forgettingLab.stop', (one, more) => stop(workbench, store, rowsOf(one, more), more), needsTrust);
  command('forgettingLab.resume', (one, all) => resumeAll(workbench, store, rowsOf(one, all)), needsTrust);
  command('forgettingLab.showHeatmap', async (argument) => {
    const run = await chooseRun(store, argument, t('Show the heatmap of a run'), isReadable);
    if (run) panels.show('heatmap', { title: runTitle(run), run: run.folder });
  });
  command('forgettingLab.showMonitor', async (argument) => {
    const run = await chooseRun(store, argument, t('Watch a run'), isReadable);
    if (run) panels.show('monitor', { title: t('Monitor: {0}', runTitle(run)), run: run.folder });
  });
  command('forgettingLab.compareRuns', async (one, all) => {
    const named = runsOf(one, all).filter((run) => store.model.run(run)?.state !== 'corrupt');
    // One row alone is what the comparison begins with.
    const runs =
      named.length > 1
        ? named
        : (await chooseRuns(store, t('Compare runs'), named.length === 1 ? named : checked()))?.map(
            ({ folder }) => folder,
          );
    if (!runs) return;
    if (runs.length < 2)
      throw new LabError('usage', phrase('One run alone cannot be compared'), {
        remedy: phrase('Choose at least two'),
      });
    panels.show('compare', { title: t('Compare {0} runs', runs.length), runs });
  });
  command('forgettingLab.openReport', async (argument) => {
    const run = await chooseRun(store, argument, t('Open the report of a run'), isReadable);
    if (run) await openReport(workbench, run);
  });
  command('forgettingLab.revealRun', async (argument) => {
    const run = await chooseRun(store, argument, t('Reveal the folder of a run'));
    if (run) await reveal(run.folder);
  });
}

const isReadable = ({ state }: RunSummary): boolean => state !== 'corrupt';

type How = 'save' | 'now';

async function stop(
  workbench: Workbench,
  store: ExperimentsStore,
  rows: readonly unknown[],
  asked: unknown,
): Promise<void> {
  await store.require();
  const targets = await stopTargets(store, rows);
  const waiting = targets.filter(isQueued);
  const going = targets.filter((target) => !isQueued(target));
  const known = asked === 'save' || asked === 'now' ? asked : undefined;
  // What is stopping already can only be ended at once.
  const how = known ?? (going.every(isStopping) ? 'now' : await chooseHow());
  if (!how) return;
  const stopped = how === 'now' ? going : going.filter((target) => !isStopping(target));
  // What waits comes off the list first: it would begin as soon as what is before it has stopped.
  await withAll(waiting, ({ id }) => workbench.lab.request(removeSession, { id }));
  await withAll(stopped, (target) =>
    workbench.lab.request(stopSession, 'state' in target ? { id: target.id, how } : { run: target.run, how }),
  );
}

/** All that can be stopped of several rows; of one row or none, that one or what somebody picks. */
async function stopTargets(store: ExperimentsStore, rows: readonly unknown[]): Promise<StopTarget[]> {
  if (rows.length > 1) {
    const targets = stoppableAmong(store.model, rows);
    if (targets.length === 0) throw nothingRuns();
    return targets;
  }
  const target = await stoppable(store, rows[0]);
  return target ? [target] : [];
}

const isQueued = (target: StopTarget): target is SessionSummary => 'state' in target && target.state === 'queued';

const isStopping = (target: StopTarget): boolean => 'state' in target && target.state === 'stopping';

/** The session or run that an argument names, the only one there is, or the one that is picked. */
async function stoppable(store: ExperimentsStore, argument: unknown): Promise<StopTarget | undefined> {
  const { model } = store;
  const node = argument as { kind?: unknown; session?: unknown } | null | undefined;
  if (node?.kind === 'session' && typeof node.session === 'string') return model.session(node.session);
  if (argument !== undefined && argument !== null) {
    const run = await chooseRun(store, argument, '');
    return run && (model.sessionOf(run.folder) ?? { run: run.folder });
  }
  const sessions = model.allSessions().filter(isActive);
  const known = new Set(sessions.map(runOf));
  const foreign = model.allRuns().filter((run) => run.state === 'running' && !known.has(run.folder));
  const items = [
    ...sessions.map((one) => ({
      label: inLabel(say(one.title, vscode.l10n.t)),
      description: sessionLine(one),
      target: one,
    })),
    ...foreign.map((run) => ({
      label: inLabel(runTitle(run)),
      description: inLabel(say(run.line, vscode.l10n.t)),
      target: { run: run.folder },
    })),
  ];
  if (items.length === 0) throw nothingRuns();
  if (items.length === 1) return items[0]?.target;
  return (await vscode.window.showQuickPick(items, stopQuestion()))?.target;
}

const nothingRuns = (): LabError =>
  new LabError('usage', phrase('Nothing is running'), { remedy: phrase('Launch an experiment first') });

/** It stays until it is answered: a panel that takes the focus while it loads must not keep anybody from stopping. */
const stopQuestion = (): vscode.QuickPickOptions => ({ title: vscode.l10n.t('Stop'), ignoreFocusOut: true });

function sessionLine(session: SessionSummary): string {
  const { t } = vscode.l10n;
  if (session.state === 'stopping') return t('stopping');
  return session.progress ? progressWords(session.progress, t) : t('queued');
}

async function chooseHow(): Promise<How | undefined> {
  const { t } = vscode.l10n;
  const items: (vscode.QuickPickItem & { how: How })[] = [
    { label: t('Stop and save'), detail: t('Finishes the step and saves; it can be resumed from there.'), how: 'save' },
    { label: t('Stop now'), detail: t('Ends at once; it can be resumed from the last saved state.'), how: 'now' },
  ];
  return (await vscode.window.showQuickPick(items, stopQuestion()))?.how;
}

/** Resumes the runs of a selection, or the one that somebody picks. */
async function resumeAll(workbench: Workbench, store: ExperimentsStore, rows: readonly unknown[]): Promise<void> {
  await store.require();
  const runs = rows.length > 1 ? resumableAmong(store.model, rows) : [rows[0]];
  await withAll(runs, (run) => resume(workbench, store, run));
}

/** In the explorer where it is part of the workspace, in the system's file manager otherwise. */
async function reveal(folder: string): Promise<void> {
  const uri = vscode.Uri.file(folder);
  const inside = vscode.workspace.workspaceFolders?.some((one) => !relative(one.uri.fsPath, folder).startsWith('..'));
  await vscode.commands.executeCommand(inside ? 'revealInExplorer' : 'revealFileInOS', uri);
}
