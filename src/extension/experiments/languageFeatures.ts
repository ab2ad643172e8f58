// Completion, hover and quick fixes of experiment files, answered by the lab server.
import * as vscode from 'vscode';
import { completeExperiment, hoverExperiment } from '../../shared/protocol/lab/experiments.ts';
import { say } from '../../shared/phrase.ts';
import type { ExperimentCompletion, ExperimentDocument, MarkdownWords } from '../../shared/protocol/lab/experiments.ts';
import type { Workbench } from '../workbench.ts';
import type { ExperimentDiagnostics } from './diagnostics.ts';
import { fromPosition, toDiagnostic, toRange } from './editorShapes.ts';
import { experimentPattern } from './experimentFiles.ts';

export const experimentSelector: vscode.DocumentSelector = { scheme: 'file', pattern: experimentPattern };

export function registerLanguageFeatures(workbench: Workbench, diagnostics: ExperimentDiagnostics): void {
  const { lab, context } = workbench;
  const completion: vscode.CompletionItemProvider = {
    provideCompletionItems: async (document, position, token) => {
      const params = { ...textOf(document), position: fromPosition(position) };
      const items = await lab.request(completeExperiment, params, token);
      return token.isCancellationRequested ? [] : items.map(toCompletion);
    },
  };
  const hover: vscode.HoverProvider = {
    provideHover: async (document, position, token) => {
      const found = await lab.request(
        hoverExperiment,
        { ...textOf(document), position: fromPosition(position) },
        token,
      );
      return found && new vscode.Hover(markdownOf(found.markdown), toRange(found.range));
    },
  };
  const fixes: vscode.CodeActionProvider = {
    provideCodeActions: (document, range) => fixesFor(document, range, diagnostics),
  };
  context.subscriptions.push(
    vscode.languages.registerCompletionItemProvider(experimentSelector, completion, ' ', '"', '/', '[', '{', ','),
    vscode.languages.registerHoverProvider(experimentSelector, hover),
    vscode.languages.registerCodeActionsProvider(experimentSelector, fixes, {
      providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
    }),
  );
}

const textOf = (document: vscode.TextDocument): ExperimentDocument => ({
  path: document.fileName,
  text: document.getText(),
});

const kinds: Record<ExperimentCompletion['kind'], vscode.CompletionItemKind> = {
  key: vscode.CompletionItemKind.Property,
  value: vscode.CompletionItemKind.EnumMember,
  file: vscode.CompletionItemKind.File,
  folder: vscode.CompletionItemKind.Folder,
  preset: vscode.CompletionItemKind.Method,
  scorer: vscode.CompletionItemKind.Function,
  name: vscode.CompletionItemKind.Reference,
};

function markdownOf(paragraphs: MarkdownWords): vscode.MarkdownString {
  const lines = (paragraph: MarkdownWords[number]): string =>
    paragraph.map((words) => say(words, vscode.l10n.t)).join('\n');
  return new vscode.MarkdownString(paragraphs.map(lines).join('\n\n'));
}

function toCompletion(item: ExperimentCompletion): vscode.CompletionItem {
  const { label, kind, detail, documentation, insertText, range, sortText } = item;
  const completion = new vscode.CompletionItem(label, kinds[kind]);
  if (detail !== undefined) completion.detail = say(detail, vscode.l10n.t);
  if (documentation !== undefined) completion.documentation = markdownOf(documentation);
  completion.insertText = new vscode.SnippetString(insertText);
  completion.range = toRange(range);
  completion.sortText = sortText;
  // Quotes are part of what is replaced, so they must count when the list is filtered.
  const quote = /^["']/.exec(insertText)?.[0];
  if (quote !== undefined) completion.filterText = `${quote}${label}${quote}`;
  completion.keepWhitespace = true;
  return completion;
}

/** Fixes of the problems that a range touches; none while the problems of this text are not known. */
function fixesFor(
  document: vscode.TextDocument,
  range: vscode.Range,
  diagnostics: ExperimentDiagnostics,
): vscode.CodeAction[] {
  return (diagnostics.problemsOf(document) ?? []).flatMap((problem) => {
    const { fix } = problem;
    if (!fix || !toRange(problem.range).intersection(range)) return [];
    const action = new vscode.CodeAction(say(fix.title, vscode.l10n.t), vscode.CodeActionKind.QuickFix);
    action.edit = new vscode.WorkspaceEdit();
    action.edit.replace(document.uri, toRange(fix.range), fix.newText);
    action.diagnostics = [toDiagnostic(problem)];
    action.isPreferred = true;
    return [action];
  });
}
