// Reads the rows of a JSON Lines file or of a JSON array, one at a time: memory does not grow with the number of rows.
// What cannot be read is reported with its place, never skipped silently.
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import type { DroppedRow, RowSource } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import { phrase, type Phrase } from '../shared/phrase.ts';
import { fileError } from './fileErrors.ts';
import { isBlank, maximumRowBytes, splitArray, splitLines, type RawRow, type RowPlace } from './splitRows.ts';

export type RowEvent =
  | { kind: 'row'; row: Record<string, unknown>; source: RowSource; place: RowPlace }
  | { kind: 'dropped'; dropped: DroppedRow };

/**
 * The rows of a file in order. A first character `[` means a JSON array, whose rows are numbered from 1; anything else
 * means JSON Lines, whose rows have their line number. Blank lines, CRLF and a byte order mark are accepted.
 */
export async function* readRows(file: string): AsyncGenerator<RowEvent> {
  const stream = createReadStream(file, { highWaterMark: 1 << 18 });
  try {
    const { isArray, chunks, start } = await detect(file, stream);
    yield* isArray ? readArray(file, chunks, start) : readLines(file, chunks, start);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === undefined ? error : fileError(error, file, 'read');
  } finally {
    stream.destroy();
  }
}

async function* readLines(file: string, chunks: AsyncIterable<Buffer>, start: number): AsyncGenerator<RowEvent> {
  let first = true;
  for await (const raw of splitLines(chunks, start)) {
    if (!raw.oversized && isBlank(raw.bytes)) continue;
    if (first && raw.bytes.toString('latin1').trim() === '{') throw oneObject(file);
    first = false;
    yield parseRow(raw, { file, line: raw.line });
  }
}

async function* readArray(file: string, chunks: AsyncIterable<Buffer>, start: number): AsyncGenerator<RowEvent> {
  const drop = (number: number, reason: Phrase): RowEvent => ({
    kind: 'dropped',
    dropped: { source: { file, line: number }, reason },
  });
  let rows = 0;
  let trailing = 0;
  let pendingBlank: number | undefined; // `[]` has one blank element; any other blank element is a stray comma
  for await (const raw of splitArray(chunks, (line) => (trailing = line), start)) {
    if (pendingBlank !== undefined) yield drop(++rows, phrase('empty element (line {0})', pendingBlank));
    pendingBlank = undefined;
    if (raw.truncated) {
      const complete = !isBlank(raw.bytes) && !raw.oversized ? parseRow(raw, { file, line: rows + 1 }) : undefined;
      if (complete?.kind === 'row') {
        rows++;
        yield complete;
      }
      yield drop(
        rows + 1,
        phrase('the file ends here (line {0}) without the closing bracket: the array is truncated', raw.line),
      );
    } else if (!raw.oversized && isBlank(raw.bytes)) {
      pendingBlank = raw.line;
    } else {
      yield parseRow(raw, { file, line: ++rows }, (reason) => phrase('{0} (line {1})', reason, raw.line));
    }
  }
  if (pendingBlank !== undefined && rows > 0) yield drop(++rows, phrase('empty element (line {0})', pendingBlank));
  if (trailing > 0) yield drop(rows + 1, phrase('text after the closing bracket of the array (line {0})', trailing));
}

/** `withPlace` adds the line to a reason where the source's number is none. */
function parseRow(raw: RawRow, source: RowSource, withPlace = (reason: Phrase): Phrase => reason): RowEvent {
  const drop = (reason: Phrase): RowEvent => ({ kind: 'dropped', dropped: { source, reason: withPlace(reason) } });
  if (raw.oversized) return drop(phrase('longer than {0} MiB', maximumRowBytes / 2 ** 20));
  if (!isUtf8(raw.bytes)) return drop(notUtf8);
  const read = readRowText(raw.bytes.toString('utf8'));
  return 'reason' in read ? drop(read.reason) : { kind: 'row', row: read.row, source, place: raw.place };
}

/** Why a row whose bytes are no text cannot be used. */
export const notUtf8 = phrase('not valid UTF-8');

/** The row that a text is as JSON, or the reason why it is none. */
export function readRowText(text: string): { row: Record<string, unknown> } | { reason: Phrase } {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (error) {
    return { reason: phrase('not valid JSON: {0}', (error as Error).message.split('\n')[0]!) };
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return { reason: phrase('not a JSON object') };
  return { row: row as Record<string, unknown> };
}

/** The chunks of a stream without the byte order mark (`start` bytes), and whether a JSON array begins. */
async function detect(
  file: string,
  stream: AsyncIterable<Buffer>,
): Promise<{ isArray: boolean; chunks: AsyncIterable<Buffer>; start: number }> {
  const iterator = stream[Symbol.asyncIterator]();
  const rest = { [Symbol.asyncIterator]: () => iterator };
  let head: Buffer = Buffer.alloc(0);
  const content = (): Buffer => (head.subarray(0, 3).equals(byteOrderMark) ? head.subarray(3) : head);
  while (head.length < 3 || isBlank(content())) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  const refused = refusedUtf16(file, head);
  if (refused) throw refused;
  const beginning = content();
  const first = beginning.find((byte) => byte > 0x20);
  return {
    isArray: first === openingBracket,
    chunks: chain(beginning, rest),
    start: head.length - beginning.length,
  };
}

async function* chain(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const openingBracket = 0x5b;

/** Why a file with these first bytes is not read, if they say that it is UTF-16. */
export function refusedUtf16(file: string, head: Buffer): LabError | undefined {
  const isUtf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  if (!isUtf16) return undefined;
  return new LabError('dataset-invalid', phrase('{0} is UTF-16 text', file), { remedy: phrase('Save it as UTF-8.') });
}

function oneObject(file: string): LabError {
  return new LabError('dataset-invalid', phrase('{0} is one JSON object, not a list of rows', file), {
    remedy: phrase('Give JSON Lines (one object a line) or a JSON array of objects.'),
  });
}
