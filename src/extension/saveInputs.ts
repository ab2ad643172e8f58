// What the lab server reads from disk is saved before it gets work: it reads what the person sees.
import * as vscode from 'vscode';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import { outlineExperiment } from '../shared/protocol/lab/experiments.ts';
import type { Workbench } from './workbench.ts';

type Surroundings = Pick<Workbench, 'lab' | 'trusted'>;

/** Saves those of the files that have unsaved changes; throws when one stays as it was. Paths are absolute. */
export async function saveInputs({ trusted }: Pick<Surroundings, 'trusted'>, files: readonly string[]): Promise<void> {
  const named = new Set(files.map((file) => vscode.Uri.file(file).toString()));
  const unsaved = vscode.workspace.textDocuments.filter(({ uri, isDirty }) => isDirty && named.has(uri.toString()));
  for (const document of unsaved) {
    // In Restricted Mode nothing is written, but old rows are not shown as the new ones either.
    if (!trusted() || !(await document.save())) throw notSaved(document.uri.fsPath);
  }
}

/** The same for an experiment file and every file that it names. */
export async function saveExperiment(surroundings: Surroundings, file: string): Promise<void> {
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(file));
  const { files } = await surroundings.lab.request(outlineExperiment, { path: file, text: document.getText() });
  await saveInputs(surroundings, [file, ...files]);
}

const notSaved = (file: string): LabError =>
  new LabError('usage', phrase('{0} has changes that are not saved', file), {
    remedy: phrase('Save the file or take its changes back, then start this once more'),
  });
