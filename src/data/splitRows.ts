// Cuts a stream of bytes into the rows of a JSON Lines file or of one big JSON array, holding one row at a time. Works on
// bytes: every character that matters is ASCII, so multi-byte characters need no care until a row is decoded.

/** Where a row lies in its file: bytes. */
export interface RowPlace {
  offset: number;
  length: number;
}

/** The bytes of one row. `line`: where it begins (1-based). */
export interface RawRow {
  line: number;
  place: RowPlace;
  bytes: Buffer;
  /** The row was longer than the limit and its bytes were thrown away. */
  oversized: boolean;
  /** Array only: the file ended before the row did. */
  truncated: boolean;
}

/** A row longer than this is dropped: memory must not depend on the file. */
export const maximumRowBytes = 64 * 2 ** 20;

const newline = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** Collects the pieces of one row across chunks, up to the limit. */
class RowBuffer {
  private pieces: Buffer[] = [];
  private length = 0;
  private offset = 0;
  private leadingLines = 0;
  private visible = false;

  /** `offset`: where the piece lies in the file. */
  append(piece: Buffer, offset: number): void {
    if (this.length === 0) this.offset = offset;
    if (!this.visible) {
      this.leadingLines += leadingLines(piece);
      this.visible = !isBlank(piece);
    }
    this.length += piece.length;
    if (this.length <= maximumRowBytes) this.pieces.push(piece);
    else this.pieces = [];
  }

  take(line: number, truncated = false): RawRow {
    const oversized = this.length > maximumRowBytes;
    const bytes = this.pieces.length === 1 ? (this.pieces[0] as Buffer) : Buffer.concat(this.pieces);
    // A row begins at its first visible character, not at the comma before it.
    const place = { offset: this.offset, length: this.length };
    const row = { line: line + this.leadingLines, place, bytes, oversized, truncated };
    this.pieces = [];
    this.length = 0;
    this.leadingLines = 0;
    this.visible = false;
    return row;
  }
}

/** Line breaks before the first visible character. */
function leadingLines(bytes: Buffer): number {
  let lines = 0;
  for (const byte of bytes) {
    if (byte > 0x20) break;
    if (byte === newline) lines++;
  }
  return lines;
}

/** One row for every line, blank lines included. `start`: where the first chunk lies in the file. */
export async function* splitLines(chunks: AsyncIterable<Buffer>, start = 0): AsyncGenerator<RawRow> {
  const row = new RowBuffer();
  let line = 1;
  let at = start;
  for await (const chunk of chunks) {
    let from = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, from)) {
      row.append(chunk.subarray(from, end), at + from);
      yield row.take(line++);
      from = end + 1;
    }
    row.append(chunk.subarray(from), at + from);
    at += chunk.length;
  }
  yield row.take(line);
}

/**
 * The elements of a JSON array: what stands between the commas of its first level. The last row is `truncated` when the
 * closing bracket is missing; what follows the closing bracket is one more row, given to `onTrailing`. `start`: where the
 * first chunk lies in the file.
 */
export async function* splitArray(
  chunks: AsyncIterable<Buffer>,
  onTrailing: (line: number) => void,
  start = 0,
): AsyncGenerator<RawRow> {
  const row = new RowBuffer();
  const scanner = new ArrayScanner();
  let startLine = 1;
  let trailing = false;
  let at = start;
  for await (const chunk of chunks) {
    let from = 0;
    while (from < chunk.length) {
      if (scanner.closed) {
        const rest = chunk.subarray(from);
        scanner.line += leadingLines(rest);
        if (!trailing && !isBlank(rest)) onTrailing(scanner.line);
        trailing ||= !isBlank(rest);
        break;
      }
      const begun = scanner.depth > 0;
      const end = scanner.next(chunk, from);
      if (begun) row.append(chunk.subarray(from, end), at + from);
      if (end < chunk.length) {
        if (begun) yield row.take(startLine);
        startLine = scanner.line;
      }
      from = end + 1;
    }
    at += chunk.length;
  }
  if (!scanner.closed) yield row.take(startLine, true);
}

/** Follows strings and brackets byte by byte, across chunks. `depth` 1 is between two elements of the array. */
export class ArrayScanner {
  depth = 0;
  line = 1;
  closed = false;
  private inString = false;
  private escaped = false;

  /** The index of the next byte that ends a row (the opening bracket, a comma, the closing one), or the chunk's length. */
  next(chunk: Buffer, from: number): number {
    for (let i = from; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (byte === newline) this.line++;
      if (this.inString) this.scanString(byte);
      else if (byte === quote) this.inString = true;
      else if (this.endsRow(byte)) return i;
    }
    return chunk.length;
  }

  private scanString(byte: number): void {
    if (this.escaped) this.escaped = false;
    else if (byte === backslash) this.escaped = true;
    else if (byte === quote) this.inString = false;
  }

  private endsRow(byte: number): boolean {
    // '[' and '{' differ from ']' and '}' in one bit each: 5b, 7b, 5d, 7d.
    if (byte === 0x5b || byte === 0x7b) return ++this.depth === 1;
    if (byte === 0x5d || byte === 0x7d) {
      this.closed = --this.depth === 0;
      return this.closed;
    }
    return byte === comma && this.depth === 1;
  }
}

/** Only JSON white space. */
export function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === newline || byte === 0x0d || byte === 0x09);
}
