// Commands as every feature registers them: refused in Restricted Mode where they must be, and their failures shown with a
// remedy.
import * as vscode from 'vscode';
import { describeFailure } from './failure.ts';
import type { Workbench } from './workbench.ts';

export interface CommandSurroundings {
  context: vscode.ExtensionContext;
  log: vscode.LogOutputChannel;
  trusted(): boolean;
}

/** The `command` function of the workbench. */
export function commandRegistrar(surroundings: CommandSurroundings): Workbench['command'] {
  return (id, handler, options = {}) => {
    const run = async (...args: unknown[]): Promise<unknown> => {
      if (options.needsTrust && !surroundings.trusted()) return explainTrust();
      try {
        return await handler(...args);
      } catch (error) {
        showFailure(error, id, surroundings.log);
        return undefined;
      }
    };
    surroundings.context.subscriptions.push(vscode.commands.registerCommand(id, run));
  };
}

/**
 * Shows what failed and writes it to the log. `place` names the command for the log. `session`: the session whose log says
 * more than that of the extension.
 */
export function showFailure(error: unknown, place: string, log: vscode.LogOutputChannel, session?: string): void {
  const failure = describeFailure(error, vscode.l10n.t);
  if (!failure) return;
  log.error(`${place}: ${failure.bug && error instanceof Error ? (error.stack ?? error.message) : failure.text}`);
  const showLog = vscode.l10n.t('Show Log');
  // Not awaited: a notification may stay for hours.
  void vscode.window.showErrorMessage(failure.text, showLog).then((chosen) => {
    if (chosen === undefined) return;
    if (session === undefined) log.show();
    else void vscode.commands.executeCommand('forgettingLab.internal.readSession', { session });
  });
}

function explainTrust(): undefined {
  const manage = vscode.l10n.t('Manage Workspace Trust');
  const message = vscode.l10n.t('Nothing is executed or written in Restricted Mode.');
  void vscode.window.showWarningMessage(message, manage).then((chosen) => {
    if (chosen === manage) void vscode.commands.executeCommand('workbench.trust.manage');
  });
  return undefined;
}
