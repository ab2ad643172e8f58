// Diagnostics of open experiment files: asked for after typing has paused, dropped when the text has moved on.
import * as vscode from 'vscode';
import { describeError } from '../../shared/errors.ts';
import { validateExperiment } from '../../shared/protocol/lab/experiments.ts';
import type { ExperimentDiagnostic } from '../../shared/protocol/lab/experiments.ts';
import { isCancellation } from '../failure.ts';
import type { Workbench } from '../workbench.ts';
import { Debounce } from './debounce.ts';
import { isExperimentFile } from './experimentFiles.ts';
import { toDiagnostic } from './editorShapes.ts';

const typingPauseMs = 150;
const fileChangesMs = 500;

interface Known {
  version: number;
  problems: ExperimentDiagnostic[];
}

export class ExperimentDiagnostics {
  private readonly collection = vscode.languages.createDiagnosticCollection('forgettingLab.experiments');
  private readonly typing = new Debounce<string>(typingPauseMs);
  private readonly files = new Debounce<'files'>(fileChangesMs);
  private readonly known = new Map<string, Known>();

  constructor(private readonly workbench: Workbench) {
    const watcher = vscode.workspace.createFileSystemWatcher(
      '**/*.{jsonl,json,experiment.yaml,experiment.yml}',
      false,
      true,
      false,
    );
    const again = (): void => this.files.later('files', () => this.refreshAll());
    workbench.context.subscriptions.push(
      this.collection,
      this.typing,
      this.files,
      watcher,
      // A dataset that appears or goes changes what is wrong with the files that name it, an experiment with its name
      // those of the same name.
      watcher.onDidCreate(again),
      watcher.onDidDelete(again),
      vscode.workspace.onDidOpenTextDocument((document) => this.refresh(document, 0)),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.refresh(document)),
      vscode.workspace.onDidSaveTextDocument((document) => this.saved(document, again)),
      // What it names may have changed while it was not looked at.
      vscode.window.onDidChangeActiveTextEditor((editor) => editor && this.refresh(editor.document, 0)),
      vscode.workspace.onDidCloseTextDocument((document) => this.forget(document)),
    );
    this.refreshAll();
  }

  /** Problems of the document as it is now; undefined while they are not known. */
  problemsOf(document: vscode.TextDocument): ExperimentDiagnostic[] | undefined {
    const known = this.known.get(document.uri.toString());
    return known?.version === document.version ? known.problems : undefined;
  }

  private refreshAll(): void {
    for (const document of vscode.workspace.textDocuments) this.refresh(document, 0);
  }

  /** A dataset that was edited may be mended now, or broken; an experiment may have taken the name of another. */
  private saved(document: vscode.TextDocument, again: () => void): void {
    if (isExperimentFile(document.fileName)) this.refresh(document);
    if (isExperimentFile(document.fileName) || /\.jsonl?$/i.test(document.fileName)) again();
  }

  private refresh(document: vscode.TextDocument, delay?: 0): void {
    if (document.uri.scheme !== 'file' || !isExperimentFile(document.fileName)) return;
    const check = (): void => void this.check(document);
    if (delay === 0) check();
    else this.typing.later(document.uri.toString(), check);
  }

  private async check(document: vscode.TextDocument): Promise<void> {
    const { version, uri } = document;
    try {
      const params = { path: document.fileName, text: document.getText() };
      const problems = await this.workbench.lab.request(validateExperiment, params);
      if (document.isClosed || document.version !== version) return;
      this.known.set(uri.toString(), { version, problems });
      this.collection.set(uri, problems.filter((problem) => isOurs(document, problem)).map(toDiagnostic));
    } catch (error) {
      // Without a server a file is only not checked; commands say why there is none.
      if (isCancellation(error)) return;
      this.workbench.log.warn(`${document.fileName} was not checked: ${describeError(error)}`);
    }
  }

  private forget(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    this.typing.cancel(key);
    this.known.delete(key);
    this.collection.delete(document.uri);
  }
}

/**
 * The editor's own JSON support reports the syntax of JSON already. What it takes for JSON with comments or JSON Lines it
 * judges by other rules, and a run would still be refused.
 */
export function isOurs(document: vscode.TextDocument, problem: ExperimentDiagnostic): boolean {
  if (problem.code !== 'syntax' || document.languageId !== 'json') return true;
  return vscode.extensions.getExtension('vscode.json-language-features') === undefined;
}
