// Which run a command is about: the row or folder it was called with, or the one that somebody picks.
import * as vscode from 'vscode';
import { LabError } from '../../shared/errors.ts';
import { phrase, say } from '../../shared/phrase.ts';
import type { RunSummary } from '../../shared/protocol/lab/runs.ts';
import { inLabel } from '../outsideText.ts';
import { pathOf } from '../pathOf.ts';
import type { ExperimentsStore } from '../sidebar/experimentsStore.ts';
import type { ExperimentNode } from '../sidebar/nodes.ts';
import { runTitle, stateWord } from '../sidebar/rows.ts';

type RunItem = vscode.QuickPickItem & { run: RunSummary };

/**
 * The run behind an argument: a run folder, an experiment file (its newest run), or a row of the tree. Without one,
 * somebody picks among the runs that pass `wanted`; undefined when they did not.
 */
export async function chooseRun(
  store: ExperimentsStore,
  argument: unknown,
  title: string,
  wanted: (run: RunSummary) => boolean = () => true,
): Promise<RunSummary | undefined> {
  await store.require();
  const path = pathOf(argument) ?? experimentOf(argument);
  if (path !== undefined) return namedRun(store, path);
  const runs = store.model.allRuns().filter(wanted);
  if (runs.length === 0) throw noRun();
  const chosen = await vscode.window.showQuickPick(
    runs.map((run) => itemOf(store, run)),
    {
      title,
      matchOnDescription: true,
      matchOnDetail: true,
    },
  );
  return chosen?.run;
}

/** Several runs to compare, picked with check boxes; `checked` are checked to begin with. */
export async function chooseRuns(
  store: ExperimentsStore,
  title: string,
  checked: readonly string[],
): Promise<RunSummary[] | undefined> {
  await store.require();
  const runs = store.model.allRuns().filter(({ state }) => state !== 'corrupt');
  if (runs.length < 2) {
    throw new LabError('run-invalid', phrase('There are no two runs to compare'), {
      remedy: phrase('Launch an experiment once more'),
    });
  }
  const items = runs.map((run) => ({ ...itemOf(store, run), picked: checked.includes(run.folder) }));
  const options = { title, canPickMany: true as const, matchOnDescription: true, matchOnDetail: true };
  return (await vscode.window.showQuickPick(items, options))?.map(({ run }) => run);
}

/** Key of the experiment behind a row of the tree: it has no path where the file is gone. */
function experimentOf(argument: unknown): string | undefined {
  const node = argument as Partial<ExperimentNode> | null | undefined;
  return node?.kind === 'experiment' ? node.key : undefined;
}

async function namedRun(store: ExperimentsStore, path: string): Promise<RunSummary> {
  const find = (): RunSummary | undefined => {
    const runs = store.model.experiment(path)?.runs ?? [];
    return store.model.run(path) ?? runs.find(({ state }) => state !== 'corrupt') ?? runs[0];
  };
  let run = find();
  // What was made a moment ago may not be on the list yet.
  if (!run && store.model.experiment(path)) {
    await store.refresh();
    run = find();
  } else run ??= await store.lookUp(path);
  if (run) return run;
  throw store.model.experiment(path)
    ? new LabError('run-invalid', phrase('{0} has not been run yet', path), { remedy: phrase('Launch it first') })
    : new LabError('run-invalid', phrase('There is no run "{0}"', path), {
        remedy: phrase('The experiments view shows the runs there are'),
      });
}

const noRun = (): LabError =>
  new LabError('run-invalid', phrase('There is no such run in this workspace'), {
    remedy: phrase('Launch an experiment first'),
  });

function itemOf(store: ExperimentsStore, run: RunSummary): RunItem {
  const { t } = vscode.l10n;
  const state = store.model.state(run);
  const line = say(run.line, t);
  const word = stateWord(state, t);
  return {
    label: inLabel(runTitle(run)),
    description: inLabel(state === 'done' || line.startsWith(word) ? line : `${word}, ${line}`),
    detail: inLabel(
      run.trials
        .map(({ arm }) => arm)
        .filter((arm, k, all) => all.indexOf(arm) === k)
        .join(', '),
    ),
    run,
  };
}
