// The one item in the status bar: a quiet mark while nothing happens, percent and name while something runs, the failure
// after it failed. A click goes to the session, or to the experiments.
import * as vscode from 'vscode';
import { describeError } from '../../shared/errors.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import { placeOf, readLock } from '../lab/place.ts';
import { runOf } from '../sidebar/experimentsModel.ts';
import type { ExperimentsStore } from '../sidebar/experimentsStore.ts';
import type { ExperimentsTree } from '../sidebar/experimentsTree.ts';
import { servedFolder } from '../servedFolder.ts';
import type { Workbench } from '../workbench.ts';
import { statusText } from './statusText.ts';

/** Under which a workspace keeps the ids of failures that somebody has looked at. */
const seenKey = 'seenFailures';

/** Registers it. `tree` shows the row of a session that has no run. */
export function registerStatus(
  workbench: Workbench,
  store: ExperimentsStore,
  tree: Pick<ExperimentsTree, 'reveal'>,
): void {
  const { context, command } = workbench;
  const item = vscode.window.createStatusBarItem('forgettingLab.session', vscode.StatusBarAlignment.Left, 5);
  item.name = 'Forgetting Lab';
  item.command = 'forgettingLab.internal.showSession';
  const seen = new Set(context.workspaceState.get<string[]>(seenKey, []));
  const draw = (): void => {
    const shown = statusText(store.model.allSessions(), seen, vscode.l10n.t);
    item.text = shown.text;
    item.tooltip = new vscode.MarkdownString(shown.tooltip);
    item.accessibilityInformation = { label: shown.accessible };
    item.backgroundColor = shown.failed ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    item.show();
  };
  command('forgettingLab.internal.showSession', async () => {
    const { session } = statusText(store.model.allSessions(), seen, vscode.l10n.t);
    if (!session) {
      await vscode.commands.executeCommand('forgettingLab.experiments.focus');
      return;
    }
    if (session.state === 'failed') {
      seen.add(session.id);
      draw();
      // Only those that are still on the list: the others never come back.
      const kept = [...seen].filter((id) => store.model.session(id));
      await context.workspaceState.update(seenKey, kept);
    }
    await showSession(store, tree, session);
  });
  draw();
  context.subscriptions.push(item, store.onDidChangeSessions(draw), store.onDidChange(draw));
  void lookForServer(workbench, store);
}

/** The monitor of a session's run; the row of a session that has none. */
async function showSession(
  { model }: ExperimentsStore,
  tree: Pick<ExperimentsTree, 'reveal'>,
  session: SessionSummary,
): Promise<void> {
  const run = runOf(session);
  // By its folder: the list of runs learns of a new one a moment later.
  if (run !== undefined) await vscode.commands.executeCommand('forgettingLab.showMonitor', run);
  else await tree.reveal(model.sessionNode(session));
}

/** A server that works for this workspace since an earlier window is attached to at once; none is started for it. */
async function lookForServer({ log }: Workbench, store: ExperimentsStore): Promise<void> {
  const folder = servedFolder();
  try {
    if (folder && (await readLock(await placeOf(folder.uri.fsPath)))) await store.ensure();
  } catch (error) {
    log.warn(describeError(error));
  }
}
