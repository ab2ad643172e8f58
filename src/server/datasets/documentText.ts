// The text of a document as lines, so that an edit costs what it changes and not what the file holds.
import { isUtf8 } from 'node:buffer';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { fileError } from '../../data/fileErrors.ts';
import { refusedUtf16 } from '../../data/readRows.ts';
import { slices } from '../../lab/slices.ts';
import { errorLine } from '../../shared/errors.ts';
import type { Words } from '../../shared/phrase.ts';
import type { TextProbe } from '../../shared/protocol/lab/datasets.ts';
import type { TextPosition, TextRange } from '../../shared/protocol/lab/experiments.ts';

/** One replacement of lines: `removed` lines from `line` on have become `inserted` ones. */
export interface LineSplice {
  line: number;
  removed: number;
  inserted: number;
}

/** Arrays longer than this are not spread into arguments: the stack would not hold them. */
const spreadLimit = 10_000;

export class DocumentText {
  lines: string[];
  /** Lines whose bytes on disk are not UTF-8; an edited text is written anew, as UTF-8. */
  damaged: ReadonlySet<number> = new Set();

  constructor(lines: string[] = ['']) {
    this.lines = lines;
  }

  /** Applies one change and says which lines it touched. Positions outside the text are moved to its edge. */
  apply(range: TextRange, text: string): LineSplice {
    const start = this.clamp(range.start);
    const end = this.clamp(range.end);
    const head = (this.lines[start.line] as string).slice(0, start.character);
    const tail = (this.lines[end.line] as string).slice(end.character);
    const inserted = splitText(text);
    inserted[0] = head + (inserted[0] as string);
    inserted[inserted.length - 1] = (inserted.at(-1) as string) + tail;
    const removed = end.line - start.line + 1;
    this.lines = splice(this.lines, start.line, removed, inserted);
    return { line: start.line, removed, inserted: inserted.length };
  }

  /** The text between two positions, with line feeds. */
  slice(start: TextPosition, end: TextPosition): string {
    if (start.line === end.line) return (this.lines[start.line] ?? '').slice(start.character, end.character);
    const first = (this.lines[start.line] ?? '').slice(start.character);
    const last = (this.lines[end.line] ?? '').slice(0, end.character);
    return [first, ...this.lines.slice(start.line + 1, end.line), last].join('\n');
  }

  /** Whether this is the text that an editor shows, as far as a few lines tell. */
  matches({ lineCount, lines }: TextProbe): boolean {
    return lineCount === this.lines.length && lines.every(({ line, text }) => this.lines[line] === text);
  }

  private clamp({ line, character }: TextPosition): TextPosition {
    const at = Math.min(Math.max(0, line), this.lines.length - 1);
    return { line: at, character: Math.min(Math.max(0, character), (this.lines[at] as string).length) };
  }
}

/** Replaces a part of an array; the same array where that is cheap. */
export function splice<T>(array: T[], at: number, removed: number, inserted: readonly T[]): T[] {
  if (inserted.length > spreadLimit) return array.slice(0, at).concat(inserted, array.slice(at + removed));
  array.splice(at, removed, ...inserted);
  return array;
}

/** Lines of a text under every line ending that the editor knows. */
export function splitText(text: string): string[] {
  return text.split(/\r\n|\r|\n/);
}

/** What stands for bytes that are not UTF-8 (and may stand in a text of its own). */
const replacement = '\ufffd';

/**
 * The lines of a UTF-8 file, without a byte order mark, read in pieces, and which of them hold bytes that are not UTF-8.
 */
export async function readLines(file: string): Promise<{ lines: string[]; damaged: Set<number> }> {
  const pause = slices();
  const damaged = new Set<number>();
  let lines: string[] = [];
  let rest: Buffer = Buffer.alloc(0);
  const add = (bytes: Buffer): void => {
    const text = decoder.decode(bytes);
    const parts = splitText(lines.length === 0 ? text.replace(/^\ufeff/, '') : text);
    if (text.includes(replacement) && !isUtf8(bytes)) {
      for (const index of damagedLines(bytes)) damaged.add(lines.length + index);
    }
    lines = splice(lines, lines.length, 0, parts);
  };
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 19 })) {
      const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
      // A carriage return at the end may be half of a line ending.
      const end = Math.max(bytes.lastIndexOf(lineFeed), bytes.subarray(0, -1).lastIndexOf(carriageReturn));
      if (end >= 0)
        add(bytes.subarray(0, bytes[end - 1] === carriageReturn && bytes[end] === lineFeed ? end - 1 : end));
      rest = bytes.subarray(end + 1);
      await pause();
    }
  } catch (error) {
    throw fileError(error, file, 'read');
  }
  add(rest);
  return { lines, damaged };
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const [lineFeed, carriageReturn] = [0x0a, 0x0d];

/** Lines of a piece that are not UTF-8. Latin-1 keeps bytes apart, and line endings are the same in both. */
function damagedLines(bytes: Buffer): number[] {
  const lines = splitText(bytes.toString('latin1'));
  return lines.flatMap((line, index) => (isUtf8(Buffer.from(line, 'latin1')) ? [] : [index]));
}

/** Why the command line does not read a file for its encoding; undefined too where there is no file. */
export async function refusedEncoding(file: string): Promise<Words | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const head = Buffer.alloc(2);
    await handle.read(head, 0, 2, 0);
    const refused = refusedUtf16(file, head);
    return refused && errorLine(refused);
  } catch {
    return undefined; // a folder, a device: what is said of the text stands
  } finally {
    await handle.close();
  }
}
