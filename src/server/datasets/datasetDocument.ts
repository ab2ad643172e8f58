// One document of one editor window: its text kept in step, its rows, and what is to be said about it.
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { DatasetChanges, DatasetSummary, OpenDataset, OpenedDataset } from '../../shared/protocol/lab/datasets.ts';
import { ReasonCounts } from '../reasonCounts.ts';
import { DocumentText, readLines, refusedEncoding, splitText, type LineSplice } from './documentText.ts';
import { problemsOf, reasonOf } from './problems.ts';
import { readAll, RowTable } from './rowTable.ts';

/** An edit is looked at when typing pauses; milliseconds. Only arrays have to be looked at as a whole. */
const pauseMs = 200;

export interface DocumentListener {
  /** The text has changed; rows follow. */
  onChange(document: DatasetDocument): void;
  /** The rows have been read, or read anew. */
  onRead(document: DatasetDocument): void;
  /** The text is no longer the editor's. */
  onLost(document: DatasetDocument): void;
}

export class DatasetDocument {
  readonly uri: string;
  readonly path: string;
  readonly text = new DocumentText();
  readonly table: RowTable;
  version: number;
  /** All rows of this version have been read. */
  read = false;
  private readonly listener: DocumentListener;
  private diskVersion: number | undefined;
  private generation = 0;
  private partial = false;
  private closed = false;
  private lost = false;
  /** Resolves when the table fits the text. */
  private settled: Promise<void> = Promise.resolve();
  private timer: { handle: NodeJS.Timeout; run: () => void } | undefined;

  constructor({ uri, path, version }: OpenDataset, listener: DocumentListener) {
    this.uri = uri;
    this.path = path;
    this.version = version;
    this.table = new RowTable(this.text, path);
    this.listener = listener;
  }

  /** Takes the text from the editor or from disk. */
  async open({ text, probe, partial }: OpenDataset): Promise<OpenedDataset> {
    const { version } = this;
    if (text === undefined) await this.readDisk();
    else this.text.lines = splitText(text);
    // The editor decodes what the command line refuses.
    if (text !== undefined) this.table.refusal = await refusedEncoding(this.path);
    this.partial = partial === true;
    this.diskVersion = text === undefined ? version : undefined;
    // Edits that came while the file was read belong to a text that has not been checked.
    if (text === undefined && (this.version !== version || (probe && !this.text.matches(probe)))) {
      return { inStep: false, isDataset: false };
    }
    if (!this.partial) this.rebuild();
    await this.settled;
    return { inStep: true, isDataset: this.table.isDataset };
  }

  private async readDisk(): Promise<void> {
    Object.assign(this.text, await readLines(this.path));
  }

  /** The file was written: perhaps in the encoding that it should have, which is no edit. */
  async fileChanged(): Promise<void> {
    const { table, text } = this;
    if (table.refusal === undefined && text.damaged.size === 0) return;
    const current = this.since();
    const refusal = await refusedEncoding(this.path);
    const read = text.damaged.size === 0 ? undefined : await readLines(this.path).catch(() => undefined);
    if (!current()) return;
    table.refusal = refusal;
    if (read) text.damaged = read.damaged;
    this.rebuild();
  }

  /** Follows the editor. */
  change({ version, changes, lineCount, partial }: DatasetChanges): void {
    if (this.closed || this.lost) return;
    this.version = version;
    this.generation++;
    this.read = false;
    this.listener.onChange(this);
    const wasDamaged = this.text.damaged.size > 0;
    this.text.damaged = new Set();
    const splices = changes.map(({ range, text }) => this.text.apply(range, text));
    const wasPartial = this.partial;
    this.partial = partial === true;
    if (this.partial) return;
    if (this.text.lines.length !== lineCount) {
      this.lost = true;
      this.listener.onLost(this);
      return;
    }
    if (wasPartial || wasDamaged || !this.follow(splices)) this.rebuildSoon();
    else this.readRows();
  }

  /** Whether this is the text that was read from the file. */
  get isOnDisk(): boolean {
    return this.diskVersion === this.version;
  }

  /** Waits until the rows fit the text. */
  async ready(): Promise<void> {
    while (!this.closed) {
      const { settled } = this;
      this.timer?.run();
      await settled;
      if (settled === this.settled && !this.timer) return;
    }
    throw new LabError('usage', phrase('{0} has been closed', this.path));
  }

  /** Whether nothing has changed since `generation` was taken. */
  since(): () => boolean {
    const { generation } = this;
    return () => !this.closed && generation === this.generation;
  }

  summary(): DatasetSummary {
    const { problems, count } = problemsOf(this.table, this.path);
    const summary: DatasetSummary = {
      uri: this.uri,
      version: this.version,
      isDataset: this.table.isDataset,
      ...(this.table.format === undefined ? {} : { format: this.table.format }),
      rows: 0,
      bad: [],
      provenance: {},
      problems,
      problemCount: count,
      read: this.read,
    };
    const bad = new ReasonCounts();
    this.table.forEachKnown((info) => {
      const reason = reasonOf(info);
      if (reason !== undefined) bad.add(reason);
      if (info.kind !== 'row') return;
      summary.rows++;
      summary.provenance[info.provenance] = (summary.provenance[info.provenance] ?? 0) + 1;
    });
    summary.bad = bad.list();
    return summary;
  }

  close(): void {
    this.closed = true;
    this.generation++;
    clearTimeout(this.timer?.handle);
    this.timer = undefined;
  }

  private follow(splices: readonly LineSplice[]): boolean {
    return !this.timer && this.table.follow(splices);
  }

  private rebuildSoon(): void {
    clearTimeout(this.timer?.handle);
    const run = (): void => {
      clearTimeout(this.timer?.handle);
      this.timer = undefined;
      this.rebuild();
    };
    this.timer = { handle: setTimeout(run, pauseMs), run };
  }

  private rebuild(): void {
    const current = this.since();
    this.settled = this.table.rebuild(current).then(() => {
      if (current()) this.readRows();
    });
  }

  /** Reads every row in the background, so that the summary and the problems are whole. */
  private readRows(): void {
    const current = this.since();
    void readAll(this.table, current).then((whole) => {
      if (!whole || !current()) return;
      this.read = true;
      this.listener.onRead(this);
    });
  }
}
