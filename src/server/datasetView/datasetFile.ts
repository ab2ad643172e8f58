// One file that a dataset view shows.
import type { BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { fileError } from '../../data/fileErrors.ts';
import type { DatasetFormat } from '../../data/formats.ts';
import { slices } from '../../lab/slices.ts';
import type { Example } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { ErrorWords } from '../../shared/errors.ts';
import type { AnswerPlace, DatasetViewRow, DatasetViewState } from '../../shared/protocol/lab/datasetView.ts';
import { RowIndex } from './rowIndex.ts';
import { readRowBytes } from './rowReader.ts';
import { searchRows } from './search.ts';
import { formatOf, longestParsed, parseRow, placesOfAnswer, toViewRow } from './viewRows.ts';

/** Rows that decide on the format. */
const rowsForFormat = 20;
/** Rows of a page and characters of a row at most. */
const mostRows = 200;
const mostCharacters = 1_000_000;
/** How often a view looks whether its file is still the one that it indexed, milliseconds. */
const watchMs = 1000;

/** A row that can be used. */
export interface ReadExample {
  example: Example;
  answerPlaces?: AnswerPlace[];
}

export class DatasetFile {
  readonly id: string;
  readonly file: string;
  private readonly handle: FileHandle;
  private readonly index: RowIndex;
  /** The file at the path as it was before it was opened. */
  private readonly opened: BigIntStats;
  private readonly onProgress: () => void;
  private readonly ended = new AbortController();
  private format: DatasetFormat | undefined;
  private failure: ErrorWords | undefined;
  /** Why what was indexed is of no use any more. */
  private changed: LabError | undefined;
  private timer: NodeJS.Timeout | undefined;

  private constructor(
    id: string,
    file: string,
    parts: { handle: FileHandle; index: RowIndex; opened: BigIntStats; onProgress: () => void },
  ) {
    this.id = id;
    this.file = file;
    this.handle = parts.handle;
    this.index = parts.index;
    this.opened = parts.opened;
    this.onProgress = parts.onProgress;
  }

  /** Opens a file and begins to index it; `onProgress` is told when there is more, and when the file changes on disk. */
  static async open(id: string, file: string, onProgress: () => void): Promise<DatasetFile> {
    let handle: FileHandle;
    let opened: BigIntStats;
    try {
      opened = await stat(file, { bigint: true });
      handle = await open(file, 'r');
    } catch (error) {
      throw fileError(error, file, 'read');
    }
    try {
      const info = await handle.stat();
      if (!info.isFile()) throw fileError(Object.assign(new Error(), { code: 'EISDIR' }), file, 'read');
      const index = await RowIndex.open(handle, info.size);
      const view = new DatasetFile(id, file, { handle, index, opened, onProgress });
      void view.build();
      // With rows of usual length, they are known with the first mebibyte.
      await index.known(rowsForFormat);
      view.format = formatOf(await view.read(0, rowsForFormat));
      view.watch();
      return view;
    } catch (error) {
      await handle.close();
      throw fileError(error, file, 'read');
    }
  }

  describe(): DatasetViewState {
    const { rows, done, size, indexed, layout } = this.index;
    return {
      id: this.id,
      file: this.file,
      size,
      indexed,
      rows,
      done,
      layout,
      ...(this.failure ? { failure: this.failure } : {}),
    };
  }

  async rows(from: number, count: number, characters: number): Promise<DatasetViewRow[]> {
    const pause = slices();
    const rows: DatasetViewRow[] = [];
    const read = await this.read(from, Math.min(count, mostRows));
    await this.check();
    for (const raw of read) {
      rows.push(toViewRow(raw, parseRow(raw, this.file, this.format), Math.min(characters, mostCharacters)));
      await pause();
    }
    return rows;
  }

  /** What a row trains on, or why it cannot be used. */
  async example(row: number): Promise<ReadExample | { problem: Words }> {
    const [raw] = await this.read(row, 1);
    await this.check();
    if (!raw) return { problem: phrase('there is no such row') };
    const parsed = parseRow(raw, this.file, this.format);
    if ('blank' in parsed) return { problem: phrase('an empty line') };
    if ('problem' in parsed) return parsed;
    const answerPlaces = this.format && placesOfAnswer(raw, this.format);
    return { example: parsed.example, ...(answerPlaces ? { answerPlaces } : {}) };
  }

  async search(
    text: string,
    from: number,
    signal: AbortSignal,
    onProgress: (share: number) => void,
  ): Promise<number | null> {
    const either = AbortSignal.any([signal, this.ended.signal]);
    await this.check();
    const found = await searchRows(this.handle, this.index, { text, from, signal: either, onProgress });
    await this.check();
    return found;
  }

  async close(): Promise<void> {
    this.ended.abort();
    clearTimeout(this.timer);
    await this.handle.close();
  }

  private read(from: number, count: number) {
    return readRowBytes(this.handle, this.index, { from: Math.max(0, from), count, limit: longestParsed });
  }

  /**
   * Throws when the path no longer holds what was indexed: changed in place, or another file put there (most tools do that).
   * Called behind every reading, so that nothing of a changed file is told.
   */
  private async check(): Promise<void> {
    this.changed ??= await changeOf(this.file, this.opened);
    if (!this.changed) return;
    this.fail(this.changed);
    throw this.changed;
  }

  /** Tells of a change that nobody has run into. */
  private watch(): void {
    if (this.ended.signal.aborted) return;
    const look = (): Promise<void> =>
      this.check().then(
        () => this.watch(),
        () => undefined,
      );
    this.timer = setTimeout(() => void look(), watchMs).unref();
  }

  /** The first failure is told, once. */
  private fail(error: LabError): void {
    if (this.failure || this.ended.signal.aborted) return;
    this.failure = error.words;
    this.onProgress();
  }

  private async build(): Promise<void> {
    try {
      await this.index.build(this.ended.signal, this.onProgress);
    } catch (error) {
      this.fail(fileError(error, this.file, 'read'));
    }
  }
}

/** What has become of a file since it was as `before`. */
async function changeOf(file: string, before: BigIntStats): Promise<LabError | undefined> {
  try {
    const now = await stat(file, { bigint: true });
    if ((['dev', 'ino', 'size', 'mtimeNs'] as const).every((name) => now[name] === before[name])) return undefined;
  } catch (error) {
    return fileError(error, file, 'read');
  }
  return new LabError('dataset-invalid', phrase('{0} has changed since it was opened', file), {
    remedy: phrase('Open it again.'),
  });
}
