// The documents that are datasets: opened in the lab server when an editor shows them, kept in step, asked about.
import { basename } from 'node:path';
import * as vscode from 'vscode';
import {
  changeDataset,
  closeDataset,
  datasetLost,
  datasetScored,
  datasetSummarised,
  openDataset,
  scoreDataset,
  scoreDatasetRows,
  summariseDataset,
} from '../../shared/protocol/lab/datasets.ts';
import { describeError } from '../../shared/errors.ts';
import type { DatasetRow, DatasetSummary } from '../../shared/protocol/lab/datasets.ts';
import type { Workbench } from '../workbench.ts';
import { datasetSelector, mayBeDataset } from './datasetFiles.ts';
import { SyncedDocument, type SyncedText, type SyncLab } from './documentSync.ts';

/** A server that has gone may be followed by another after so long, milliseconds. */
const reopenMs = 1000;

interface Entry {
  document: vscode.TextDocument;
  synced: SyncedDocument;
  summary: DatasetSummary | undefined;
}

/** What is shown of a document; from the settings. */
export interface Annotations {
  perplexity: boolean;
  colourTokens: boolean;
}

export class OpenDatasets implements vscode.Disposable {
  private readonly workbench: Workbench;
  private readonly entries = new Map<string, Entry>();
  private readonly rowsChanged = new vscode.EventEmitter<vscode.TextDocument | undefined>();
  private readonly summarised = new vscode.EventEmitter<vscode.TextDocument>();
  private readonly parts: vscode.Disposable[] = [];
  private attached: boolean;
  private reopening: NodeJS.Timeout | undefined;
  /** Rows have (other) scores; undefined: of all documents. */
  readonly onDidChangeRows = this.rowsChanged.event;
  /** The summary of a document has changed. */
  readonly onDidSummarise = this.summarised.event;

  constructor(workbench: Workbench) {
    this.workbench = workbench;
    const { lab } = workbench;
    this.attached = lab.state === 'attached';
    this.parts.push(
      this.rowsChanged,
      this.summarised,
      lab.on(datasetScored, ({ uri }) => this.rowsChanged.fire(this.entries.get(uri)?.document)),
      lab.on(datasetSummarised, (summary) => this.takeSummary(summary)),
      lab.on(datasetLost, ({ uri }) => this.lost(uri)),
      lab.onDidChangeState((state) => this.stateChanged(state)),
      vscode.window.onDidChangeVisibleTextEditors(() => this.showVisible()),
      vscode.workspace.onDidChangeTextDocument((event) => this.edited(event)),
      vscode.workspace.onDidCloseTextDocument((document) => this.closed(document)),
      vscode.workspace.onDidChangeConfiguration((event) => this.configured(event)),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.refresh()),
      workbench.annotationModel.onDidChange(() => this.refresh()),
    );
    this.showVisible();
  }

  /** Whether a document is a dataset; opens it in the server on first need. */
  async ready(document: vscode.TextDocument): Promise<boolean> {
    const entry = this.entryOf(document);
    if (!entry) return false;
    try {
      return await entry.synced.ready();
    } catch (error) {
      // Without a server nothing is annotated; the views and commands say why there is none.
      this.workbench.log.debug(`${document.fileName} is not annotated: ${describeError(error)}`);
      return false;
    }
  }

  summaryOf(document: vscode.TextDocument): DatasetSummary | undefined {
    return this.entries.get(document.uri.toString())?.summary;
  }

  annotations(document: vscode.TextDocument): Annotations {
    const settings = vscode.workspace.getConfiguration('forgettingLab.annotations', document.uri);
    const trusted = this.workbench.trusted();
    return {
      perplexity: trusted && settings.get('perplexity', true),
      colourTokens: trusted && settings.get('colourTokens', false),
    };
  }

  /** Rows of lines with scores as far as they are known; none when the document has moved on meanwhile. */
  async rows(
    document: vscode.TextDocument,
    lines: { from: number; to: number },
    marks: boolean,
    token?: vscode.CancellationToken,
  ): Promise<DatasetRow[]> {
    const { uri, version } = document;
    const params = { uri: uri.toString(), version, ...lines, model: this.workbench.annotationModel.scoring(), marks };
    const result = await this.workbench.lab.request(scoreDatasetRows, params, token);
    return result.version === document.version ? result.rows : [];
  }

  dispose(): void {
    clearTimeout(this.reopening);
    for (const { synced } of this.entries.values()) synced.close();
    this.entries.clear();
    for (const part of this.parts) part.dispose();
  }

  private entryOf(document: vscode.TextDocument): Entry | undefined {
    const key = document.uri.toString();
    const there = this.entries.get(key);
    if (there) return there;
    if (document.isClosed || vscode.languages.match(datasetSelector, document) === 0) return undefined;
    if (!mayBeDataset(document.fileName, document.lineCount, (line) => document.lineAt(line).text)) return undefined;
    const entry: Entry = { document, synced: new SyncedDocument(textOf(document), this.sync), summary: undefined };
    this.entries.set(key, entry);
    return entry;
  }

  private readonly sync: SyncLab = {
    open: (params) => this.workbench.lab.request(openDataset, params),
    change: (params) => this.workbench.lab.notify(changeDataset, params),
    close: (params) => this.workbench.lab.notify(closeDataset, params),
    isDataset: async (uri, version) => {
      const { isDataset } = await this.workbench.lab.request(summariseDataset, { uri, version });
      return isDataset;
    },
  };

  private showVisible(): void {
    for (const { document } of vscode.window.visibleTextEditors) {
      const entry = this.entryOf(document);
      if (entry && !entry.summary) void this.summarise(entry);
    }
  }

  /** Asks for the summary; scores of the whole file follow by notification. */
  private async summarise(entry: Entry): Promise<void> {
    const { document } = entry;
    if (!(await this.ready(document)) || document.isClosed) return;
    const { lab, log } = this.workbench;
    const asked = { uri: document.uri.toString(), version: document.version };
    try {
      const { perplexity } = this.annotations(document);
      const summary = perplexity
        ? await lab.request(scoreDataset, { ...asked, model: this.workbench.annotationModel.scoring() })
        : await lab.request(summariseDataset, asked);
      this.takeSummary(summary);
    } catch (error) {
      log.debug(`no summary of ${basename(document.fileName)}: ${describeError(error)}`);
    }
  }

  private takeSummary(summary: DatasetSummary): void {
    const entry = this.entries.get(summary.uri);
    if (!entry || summary.version !== entry.document.version) return;
    entry.summary = summary;
    const news = entry.synced.learned(summary.isDataset);
    this.summarised.fire(entry.document);
    if (!news) return;
    // An edit has made it a dataset, whose scores nobody has asked for yet; or it is none any more.
    if (summary.isDataset) void this.summarise(entry);
    this.rowsChanged.fire(entry.document);
  }

  private edited({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length === 0) return;
    const entry = this.entries.get(document.uri.toString());
    if (!entry) {
      // An empty document may have become a dataset.
      this.showVisible();
      return;
    }
    entry.synced.changed({
      uri: document.uri.toString(),
      version: document.version,
      lineCount: document.lineCount,
      changes: contentChanges.map(({ range: { start, end }, text }) => ({
        range: {
          start: { line: start.line, character: start.character },
          end: { line: end.line, character: end.character },
        },
        text,
      })),
    });
  }

  private closed(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    this.entries.get(key)?.synced.close();
    this.entries.delete(key);
    this.summarised.fire(document);
  }

  private lost(uri: string): void {
    const entry = this.entries.get(uri);
    if (!entry) return;
    entry.synced.lost();
    void this.summarise(entry).then(() => this.rowsChanged.fire(entry.document));
  }

  private stateChanged(state: Workbench['lab']['state']): void {
    const wasAttached = this.attached;
    this.attached = state === 'attached';
    if (!wasAttached || this.attached) return;
    // The next server knows no documents.
    for (const { synced } of this.entries.values()) synced.forget();
    clearTimeout(this.reopening);
    this.reopening = setTimeout(() => this.refresh(), reopenMs);
  }

  private configured(event: vscode.ConfigurationChangeEvent): void {
    const names = ['annotations.perplexity', 'annotations.colourTokens', 'device', 'threads'];
    if (names.some((name) => event.affectsConfiguration(`forgettingLab.${name}`))) this.refresh();
  }

  private refresh(): void {
    const visible = new Set(vscode.window.visibleTextEditors.map(({ document }) => document.uri.toString()));
    for (const [uri, entry] of this.entries) {
      if (visible.has(uri)) void this.summarise(entry);
      else entry.summary = undefined;
    }
    this.rowsChanged.fire(undefined);
  }
}

function textOf(document: vscode.TextDocument): SyncedText {
  return {
    uri: document.uri.toString(),
    path: document.fileName,
    get version() {
      return document.version;
    },
    get lineCount() {
      return document.lineCount;
    },
    get isDirty() {
      return document.isDirty || document.isUntitled;
    },
    line: (index) => document.lineAt(index).text,
    lines: (from, to) => {
      const text = document.getText(new vscode.Range(from, 0, to - 1, Number.MAX_SAFE_INTEGER));
      return document.eol === vscode.EndOfLine.CRLF ? text.replace(/\r\n/g, '\n') : text;
    },
  };
}
