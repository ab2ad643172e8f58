// Rows of a large file by number, and the row at an offset, through the index. Long rows come with their first bytes only.
import type { FileHandle } from 'node:fs/promises';
import type { RowIndex, RowStart } from './rowIndex.ts';

const chunkBytes = 1 << 18;

export interface RowBytes {
  row: number;
  offset: number;
  length: number;
  /** The first bytes, at most as many as were asked for. */
  bytes: Buffer;
}

/** Rows `from` to `from + count`, as far as the index knows them; `limit`: bytes of each. */
export async function readRowBytes(
  handle: FileHandle,
  index: RowIndex,
  { from, count, limit }: { from: number; count: number; limit: number },
): Promise<RowBytes[]> {
  const rows: RowBytes[] = [];
  const last = Math.min(from + count, index.rows);
  if (from >= last) return rows;
  await walk(
    handle,
    index,
    index.before(from),
    (row) => row + 1 >= last,
    (row, offset, length) => {
      if (row >= from) rows.push({ row, offset, length, bytes: Buffer.alloc(0) });
    },
  );
  for (const row of rows) {
    const bytes = Buffer.allocUnsafe(Math.min(row.length, limit));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, row.offset);
    row.bytes = bytes.subarray(0, bytesRead);
  }
  return rows;
}

/** The row that a byte belongs to; the index must have reached it. */
export async function rowAtOffset(handle: FileHandle, index: RowIndex, offset: number): Promise<RowStart> {
  let found: RowStart = index.beforeOffset(offset);
  await walk(
    handle,
    index,
    found,
    (_, end) => end >= offset,
    (row, start) => {
      if (start <= offset) found = { row, offset: start };
    },
  );
  return found;
}

/** Goes over rows from a known start until `isLast`, telling where each lies. */
async function walk(
  handle: FileHandle,
  index: RowIndex,
  start: RowStart,
  isLast: (row: number, end: number) => boolean,
  take: (row: number, offset: number, length: number) => void,
): Promise<void> {
  const scanner = index.scanner();
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let { row, offset: begin } = start;
  let at = begin;
  const end = (where: number): boolean => {
    take(row, begin, where - begin);
    const ended = isLast(row, where);
    row++;
    begin = where + 1;
    return ended;
  };
  while (at < index.size && row < index.rows) {
    const { bytesRead } = await handle.read(chunk, 0, chunkBytes, at);
    if (bytesRead === 0) break;
    const bytes = chunk.subarray(0, bytesRead);
    for (let from = 0; from < bytesRead && !scanner.closed;) {
      const stop = scanner.next(bytes, from);
      if (stop < bytesRead && end(at + stop)) return;
      from = stop + 1;
    }
    at += bytesRead;
    if (scanner.closed) return;
    // A row that fills whole chunks is not read to its end: the next one's start is known.
    const next = at - begin > chunkBytes ? index.exactly(row + 1) : undefined;
    if (next) {
      if (end(next.offset - 1)) return;
      at = next.offset;
      scanner.restart();
    }
  }
  if (row < index.rows && begin < index.size) end(index.size);
}
