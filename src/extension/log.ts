// The extension's log, where the lab server's lines arrive too.
import * as vscode from 'vscode';
import type { Feature } from './workbench.ts';

export const createLog = (): vscode.LogOutputChannel =>
  vscode.window.createOutputChannel('Forgetting Lab', { log: true });

export const logFeature: Feature = ({ command, log }) => {
  command('forgettingLab.showLog', () => log.show());
};
