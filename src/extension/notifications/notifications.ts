// The only notifications that nobody asked for: the end or failure of long work while the window was out of sight.
import * as vscode from 'vscode';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import { runOf } from '../sidebar/experimentsModel.ts';
import type { ExperimentsStore } from '../sidebar/experimentsStore.ts';
import { toldSessions } from '../toldSessions.ts';
import type { Workbench } from '../workbench.ts';
import { endedMessage } from './runEnded.ts';

const section = 'forgettingLab.notifications';

export function registerNotifications({ context, log }: Workbench, store: ExperimentsStore): void {
  context.subscriptions.push(
    store.onDidEndSession((session) => {
      tellEnd(session).then(undefined, (error: unknown) => log.error(error instanceof Error ? error : String(error)));
    }),
  );
}

async function tellEnd(session: SessionSummary): Promise<void> {
  const settings = vscode.workspace.getConfiguration(section);
  if (toldSessions.has(session.id) || !settings.get<boolean>('runEnded', true)) return;
  const { t } = vscode.l10n;
  const message = endedMessage(session, vscode.window.state.focused, t);
  if (!message) return;
  const run = runOf(session);
  const showHeatmap = t('Show heatmap');
  const showLog = t('Show Log');
  const never = t("Don't show again");
  const look = message.failed ? showLog : showHeatmap;
  const choices = message.failed || run !== undefined ? [look, never] : [never];
  const show = message.failed ? vscode.window.showErrorMessage : vscode.window.showInformationMessage;
  const chosen = await show(message.text, ...choices);
  if (chosen === never) await settings.update('runEnded', false, vscode.ConfigurationTarget.Global);
  else if (chosen === showHeatmap) await vscode.commands.executeCommand('forgettingLab.showHeatmap', run);
  else if (chosen === showLog)
    await vscode.commands.executeCommand('forgettingLab.internal.readSession', { session: session.id });
}
