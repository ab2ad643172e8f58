// Which model annotates datasets: the one chosen for the workspace, else the setting's. The choice is kept by the editor: a
// file of the workspace must not say what is loaded and run, whoever wrote it.
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import type { ScoringModel } from '../shared/protocol/lab/datasets.ts';
import type { AnnotationModel } from './workbench.ts';

const choice = 'annotationModel';
const setting = 'annotations.model';

/** The answer for this window; `state` keeps what is chosen. */
export class ChosenAnnotationModel implements AnnotationModel, vscode.Disposable {
  private readonly state: vscode.Memento;
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly configured: vscode.Disposable;

  constructor(state: vscode.Memento) {
    this.state = state;
    this.configured = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration(`forgettingLab.${setting}`)) this.changed.fire();
    });
  }

  get name(): string {
    return this.state.get<string>(choice) ?? this.ofSetting();
  }

  scoring(): ScoringModel {
    const settings = vscode.workspace.getConfiguration('forgettingLab');
    return {
      name: this.name,
      device: settings.get<NonNullable<ScoringModel['device']>>('device', 'auto'),
      threads: settings.get('threads', 0),
    };
  }

  async choose(name: string): Promise<void> {
    // Who chooses what the setting says follows the setting again.
    await this.state.update(choice, name === this.ofSetting() ? undefined : name);
    this.changed.fire();
  }

  dispose(): void {
    this.configured.dispose();
    this.changed.dispose();
  }

  private ofSetting(): string {
    const name = vscode.workspace.getConfiguration('forgettingLab').get(setting, 'pocket').trim() || 'pocket';
    return name.replace(/^~(?=$|[\\/])/, homedir());
  }
}
