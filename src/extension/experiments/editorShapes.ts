// Positions, ranges and diagnostics between the protocol and the editor's own classes.
import * as vscode from 'vscode';
import type { ExperimentDiagnostic, TextPosition, TextRange } from '../../shared/protocol/lab/experiments.ts';
import { say } from '../../shared/phrase.ts';

export const toRange = ({ start, end }: TextRange): vscode.Range =>
  new vscode.Range(start.line, start.character, end.line, end.character);

export const fromPosition = ({ line, character }: vscode.Position): TextPosition => ({ line, character });

export const fromRange = ({ start, end }: vscode.Range): TextRange => ({
  start: fromPosition(start),
  end: fromPosition(end),
});

/** Shown in the list of problems. */
export const diagnosticSource = 'Forgetting Lab';

export function toDiagnostic(problem: ExperimentDiagnostic): vscode.Diagnostic {
  const message = say(problem.message, vscode.l10n.t);
  const severities = vscode.DiagnosticSeverity;
  const severity = problem.severity === 'warning' ? severities.Warning : severities.Error;
  const diagnostic = new vscode.Diagnostic(toRange(problem.range), message, severity);
  diagnostic.source = diagnosticSource;
  diagnostic.code = problem.code;
  return diagnostic;
}
