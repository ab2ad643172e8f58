// The extension: wires the features together and does nothing else. No process is started and no file is read before
// somebody looks at something; closing the window detaches from the lab server and leaves it to its work.
import * as vscode from 'vscode';
import { ChosenAnnotationModel } from './annotationModel.ts';
import { commandRegistrar } from './command.ts';
import { datasetsFeature } from './datasets/datasets.ts';
import { datasetViewFeature } from './datasetView/datasetView.ts';
import { experimentsFeature } from './experiments/experiments.ts';
import { createLab } from './lab/lab.ts';
import { createLog, logFeature } from './log.ts';
import { registerNotifications } from './notifications/notifications.ts';
import { CheckpointNames } from './checkpoints.ts';
import { createPanels } from './panels/panels.ts';
import type { EditorPanels } from './panels/panels.ts';
import { ExperimentsStore } from './sidebar/experimentsStore.ts';
import { registerSidebar } from './sidebar/sidebar.ts';
import type { Sidebar } from './sidebar/sidebar.ts';
import { registerStatus } from './status/status.ts';
import { targetDiffFeature } from './targetDiff/targetDiff.ts';
import type { Feature, Workbench } from './workbench.ts';

/** Features that need nothing but the workbench. */
const features: readonly Feature[] = [
  logFeature,
  experimentsFeature,
  datasetsFeature,
  targetDiffFeature,
  datasetViewFeature,
];

/** What other code in the extension host, tests above all, can see. */
export interface ForgettingLabApi {
  /** Time that `activate` took, ms. */
  readonly activationMs: number;
  readonly workbench: Workbench;
  readonly store: ExperimentsStore;
  readonly sidebar: Sidebar;
  readonly panels: EditorPanels;
}

export function activate(context: vscode.ExtensionContext): ForgettingLabApi {
  const start = performance.now();
  const log = createLog();
  const trusted = (): boolean => vscode.workspace.isTrusted;
  const lab = createLab(context, log);
  const panels = createPanels(context, () => workbench);
  const command = commandRegistrar({ context, log, trusted });
  const names = new CheckpointNames(lab, vscode.l10n.t);
  const annotationModel = new ChosenAnnotationModel(context.workspaceState);
  const workbench: Workbench = { context, lab, names, annotationModel, panels, log, trusted, command };
  const store = new ExperimentsStore(lab);
  context.subscriptions.push(log, store, annotationModel);
  const sidebar = registerSidebar(workbench, store);
  registerStatus(workbench, store, sidebar.experiments);
  registerNotifications(workbench, store);
  for (const feature of features) feature(workbench);
  const activationMs = performance.now() - start;
  log.info(`activated in ${activationMs.toFixed(1)} ms`);
  return { activationMs, workbench, store, sidebar, panels };
}
