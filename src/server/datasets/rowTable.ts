// The rows of a document: lines of JSON Lines, or elements of one JSON array. Knows where rows lie and what they hold, and
// keeps it through edits.
import type { DatasetFormat } from '../../data/examples.ts';
import { detectFormat } from '../../data/formats.ts';
import { notUtf8, readRowText } from '../../data/readRows.ts';
import { slices } from '../../lab/slices.ts';
import { inEnglish, phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { TextPosition, TextRange } from '../../shared/protocol/lab/experiments.ts';
import { ArrayOutline } from './arrayOutline.ts';
import { splice, type DocumentText, type LineSplice } from './documentText.ts';
import { infoOf, readColumns, type RowInfo } from './rowInfo.ts';

/** Where a row lies. `end` is behind its last character. */
export interface RowPlace {
  /** Index among lines or elements. */
  index: number;
  /** As the command line names it, 1-based. */
  number: number;
  start: TextPosition;
  end: TextPosition;
}

/** Rows looked at to find out what a file is. */
const rowsLookedAt = 50;

/** What a document turned out to be. */
export type DocumentKind = 'lines' | 'array' | 'object' | 'refused';

export class RowTable {
  kind: DocumentKind = 'lines';
  /** The first row with the columns of a format decides; later rows must have the same. */
  format: DatasetFormat | undefined;
  /** Problems of the file as a whole (a truncated array), besides those of its rows. */
  outline: ArrayOutline | undefined;
  /** Why no row of the file can be read, whatever its text. */
  refusal: Words | undefined;
  private readonly text: DocumentText;
  private readonly file: string;
  private infos: (RowInfo | undefined)[] = [];
  /** One of the first rows reads as an example: columns alone may be those of a report or a benchmark. */
  private hasExample = false;
  private lastReason: Words = '';

  constructor(text: DocumentText, file: string) {
    this.text = text;
    this.file = file;
  }

  /** Looks at the whole text anew, in slices; `current` turns false when the text has changed meanwhile. */
  async rebuild(current: () => boolean): Promise<void> {
    this.kind = kindOf(this.text.lines);
    this.infos = new Array<RowInfo | undefined>(this.kind === 'lines' ? this.text.lines.length : 0);
    this.outline = undefined;
    if (this.kind === 'array') {
      const outline = await ArrayOutline.scan(this.text.lines, current);
      if (!current()) return;
      this.outline = outline;
      this.infos = new Array<RowInfo | undefined>(outline.elements.length);
    }
    this.detect();
    if (this.refusal === undefined || !this.isDataset) return;
    this.kind = 'refused';
    this.outline = undefined;
    this.infos = [];
  }

  /** Whether edits can be followed line by line; else the table has to be rebuilt. */
  follow(changes: readonly LineSplice[]): boolean {
    if (this.kind !== 'lines' || kindOf(this.text.lines) !== 'lines') return false;
    for (const { line, removed, inserted } of changes) {
      this.infos = splice(this.infos, line, removed, new Array<undefined>(inserted).fill(undefined));
    }
    const format = this.format;
    this.detect();
    if (this.format !== format) this.infos = new Array<RowInfo | undefined>(this.infos.length);
    return true;
  }

  get length(): number {
    return this.infos.length;
  }

  place(index: number): RowPlace {
    if (this.kind === 'lines') {
      const line = this.text.lines[index] as string;
      return {
        index,
        number: index + 1,
        start: { line: index, character: 0 },
        end: { line: index, character: line.length },
      };
    }
    const element = this.outline?.elements[index];
    if (!element) throw new RangeError(`there is no element ${index}`);
    return { index, number: index + 1, start: element.start, end: element.end };
  }

  textOf(index: number): string {
    const { start, end } = this.place(index);
    return this.kind === 'lines' ? (this.text.lines[index] as string) : this.text.slice(start, end);
  }

  info(index: number): RowInfo {
    let info = this.infos[index];
    if (!info) {
      info = this.isDamaged(index)
        ? { kind: 'bad', reason: notUtf8 }
        : infoOf(this.textOf(index), this.format, { file: this.file, number: index + 1 });
      if (info.kind === 'blank' && this.kind === 'array') info = { kind: 'bad', reason: phrase('empty element') };
      if (info.kind === 'bad') info = { ...info, reason: this.keptOnce(info.reason) };
      this.infos[index] = info;
    }
    return info;
  }

  /** Visits what has been read so far. */
  forEachKnown(visit: (info: RowInfo, index: number) => void): void {
    this.infos.forEach((info, index) => {
      if (info) visit(info, index);
    });
  }

  /** How many rows have been read. */
  get known(): number {
    let count = 0;
    for (const info of this.infos) if (info) count++;
    return count;
  }

  /** The first line of the document. */
  firstLine(): string {
    return this.text.lines[0] as string;
  }

  /** Indices of the rows that touch lines, at most `most`. */
  within(from: number, to: number, most: number): number[] {
    const found: number[] = [];
    for (let index = this.firstAt(from); index < this.length && found.length < most; index++) {
      if (this.place(index).start.line > to) break;
      found.push(index);
    }
    return found;
  }

  /**
   * Indices of the rows that a stretch of the text touches; a place touches the row that it is in or right beside. The
   * comma and the indentation of a row that has its line to itself belong to it.
   */
  touching({ start, end }: TextRange): number[] {
    const isPlace = !isBefore(start, end);
    const onLines = this.within(start.line, end.line, Infinity);
    const touched = onLines.filter((index) => {
      const row = this.place(index);
      if (isPlace) return !isBefore(start, row.start) && !isBefore(row.end, start);
      return isBefore(row.start, end) && isBefore(start, row.end);
    });
    return touched.length === 0 && isPlace && onLines.length === 1 ? onLines : touched;
  }

  /** Whether the file is a list of rows in a known format. */
  get isDataset(): boolean {
    const isJsonLines = /\.jsonl$/i.test(this.file);
    // Of a JSON file that holds no example nobody says that it is meant to be a dataset.
    if (this.format !== undefined) return this.hasExample || isJsonLines;
    // A JSON Lines file of which no row can be read is a broken dataset; one with other columns is something else.
    if (!isJsonLines || this.kind === 'array') return false;
    const texts = this.text.lines.slice(0, rowsLookedAt).filter((line) => line.trim() !== '');
    return texts.every((line) => 'reason' in readRowText(line));
  }

  private isDamaged(index: number): boolean {
    const { damaged } = this.text;
    if (damaged.size === 0) return false;
    const { start, end } = this.place(index);
    for (let { line } = start; line <= end.line; line++) if (damaged.has(line)) return true;
    return false;
  }

  /** Rows in a row mostly fail for one reason: its words are then kept once. */
  private keptOnce(reason: Words): Words {
    if (inEnglish(reason) !== inEnglish(this.lastReason)) this.lastReason = reason;
    return this.lastReason;
  }

  private firstAt(line: number): number {
    if (this.kind === 'lines') return Math.max(0, line);
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.place(middle).end.line < line) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private detect(): void {
    this.format = undefined;
    this.hasExample = false;
    let looked = 0;
    for (let index = 0; index < this.length && looked < rowsLookedAt; index++) {
      const text = this.textOf(index);
      if (text.trim() === '') continue;
      looked++;
      const read = readRowText(text);
      if ('reason' in read) continue;
      this.format ??= detectFormat(read.row);
      if (this.format === undefined) continue;
      this.hasExample = 'example' in readColumns(read.row, this.format, { file: this.file, number: index + 1 });
      if (this.hasExample) return;
    }
  }
}

function isBefore(a: TextPosition, b: TextPosition): boolean {
  return a.line < b.line || (a.line === b.line && a.character < b.character);
}

/** As the command line decides: a first character `[` means an array; a lone `{` begins one object over several lines. */
function kindOf(lines: readonly string[]): DocumentKind {
  const first = lines.find((line) => line.trim() !== '')?.trim();
  if (first === undefined) return 'lines';
  if (first.startsWith('[')) return 'array';
  return first === '{' ? 'object' : 'lines';
}

/** Reads every row once, so that the whole is known. Resolves to false when the table has changed meanwhile. */
export async function readAll(table: RowTable, current: () => boolean): Promise<boolean> {
  const pause = slices();
  for (let index = 0; index < table.length; index++) {
    table.info(index);
    await pause();
    if (!current()) return false;
  }
  return true;
}
