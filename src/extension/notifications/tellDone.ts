// The end of work that a command was asked for, with the next thing to do. The setting for notifications of ended work rules
// it, too.
import * as vscode from 'vscode';
import { inMessage } from '../outsideText.ts';

/** Tells it, unless nobody wants to be told; whether `next` was chosen. */
export async function tellDone(words: string, next: string): Promise<boolean> {
  const settings = vscode.workspace.getConfiguration('forgettingLab.notifications');
  if (!settings.get<boolean>('runEnded', true)) return false;
  const never = vscode.l10n.t("Don't show again");
  const chosen = await vscode.window.showInformationMessage(inMessage(words), next, never);
  if (chosen === never) await settings.update('runEnded', false, vscode.ConfigurationTarget.Global);
  return chosen === next;
}
