// How a document is shown at the end of work in the background, while somebody may be writing elsewhere.
import * as vscode from 'vscode';

/**
 * Shows it without taking the focus. Beside a text editor, not in its place: an editor that keeps the focus while it changes
 * its text would take what is typed.
 */
export function unasked(): vscode.TextDocumentShowOptions {
  const viewColumn = vscode.window.activeTextEditor ? vscode.ViewColumn.Beside : vscode.ViewColumn.Active;
  return { preview: true, preserveFocus: true, viewColumn };
}
