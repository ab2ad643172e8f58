// Where the rows of a large file begin: every so-many-th row's offset, found in one pass in the background. Memory grows by
// sixteen bytes for 256 rows or a mebibyte, whichever comes first, so any row is found by scanning a mebibyte at most.
import type { FileHandle } from 'node:fs/promises';
import { ArrayScanner, isBlank } from '../../data/splitRows.ts';

const rowsBetween = 256;
const bytesBetween = 1 << 20;
const chunkBytes = 1 << 20;
const newline = 0x0a;
const openingBracket = 0x5b;

/** JSON Lines, or the elements of one JSON array. */
export type Layout = 'lines' | 'array';

export interface RowStart {
  row: number;
  /** Byte offset of its first byte. */
  offset: number;
}

/** Finds row ends; `start` begins at the first byte of a row. */
interface RowScanner {
  /** Index of the byte that ends the row, or the chunk's length. */
  next(chunk: Buffer, from: number): number;
  /** No row follows. */
  readonly closed: boolean;
  /** The next byte is the first of a row. */
  restart(): void;
}

function scannerOf(layout: Layout): RowScanner {
  return layout === 'lines' ? new LineScanner() : new ElementScanner();
}

class LineScanner implements RowScanner {
  readonly closed = false;

  next(chunk: Buffer, from: number): number {
    const end = chunk.indexOf(newline, from);
    return end < 0 ? chunk.length : end;
  }

  restart(): void {
    // A line needs no memory.
  }
}

class ElementScanner implements RowScanner {
  private scanner = insideArray();

  get closed(): boolean {
    return this.scanner.closed;
  }

  next(chunk: Buffer, from: number): number {
    return this.scanner.next(chunk, from);
  }

  restart(): void {
    this.scanner = insideArray();
  }
}

function insideArray(): ArrayScanner {
  const scanner = new ArrayScanner();
  scanner.depth = 1;
  return scanner;
}

export class RowIndex {
  readonly layout: Layout;
  readonly size: number;
  /** Rows whose beginning and end are known. */
  rows = 0;
  /** Bytes that have been looked at. */
  indexed = 0;
  done = false;
  /** Nothing more is looked at: complete, given up or failed. */
  private ended = false;
  private readonly handle: FileHandle;
  private starts = { rows: new Float64Array(1024), offsets: new Float64Array(1024), count: 0 };
  private waiting: (() => void)[] = [];

  private constructor(handle: FileHandle, size: number, layout: Layout, first: number) {
    this.handle = handle;
    this.size = size;
    this.layout = layout;
    this.indexed = first;
    this.mark({ row: 0, offset: first });
  }

  /** Looks at the beginning of a file: byte order mark, and whether it is an array. */
  static async open(handle: FileHandle, size: number): Promise<RowIndex> {
    const head = Buffer.allocUnsafe(4096);
    const { bytesRead } = await handle.read(head, 0, head.length, 0);
    const bom = head.subarray(0, Math.min(3, bytesRead)).equals(Buffer.from([0xef, 0xbb, 0xbf])) ? 3 : 0;
    let at = bom;
    while (at < bytesRead && (head[at] as number) <= 0x20) at++;
    const isArray = at < bytesRead && head[at] === openingBracket;
    return new RowIndex(handle, size, isArray ? 'array' : 'lines', isArray ? at + 1 : bom);
  }

  /** Reads on until the end, or until `signal`. */
  async build(signal: AbortSignal, onProgress: () => void): Promise<void> {
    try {
      await this.scan(signal, onProgress);
    } finally {
      this.ended = true;
      this.wake();
    }
  }

  private async scan(signal: AbortSignal, onProgress: () => void): Promise<void> {
    const scanner = scannerOf(this.layout);
    const chunk = Buffer.allocUnsafe(chunkBytes);
    let at = this.indexed;
    let rowStart = at;
    while (at < this.size && !scanner.closed) {
      signal.throwIfAborted();
      const { bytesRead } = await this.handle.read(chunk, 0, chunkBytes, at);
      if (bytesRead === 0) break;
      const bytes = chunk.subarray(0, bytesRead);
      for (let from = 0; from < bytesRead && !scanner.closed;) {
        const end = scanner.next(bytes, from);
        if (end < bytesRead) {
          // `[]`, and a stray comma before the closing bracket, are followed by no row.
          const empty = scanner.closed && rowStart === at + from && isBlank(bytes.subarray(from, end));
          if (!empty) this.endRow(at + end);
          rowStart = at + end + 1;
        }
        from = end + 1;
      }
      at += bytesRead;
      this.indexed = at;
      this.wake();
      onProgress();
    }
    // A last line without a line break; an array that ends too early.
    if (!scanner.closed && rowStart < this.size) this.endRow(this.size);
    this.indexed = this.size;
    this.done = true;
    onProgress();
  }

  /** The last known row start at or before a row. */
  before(row: number): RowStart {
    return this.startAt(lastAtMost(this.starts.rows, this.starts.count, row));
  }

  /** The last known row start at or before an offset. */
  beforeOffset(offset: number): RowStart {
    return this.startAt(lastAtMost(this.starts.offsets, this.starts.count, offset));
  }

  /** The start of exactly this row, when it is known. */
  exactly(row: number): RowStart | undefined {
    const found = this.before(row);
    return found.row === row ? found : undefined;
  }

  scanner(): RowScanner {
    return scannerOf(this.layout);
  }

  /** Resolves when the index covers an offset, or has ended. */
  async reached(offset: number): Promise<void> {
    while (this.indexed <= offset && !this.ended) await this.progress();
  }

  /** Resolves when so many rows are known, or the index has ended. */
  async known(rows: number): Promise<void> {
    while (this.rows < rows && !this.ended) await this.progress();
  }

  private endRow(end: number): void {
    this.rows++;
    const next = { row: this.rows, offset: end + 1 };
    const last = this.startAt(this.starts.count - 1);
    if (next.row - last.row >= rowsBetween || next.offset - last.offset >= bytesBetween) this.mark(next);
  }

  private startAt(index: number): RowStart {
    return { row: this.starts.rows[index] as number, offset: this.starts.offsets[index] as number };
  }

  private mark({ row, offset }: RowStart): void {
    const { rows, offsets, count } = this.starts;
    if (count === rows.length) {
      const longer = (array: Float64Array): Float64Array<ArrayBuffer> => {
        const grown = new Float64Array(2 * array.length);
        grown.set(array);
        return grown;
      };
      this.starts = { rows: longer(rows), offsets: longer(offsets), count };
    }
    this.starts.rows[count] = row;
    this.starts.offsets[count] = offset;
    this.starts.count++;
  }

  private progress(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private wake(): void {
    for (const resume of this.waiting.splice(0)) resume();
  }
}

/** Index of the last of `count` ascending values that is at most `limit`; 0 when none is. */
function lastAtMost(values: Float64Array, count: number, limit: number): number {
  let [low, high] = [0, count];
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) <= limit) low = middle;
    else high = middle;
  }
  return low;
}
