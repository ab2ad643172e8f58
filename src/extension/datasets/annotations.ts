// Perplexity beside every row, what stands behind it on hover, the summary above line one, and bad rows as problems.
import * as vscode from 'vscode';
import { explainDatasetRow } from '../../shared/protocol/lab/datasets.ts';
import type { DatasetProblem } from '../../shared/protocol/lab/datasets.ts';
import { diagnosticSource } from '../experiments/editorShapes.ts';
import type { ModelNames, Workbench } from '../workbench.ts';
import { datasetSelector } from './datasetFiles.ts';
import type { OpenDatasets } from './openDatasets.ts';
import { hintLabel, hintTooltip, hoverMarkdown, lensTitle, lensTooltip } from './rowText.ts';
import { say } from '../../shared/phrase.ts';

const { t } = vscode.l10n;

export function registerAnnotations(workbench: Workbench, datasets: OpenDatasets): void {
  const { context, names } = workbench;
  const hints = new vscode.EventEmitter<void>();
  const lenses = new vscode.EventEmitter<void>();
  context.subscriptions.push(
    hints,
    lenses,
    datasets.onDidChangeRows(() => hints.fire()),
    datasets.onDidSummarise(() => lenses.fire()),
    vscode.languages.registerInlayHintsProvider(datasetSelector, {
      onDidChangeInlayHints: hints.event,
      provideInlayHints: (document, range, token) => hintsOf(workbench, datasets, names, document, range, token),
    }),
    vscode.languages.registerHoverProvider(datasetSelector, {
      provideHover: (document, position, token) => hoverOf(workbench, datasets, names, document, position, token),
    }),
    vscode.languages.registerCodeLensProvider(datasetSelector, {
      onDidChangeCodeLenses: lenses.event,
      provideCodeLenses: (document) => lensesOf(workbench, datasets, names, document),
    }),
    problemsOf(datasets),
  );
}

async function hintsOf(
  { annotationModel }: Workbench,
  datasets: OpenDatasets,
  names: ModelNames,
  document: vscode.TextDocument,
  range: vscode.Range,
  token: vscode.CancellationToken,
): Promise<vscode.InlayHint[]> {
  if (!datasets.annotations(document).perplexity || !(await datasets.ready(document))) return [];
  const rows = await datasets.rows(document, { from: range.start.line, to: range.end.line }, false, token);
  const model = await names.nameOf(annotationModel.name);
  return rows.flatMap((row) => {
    const label = hintLabel(row);
    if (label === undefined || row.line < range.start.line) return [];
    const hint = new vscode.InlayHint(new vscode.Position(row.line, row.character), label);
    hint.paddingRight = true;
    hint.tooltip = hintTooltip(row, model, t);
    return [hint];
  });
}

async function hoverOf(
  { lab, annotationModel }: Workbench,
  datasets: OpenDatasets,
  names: ModelNames,
  document: vscode.TextDocument,
  position: vscode.Position,
  token: vscode.CancellationToken,
): Promise<vscode.Hover | undefined> {
  const { perplexity, colourTokens } = datasets.annotations(document);
  if (!(perplexity || colourTokens) || !(await datasets.ready(document))) return undefined;
  const { version, uri } = document;
  const at = { line: position.line, character: position.character };
  const params = { uri: uri.toString(), version, position: at, model: annotationModel.scoring() };
  const details = await lab.request(explainDatasetRow, params, token);
  if (!details || document.version !== version) return undefined;
  const name = await names.nameOf(details.model);
  // Untrusted: what a model or a file says starts no command.
  return new vscode.Hover(new vscode.MarkdownString(hoverMarkdown(details, t, name)));
}

async function lensesOf(
  workbench: Workbench,
  datasets: OpenDatasets,
  names: ModelNames,
  document: vscode.TextDocument,
): Promise<vscode.CodeLens[]> {
  if (!(await datasets.ready(document))) return [];
  const summary = datasets.summaryOf(document);
  if (!summary?.isDataset) return [];
  const first = new vscode.Range(0, 0, 0, 0);
  const trusted = workbench.trusted();
  const lens = (title: string, command: string, ...values: unknown[]): vscode.CodeLens =>
    new vscode.CodeLens(first, { title, command, arguments: values });
  const name = summary.scores && (await names.nameOf(summary.scores.model));
  const title = lensTitle(summary, t, name);
  const about = trusted ? lens(title, 'forgettingLab.selectModel') : lens(title, '');
  if (about.command) about.command.tooltip = lensTooltip(summary, t);
  if (document.isUntitled) return [about];
  const diff = lens(t('Diff with own output'), 'forgettingLab.showTargetDiff', { dataset: document.fileName });
  if (!trusted) return [about, diff];
  return [
    about,
    diff,
    lens(t('Build targets'), 'forgettingLab.buildTargets', document.fileName),
    lens(t('Launch'), 'forgettingLab.launch'),
  ];
}

function problemsOf(datasets: OpenDatasets): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection('forgettingLab.datasets');
  const listening = datasets.onDidSummarise((document) => {
    const summary = datasets.summaryOf(document);
    collection.set(document.uri, summary?.isDataset ? summary.problems.map(toDiagnostic) : undefined);
  });
  return vscode.Disposable.from(collection, listening);
}

function toDiagnostic({ line, start, end, message, severity, code }: DatasetProblem): vscode.Diagnostic {
  const range = new vscode.Range(line, start, line, Math.max(start, end));
  const level = severity === 'error' ? vscode.DiagnosticSeverity.Error : vscode.DiagnosticSeverity.Warning;
  const diagnostic = new vscode.Diagnostic(range, say(message, vscode.l10n.t), level);
  diagnostic.source = diagnosticSource;
  diagnostic.code = code;
  return diagnostic;
}
