// One file that a dataset view shows.
import { open, type FileHandle } from 'node:fs/promises';
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
  private readonly modified: number;
  private readonly ended = new AbortController();
  private format: DatasetFormat | undefined;
  private failure: ErrorWords | undefined;

  private constructor(id: string, file: string, handle: FileHandle, index: RowIndex, modified: number) {
    this.id = id;
    this.file = file;
    this.handle = handle;
    this.index = index;
    this.modified = modified;
  }

  /** Opens a file and begins to index it; `onProgress` is told when there is more. */
  static async open(id: string, file: string, onProgress: () => void): Promise<DatasetFile> {
    let handle: FileHandle;
    try {
      handle = await open(file, 'r');
    } catch (error) {
      throw fileError(error, file, 'read');
    }
    try {
      const info = await handle.stat();
      if (!info.isFile()) throw fileError(Object.assign(new Error(), { code: 'EISDIR' }), file, 'read');
      const index = await RowIndex.open(handle, info.size);
      const view = new DatasetFile(id, file, handle, index, info.mtimeMs);
      void view.build(onProgress);
      // With rows of usual length, they are known with the first mebibyte.
      await index.known(rowsForFormat);
      view.format = formatOf(await view.read(0, rowsForFormat));
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
    await this.check();
    const pause = slices();
    const rows: DatasetViewRow[] = [];
    for (const raw of await this.read(from, Math.min(count, mostRows))) {
      rows.push(toViewRow(raw, parseRow(raw, this.file, this.format), Math.min(characters, mostCharacters)));
      await pause();
    }
    return rows;
  }

  /** What a row trains on, or why it cannot be used. */
  async example(row: number): Promise<ReadExample | { problem: Words }> {
    const [raw] = await this.read(row, 1);
    if (!raw) return { problem: phrase('there is no such row') };
    const parsed = parseRow(raw, this.file, this.format);
    if ('blank' in parsed) return { problem: phrase('an empty line') };
    if ('problem' in parsed) return parsed;
    const answerPlaces = this.format && placesOfAnswer(raw, this.format);
    return { example: parsed.example, ...(answerPlaces ? { answerPlaces } : {}) };
  }

  search(text: string, from: number, signal: AbortSignal, onProgress: (share: number) => void): Promise<number | null> {
    const either = AbortSignal.any([signal, this.ended.signal]);
    return searchRows(this.handle, this.index, { text, from, signal: either, onProgress });
  }

  async check(): Promise<void> {
    const { size, mtimeMs } = await this.handle.stat();
    if (size === this.index.size && mtimeMs === this.modified) return;
    throw new LabError('dataset-invalid', phrase('{0} has changed since it was opened', this.file), {
      remedy: phrase('Open it again.'),
    });
  }

  async close(): Promise<void> {
    this.ended.abort();
    await this.handle.close();
  }

  private read(from: number, count: number) {
    return readRowBytes(this.handle, this.index, { from: Math.max(0, from), count, limit: longestParsed });
  }

  private async build(onProgress: () => void): Promise<void> {
    try {
      await this.index.build(this.ended.signal, onProgress);
    } catch (error) {
      if (this.ended.signal.aborted) return;
      this.failure = fileError(error, this.file, 'read').words;
      onProgress();
    }
  }
}
