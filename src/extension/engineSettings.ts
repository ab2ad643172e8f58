// Where sessions compute, from the settings of the machine.
import * as vscode from 'vscode';
import type { Device, EngineSettings } from '../shared/protocol/lab/sessions.ts';

/** What the settings say; what they leave open is not in it. */
export function engineSettings(): EngineSettings {
  const settings = vscode.workspace.getConfiguration('forgettingLab');
  const device = settings.get<Device>('device', 'auto');
  const threads = settings.get('threads', 0);
  return { ...(device === 'auto' ? {} : { device }), ...(threads > 0 ? { threads } : {}) };
}
