// Rows of a dataset by their place, after they have been read once in order: a page of a large file without the rest of it.
import { open, type FileHandle } from 'node:fs/promises';
import type { Example } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
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

/** Bytes read at once: rows that are asked for in order then come from memory. */
const blockBytes = 1 << 16;

/** An open file. It must not change: a place belongs to the bytes it was found in. */
export class RowFile {
  readonly file: string;
  readonly size: number;
  private readonly modified: number;
  private readonly handle: FileHandle;
  private block = { offset: 0, bytes: Buffer.alloc(0) as Buffer };

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
    const bytes = await this.bytes(place);
    try {
      const row = JSON.parse(bytes.toString('utf8')) as Row;
      return readExample(row, { file: this.file, line }, format);
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof RowError || error instanceof TypeError)) throw error;
      throw changed(this.file);
    }
  }

  private async bytes({ offset, length }: RowPlace): Promise<Buffer> {
    const { block } = this;
    const from = offset - block.offset;
    if (from >= 0 && from + length <= block.bytes.length) return block.bytes.subarray(from, from + length);
    const bytes = Buffer.allocUnsafe(Math.max(length, blockBytes));
    const { bytesRead } = await this.handle.read(bytes, 0, bytes.length, offset);
    this.block = { offset, bytes: bytes.subarray(0, bytesRead) };
    return bytes.subarray(0, Math.min(length, bytesRead));
  }

  /** Throws `dataset-invalid` when size or time of the open file are no longer those it was opened with. */
  async check(): Promise<void> {
    const { size, mtimeMs } = await this.handle.stat();
    if (size === this.size && mtimeMs === this.modified) return;
    this.block = { offset: 0, bytes: Buffer.alloc(0) };
    throw changed(this.file);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

function changed(file: string): LabError {
  return new LabError('dataset-invalid', phrase('{0} has changed since it was opened', file), {
    remedy: phrase('Open it again.'),
  });
}
