// The extension's log, where the lab server's lines arrive too.
import * as vscode from 'vscode';
import { serverLog } from '../shared/protocol/lab/lifecycle.ts';
import type { Feature } from './workbench.ts';

export const createLog = (): vscode.LogOutputChannel =>
  vscode.window.createOutputChannel('Forgetting Lab', { log: true });

/** `Show Log`, and the server's lines in the log. */
export const logFeature: Feature = ({ command, context, lab, log }) => {
  command('forgettingLab.showLog', () => log.show());
  context.subscriptions.push(
    lab.on(serverLog, ({ level, message }) => {
      if (level === 'error') log.error(message);
      else if (level === 'warning') log.warn(message);
      else log.info(message);
    }),
  );
};
