// Where the elements of one big JSON array lie, found by following strings and brackets over the lines, in slices. What
// stands inside an element is read when it is needed.
import { slices } from '../../lab/slices.ts';
import type { TextPosition } from '../../shared/protocol/lab/experiments.ts';

export interface ArrayElement {
  start: TextPosition;
  end: TextPosition;
}

/** Characters scanned without looking at the clock. */
const pieceLength = 1 << 16;

export class ArrayOutline {
  readonly elements: ArrayElement[] = [];
  /** Where text stands behind the closing bracket. */
  trailing: TextPosition | undefined;
  /** Where the last element begins when the closing bracket is missing. */
  brokenOff: TextPosition | undefined;
  private closed = false;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private start: TextPosition | undefined;
  /** Behind the last visible character. */
  private readonly end: TextPosition = { line: 0, character: 0 };
  /** Where the present element may begin: behind the last bracket or comma. */
  private edge: TextPosition = { line: 0, character: 0 };

  private constructor() {
    // Made by `scan`.
  }

  /** Outlines the lines; stops early when `current` turns false. */
  static async scan(lines: readonly string[], current: () => boolean): Promise<ArrayOutline> {
    const outline = new ArrayOutline();
    const pause = slices();
    for (let line = 0; line < lines.length && outline.trailing === undefined; line++) {
      const text = lines[line] as string;
      // A whole file may stand on one line.
      for (let from = 0; from < text.length; from += pieceLength) {
        outline.scanPiece(text, line, from, Math.min(text.length, from + pieceLength));
        await pause();
        if (!current()) return outline;
      }
    }
    // A truncated array still shows what it has: an object that is whole is a row.
    const { start, end } = outline;
    const isWhole = outline.depth === 1 && !outline.inString && lines[end.line]?.charAt(end.character - 1) === '}';
    if (!outline.closed) outline.brokenOff = start ?? { ...end };
    if (!outline.closed && start && isWhole) outline.finishElement();
    return outline;
  }

  private scanPiece(text: string, line: number, from: number, to: number): void {
    for (let character = from; character < to && !this.trailing; character++) {
      const code = text.charCodeAt(character);
      if (this.inString) this.scanString(code);
      else if (code === 0x20 || code === 0x09) continue;
      else this.scanVisible(code, line, character);
      this.end.line = line;
      this.end.character = character + 1;
    }
  }

  private scanString(code: number): void {
    if (this.escaped) this.escaped = false;
    else if (code === 0x5c) this.escaped = true;
    else if (code === 0x22) this.inString = false;
  }

  private scanVisible(code: number, line: number, character: number): void {
    if (this.closed) {
      this.trailing = { line, character };
      return;
    }
    const opens = code === 0x5b || code === 0x7b;
    const closes = code === 0x5d || code === 0x7d;
    if (this.depth === 0) {
      if (opens) {
        this.depth = 1;
        this.edge = { line, character: character + 1 };
      }
      return;
    }
    if (this.depth === 1 && (code === 0x2c || closes)) {
      // `[]` has no element; anything else between two commas is one, even when it is empty.
      if (this.start || code === 0x2c || this.elements.length > 0) this.finishElement();
      this.edge = { line, character: character + 1 };
      if (closes) {
        this.depth = 0;
        this.closed = true;
      }
      return;
    }
    this.start ??= { line, character };
    if (code === 0x22) this.inString = true;
    else if (opens) this.depth++;
    else if (closes) this.depth--;
  }

  private finishElement(): void {
    this.elements.push({ start: this.start ?? this.edge, end: this.start ? { ...this.end } : this.edge });
    this.start = undefined;
  }
}
