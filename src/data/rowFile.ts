// Rows of a dataset by their place, after they have been read once in order: a page of a large file without the rest of it.
import { open, type FileHandle } from 'node:fs/promises';
import type { Example } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import { readExample, type DatasetFormat } from './examples.ts';
import { fileError } from './fileErrors.ts';
import { RowError, type Row } from './formats.ts';
import type { RowPlace } from './splitRows.ts';

/** Where one example lies. */
export interface ExamplePlace {
  place: RowPlace;
  /** Line or row number, as in the example's source. */
  line: number;
}

/** An open file. It must not change: a place belongs to the bytes it was found in. */
export class RowFile {
  readonly file: string;
  readonly size: number;
  private readonly modified: number;
  private readonly handle: FileHandle;

  private constructor(file: string, handle: FileHandle, info: { size: number; mtimeMs: number }) {
    this.file = file;
    this.handle = handle;
    this.size = info.size;
    this.modified = info.mtimeMs;
  }

  static async open(file: string): Promise<RowFile> {
    try {
      const handle = await open(file, 'r');
      return new RowFile(file, handle, await handle.stat());
    } catch (error) {
      throw fileError(error, file, 'read');
    }
  }

  /** The example at a place. Throws `dataset-invalid` when the file has changed since. */
  async example({ place, line }: ExamplePlace, format: DatasetFormat): Promise<Example> {
    const bytes = Buffer.allocUnsafe(place.length);
    const { bytesRead } = await this.handle.read(bytes, 0, place.length, place.offset);
    try {
      const row = JSON.parse(bytes.toString('utf8', 0, bytesRead)) as Row;
      return readExample(row, { file: this.file, line }, format);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RowError || error instanceof TypeError)) throw error;
      throw changed(this.file);
    }
  }

  /** Throws `dataset-invalid` when size or time of the open file are no longer those it was opened with. */
  async check(): Promise<void> {
    const { size, mtimeMs } = await this.handle.stat();
    if (size !== this.size || mtimeMs !== this.modified) throw changed(this.file);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

function changed(file: string): LabError {
  return new LabError('dataset-invalid', `${file} has changed since it was opened`, { remedy: 'Open it again.' });
}
