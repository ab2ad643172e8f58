// The questions about a verifier: the scorer, and the column with what it compares with.
import * as vscode from 'vscode';
import { say } from '../../shared/phrase.ts';
import type { ExperimentMaterial, TaskCandidate } from '../../shared/protocol/lab/experiments.ts';
import { inLabel } from '../outsideText.ts';
import { pickOne } from './stepInputs.ts';
import type { StepEnd, StepPlace } from './steps.ts';

interface Shown {
  title: string;
  place: StepPlace;
}

export const scorerItems = ({ scorers }: ExperimentMaterial) =>
  scorers.map(({ id, title, description }) => ({
    label: inLabel(say(title, vscode.l10n.t)),
    description: id,
    detail: inLabel(say(description, vscode.l10n.t)),
    scorer: id,
  }));

/** Asks for the column of a dataset that holds the right answers; `before` was chosen earlier. */
export function askReferenceColumn(
  shown: Shown,
  { name, columns }: TaskCandidate,
  before: string | undefined,
  chosen: (column: string) => void,
): Promise<StepEnd> {
  const placeholder = vscode.l10n.t('Which column of "{0}" holds the right answer?', name);
  const items = columns.map((column) => ({ label: inLabel(column), column }));
  const active = ({ column }: { column: string }): boolean => column === (before ?? 'answer');
  return pickOne({ ...shown, placeholder, items, active, none: '' }, ({ column }) => chosen(column));
}
