// The part of the lab server that shows datasets: documents of all windows, their scores, the list of files.
import { resolve } from 'node:path';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import * as protocol from '../../shared/protocol/lab/datasets.ts';
import type { DatasetSummary } from '../../shared/protocol/lab/datasets.ts';
import type { ServerContext, ServerPart } from '../context.ts';
import { explainRow, plainRow } from './annotate.ts';
import { DatasetList } from './datasetList.ts';
import { rewriteRows } from './rowActions.ts';
import type { RewriteRequest } from './rowActions.ts';
import { DatasetDocument } from './datasetDocument.ts';
import { DatasetScores } from './datasetScores.ts';
import { scoringServiceOf } from './scoringService.ts';
import type { ScoringService } from './scoringService.ts';

/** Shortest time between two notifications, milliseconds. */
const scoredMs = 100;
const summaryMs = 500;

interface OpenDocument {
  client: number;
  document: DatasetDocument;
  scores: DatasetScores;
  scored: { model: string; from: number; to: number } | undefined;
  scoredTimer: NodeJS.Timeout | undefined;
  summaryTimer: NodeJS.Timeout | undefined;
}

export const datasetsPart: ServerPart = (server) => {
  const part = new DatasetsPart(server, scoringServiceOf(server));
  server.handle(protocol.openDataset, (params, { client }) => part.open(params, client));
  server.onNotification(protocol.changeDataset, (params, { client }) =>
    part.find(client, params.uri)?.document.change(params),
  );
  server.onNotification(protocol.closeDataset, ({ uri }, { client }) => part.close(client, uri));
  server.handle(protocol.getDatasetRows, async (params, { client }) => {
    const { document } = part.get(client, params.uri);
    await document.ready();
    const { table, version } = document;
    const indices = table
      .touching(params.range)
      .slice(0, 500)
      .filter((index) => table.info(index).kind !== 'blank');
    return { version, rows: indices.map((index) => plainRow(table, index)) };
  });
  server.handle(protocol.scoreDatasetRows, (params, { client }) => part.get(client, params.uri).scores.rows(params));
  server.handle(protocol.explainDatasetRow, (params, { client, signal }) => part.explain(params, client, signal));
  server.handle(protocol.summariseDataset, async ({ uri }, { client }) => {
    const open = part.get(client, uri);
    await open.document.ready();
    open.scores.stop();
    return part.summary(open);
  });
  server.handle(protocol.scoreDataset, async ({ uri, model }, { client }) => {
    const open = part.get(client, uri);
    await open.document.ready();
    open.scores.summarise(model);
    return part.summary(open);
  });
  server.handle(protocol.rewriteDatasetRows, ({ uri, version, range, action, model }, { client, signal }) =>
    part.rewrite(client, uri, { version, range, action, model, signal, workspace: server.workspace }),
  );
  server.handle(protocol.listDatasets, ({ model }) => part.files(model));
  server.onNotification(protocol.datasetFilesChanged, ({ paths }) => part.filesChanged(paths));
  server.onClientGone((client) => part.clientGone(client));
  server.onShutdown(() => part.end());
};

class DatasetsPart {
  private readonly server: ServerContext;
  private readonly service: ScoringService;
  private readonly documents = new Map<string, OpenDocument>();
  readonly list: DatasetList;

  constructor(server: ServerContext, service: ScoringService) {
    this.server = server;
    this.service = service;
    const { workspace, stateFolder } = server;
    const onChange = (): void => server.broadcast(protocol.datasetsChanged, {});
    this.list = new DatasetList({ workspace, stateFolder, onChange });
  }

  async open(params: protocol.OpenDataset, client: number): Promise<protocol.OpenedDataset> {
    this.close(client, params.uri);
    const document = new DatasetDocument(
      { ...params, path: resolve(params.path) },
      {
        onChange: () => open.scores.pause(),
        onRead: () => {
          open.scores.restart();
          this.tellSummary(open);
        },
        onLost: () => this.server.send(client, protocol.datasetLost, { uri: params.uri }),
      },
    );
    const open: OpenDocument = {
      client,
      document,
      scores: new DatasetScores(document, this.service, {
        onScored: (model, from, to) => this.tellScored(open, model, from, to),
        onSummary: () => this.tellSummary(open),
      }),
      scored: undefined,
      scoredTimer: undefined,
      summaryTimer: undefined,
    };
    this.documents.set(idOf(client, params.uri), open);
    try {
      return await document.open(params);
    } catch (error) {
      this.close(client, params.uri);
      throw error;
    }
  }

  find(client: number, uri: string): OpenDocument | undefined {
    return this.documents.get(idOf(client, uri));
  }

  get(client: number, uri: string): OpenDocument {
    const open = this.find(client, uri);
    if (!open) throw new LabError('usage', phrase('{0} is not open', uri));
    return open;
  }

  async explain(
    { uri, position, model }: Parameters<NonNullable<typeof protocol.explainDatasetRow.types>>[0],
    client: number,
    signal: AbortSignal,
  ): Promise<protocol.RowDetails | null> {
    const { document, scores } = this.get(client, uri);
    await document.ready();
    const { table } = document;
    const [index] = table.touching({ start: position, end: position });
    if (index === undefined) return null;
    const current = document.since();
    const scored = await scores.row(index, model, signal);
    if (!scored || !current()) return null;
    return (await explainRow(table, table.place(index), position, { ...scored, service: this.service })) ?? null;
  }

  rewrite(client: number, uri: string, request: RewriteRequest): Promise<protocol.RowActionResult> {
    return rewriteRows(this.get(client, uri).document, this.service, request);
  }

  summary({ document, scores }: OpenDocument): DatasetSummary {
    const numbers = scores.summary();
    return { ...document.summary(), ...(numbers ? { scores: numbers } : {}) };
  }

  filesChanged(paths: readonly string[]): void {
    this.list.changed();
    const changed = new Set(paths.map((path) => resolve(path)));
    for (const { document } of this.documents.values()) if (changed.has(document.path)) void document.fileChanged();
  }

  async files(model: string | undefined): Promise<protocol.DatasetFile[]> {
    if (model === undefined) return this.list.list(undefined);
    return this.list.list({ name: model, stamp: await this.service.models.stampOf(model) });
  }

  close(client: number, uri: string): void {
    const id = idOf(client, uri);
    const open = this.documents.get(id);
    if (!open) return;
    this.documents.delete(id);
    clearTimeout(open.scoredTimer);
    clearTimeout(open.summaryTimer);
    open.scores.close();
    open.document.close();
  }

  clientGone(client: number): void {
    for (const open of [...this.documents.values()]) if (open.client === client) this.close(client, open.document.uri);
  }

  async end(): Promise<void> {
    for (const { client, document } of [...this.documents.values()]) this.close(client, document.uri);
    await this.list.close();
  }

  private tellScored(open: OpenDocument, model: string, from: number, to: number): void {
    const before = open.scored?.model === model ? open.scored : undefined;
    open.scored = { model, from: Math.min(before?.from ?? from, from), to: Math.max(before?.to ?? to, to) };
    open.scoredTimer ??= setTimeout(() => {
      open.scoredTimer = undefined;
      const { uri, version } = open.document;
      if (open.scored) this.server.send(open.client, protocol.datasetScored, { uri, version, ...open.scored });
      open.scored = undefined;
    }, scoredMs);
  }

  /** The list shows the perplexity of files that were scored as a whole, as they lie on disk. */
  private noteWhole({ document, scores }: OpenDocument, { scores: numbers }: DatasetSummary): void {
    const stamp = scores.summarised?.stamp;
    if (!numbers?.done || numbers.limit !== undefined || !document.isOnDisk || stamp === undefined) return;
    const { model: name, perplexityMean: mean, perplexityStd: std } = numbers;
    if (mean !== null) void this.list.note(document.path, { name, stamp }, { mean, std: std ?? 0 });
  }

  private tellSummary(open: OpenDocument): void {
    open.summaryTimer ??= setTimeout(() => {
      open.summaryTimer = undefined;
      const summary = this.summary(open);
      this.server.send(open.client, protocol.datasetSummarised, summary);
      this.noteWhole(open, summary);
    }, summaryMs);
  }
}

const idOf = (client: number, uri: string): string => `${client}\n${uri}`;
