// The views of the activity bar container with the commands that only they have.
import * as vscode from 'vscode';
import { removeSession } from '../../shared/protocol/lab/sessions.ts';
import { isExperimentFile } from '../experiments/experimentFiles.ts';
import { pathOf, pathsOf, rowsOf } from '../pathOf.ts';
import { registerRunCommands } from '../runCommands/runCommands.ts';
import { removableAmong, runsOf, sessionsOf } from '../runCommands/selection.ts';
import { withAll } from '../withAll.ts';
import type { Workbench } from '../workbench.ts';
import type { Order } from './experimentsModel.ts';
import type { ExperimentsStore } from './experimentsStore.ts';
import { ExperimentsTree } from './experimentsTree.ts';
import { DatasetsTree, ModelsTree } from './resourceTrees.ts';

export interface Sidebar {
  readonly experiments: ExperimentsTree;
  readonly datasets: DatasetsTree;
  readonly models: ModelsTree;
}

export function registerSidebar(workbench: Workbench, store: ExperimentsStore): Sidebar {
  const experiments = new ExperimentsTree(workbench, store);
  const datasets = new DatasetsTree(workbench);
  const models = new ModelsTree(workbench);
  workbench.context.subscriptions.push(experiments, datasets, models);
  registerRunCommands(workbench, store, () => experiments.checkedRuns());
  registerTreeCommands(workbench, store, { experiments, datasets, models });
  return { experiments, datasets, models };
}

function registerTreeCommands(workbench: Workbench, store: ExperimentsStore, trees: Sidebar): void {
  const { command } = workbench;
  const { experiments } = trees;
  command('forgettingLab.internal.filterRuns', () => askFilter(experiments, store.model.filter));
  command('forgettingLab.internal.clearFilter', () => experiments.filter(''));
  command('forgettingLab.internal.sortRuns', () => askOrder(experiments, store.model.order));
  command('forgettingLab.internal.compareChecked', () =>
    vscode.commands.executeCommand('forgettingLab.compareRuns', experiments.checkedRuns()),
  );
  command('forgettingLab.internal.star', (one, all) => experiments.star(runsOf(one, all), true));
  command('forgettingLab.internal.unstar', (one, all) => experiments.star(runsOf(one, all), false));
  command('forgettingLab.internal.refresh', async () => {
    await store.refresh();
    trees.datasets.redraw();
    trees.models.redraw();
  });
  command(
    'forgettingLab.internal.removeSession',
    async (one, all) => {
      const rows = rowsOf(one, all);
      const sessions = rows.length > 1 ? removableAmong(store.model, rows) : sessionsOf(rows);
      await withAll(sessions, (id) => workbench.lab.request(removeSession, { id }));
    },
    { needsTrust: true },
  );
  command(
    'forgettingLab.internal.annotateWith',
    async (node) => {
      const model = pathOf(node);
      if (model !== undefined) await workbench.annotationModel.choose(model);
    },
    { needsTrust: true },
  );
  command('forgettingLab.internal.openFile', async (one, all) => {
    const files = pathsOf(one, all).filter(isExperimentFile);
    // A tab in preview gives way to the next.
    const options = files.length > 1 ? [{ preview: false }] : [];
    for (const file of files) await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(file), ...options);
  });
  command('forgettingLab.internal.copyPath', async (one, all) => {
    await vscode.env.clipboard.writeText(pathsOf(one, all).join('\n'));
  });
}

/** The tree follows while somebody types; Escape brings the earlier filter back. */
function askFilter(tree: ExperimentsTree, before: string): Promise<void> {
  const box = vscode.window.createInputBox();
  box.title = vscode.l10n.t('Filter runs');
  box.placeholder = vscode.l10n.t('Experiment, arm, run or state');
  box.value = before;
  return new Promise((resolve) => {
    let accepted = false;
    box.onDidChangeValue((text) => tree.filter(text));
    box.onDidAccept(() => {
      accepted = true;
      box.hide();
    });
    box.onDidHide(() => {
      if (!accepted) tree.filter(before);
      box.dispose();
      resolve();
    });
    box.show();
  });
}

async function askOrder(tree: ExperimentsTree, current: Order): Promise<void> {
  const { t } = vscode.l10n;
  const items: (vscode.QuickPickItem & { order: Order })[] = [
    { label: t('Newest first'), order: 'newest' },
    { label: t('By name'), order: 'name' },
    { label: t('Most forgotten first'), order: 'forgotten' },
  ];
  for (const item of items) if (item.order === current) item.description = t('now');
  const chosen = await vscode.window.showQuickPick(items, { title: t('Sort runs') });
  if (chosen) await tree.sort(chosen.order);
}
