// Looks for text in a large file, mebibyte by mebibyte, whatever the case; never decodes more than a row.
import type { FileHandle } from 'node:fs/promises';
import type { RowIndex } from './rowIndex.ts';
import { readRowBytes, rowAtOffset } from './rowReader.ts';

const chunkBytes = 1 << 18;
/** A row longer than this is judged by its bytes alone. */
const longestChecked = 1 << 24;

export interface SearchOptions {
  text: string;
  /** First row that is looked at. */
  from: number;
  signal: AbortSignal;
  onProgress: (share: number) => void;
}

/** The first row at or after `from` that holds the text, as it is or with JSON's escapes; null when there is none. */
export async function searchRows(
  handle: FileHandle,
  index: RowIndex,
  { text, from, signal, onProgress }: SearchOptions,
): Promise<number | null> {
  const needles = spellings(text).map(folded);
  if (text === '' || (from >= index.rows && index.done)) return null;
  const overlap = Math.max(...needles.map(({ length }) => length)) - 1;
  const [start] = await readRowBytes(handle, index, { from, count: 1, limit: 0 });
  const chunk = Buffer.allocUnsafe(chunkBytes);
  for (let at = start?.offset ?? 0; at < index.size; at += chunkBytes - overlap) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(chunk, 0, chunkBytes, at);
    const row = await firstHit(handle, index, { needles, text, from, at }, foldBytes(chunk, bytesRead));
    if (row !== undefined) return row;
    if (bytesRead < chunkBytes) break;
    onProgress(at / index.size);
  }
  return null;
}

interface Looking {
  needles: readonly string[];
  text: string;
  from: number;
  /** Offset of the chunk. */
  at: number;
}

async function firstHit(
  handle: FileHandle,
  index: RowIndex,
  { needles, text, from, at }: Looking,
  chunk: string,
): Promise<number | undefined> {
  for (let hit = nearest(chunk, needles, 0); hit >= 0;) {
    await index.reached(at + hit);
    const { row, offset } = await rowAtOffset(handle, index, at + hit);
    const rejected = row < from || row >= index.rows || !(await holds(handle, index, row, text));
    if (!rejected) return row;
    // The rest of a row that does not hold the text cannot hold it either.
    const next = index.exactly(row + 1)?.offset ?? Math.max(offset, at + hit) + 1;
    hit = nearest(chunk, needles, Math.max(hit + 1, next - at));
  }
  return undefined;
}

/** Folding bytes can confuse characters of other scripts: the row itself decides. */
async function holds(handle: FileHandle, index: RowIndex, row: number, text: string): Promise<boolean> {
  const [found] = await readRowBytes(handle, index, { from: row, count: 1, limit: longestChecked });
  if (!found || found.length > longestChecked) return found !== undefined;
  const content = found.bytes.toString('utf8').toLowerCase();
  return spellings(text).some((one) => content.includes(one.toLowerCase()));
}

function nearest(chunk: string, needles: readonly string[], from: number): number {
  const hits = needles.map((needle) => chunk.indexOf(needle, from)).filter((hit) => hit >= 0);
  return hits.length === 0 ? -1 : Math.min(...hits);
}

/** The text, and as JSON may write it: with escapes, and with everything beyond ASCII as \\uXXXX. */
function spellings(text: string): string[] {
  const escaped = JSON.stringify(text).slice(1, -1);
  const ascii = escaped.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return [...new Set([text, escaped, ascii])];
}

function folded(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  return foldBytes(bytes, bytes.length);
}

/** One character a byte, in lower case. */
function foldBytes(bytes: Buffer, length: number): string {
  return bytes.toString('latin1', 0, length).toLowerCase();
}
