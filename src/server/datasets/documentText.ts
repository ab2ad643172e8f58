// The text of a document as lines, so that an edit costs what it changes and not what the file holds.
import { createReadStream } from 'node:fs';
import { fileError } from '../../data/fileErrors.ts';
import { slices } from '../../lab/slices.ts';
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

/** The lines of a UTF-8 file, without a byte order mark, read in pieces. */
export async function readLines(file: string): Promise<string[]> {
  const decoder = new TextDecoder();
  const pause = slices();
  let lines: string[] = [];
  let rest = '';
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: 1 << 19 })) {
      const text = rest + decoder.decode(chunk as Buffer, { stream: true });
      // A carriage return at the end may be half of a line ending.
      const held = text.endsWith('\r') ? '\r' : '';
      const parts = splitText(held ? text.slice(0, -1) : text);
      rest = (parts.pop() as string) + held;
      lines = splice(lines, lines.length, 0, parts);
      await pause();
    }
  } catch (error) {
    throw fileError(error, file, 'read');
  }
  lines.push(...splitText(rest + decoder.decode()));
  return lines;
}
