// Where rows of one height stand in a list that may be far higher than an element of a browser can be. Positions are in
// list pixels; the scroll bar moves over at most `tallest` of its own.

/** Browsers give up between 17 and 33 million pixels. */
export const tallest = 10_000_000;

export class Geometry {
  readonly rowHeight: number;
  rows = 0;
  /** Height of the window onto the list. */
  view = 0;

  constructor(rowHeight: number) {
    this.rowHeight = rowHeight;
  }

  /** Height of all rows. */
  get content(): number {
    return this.rows * this.rowHeight;
  }

  /** Height that the scroll bar knows. */
  get scrolled(): number {
    return Math.min(this.content, tallest);
  }

  /** Whether a pixel of the scroll bar stands for more than one of the list. */
  get compressed(): boolean {
    return this.content > tallest;
  }

  /** The nearest position that there is. */
  clamp(top: number): number {
    return Math.max(0, Math.min(Math.round(top), this.content - this.view));
  }

  /** Position of the list for one of the scroll bar. */
  toTop(scroll: number): number {
    return this.clamp(this.compressed ? (scroll / (tallest - this.view)) * (this.content - this.view) : scroll);
  }

  /** Position of the scroll bar for one of the list. */
  toScroll(top: number): number {
    return this.compressed ? (top / (this.content - this.view)) * (tallest - this.view) : top;
  }

  /** Rows that are at least partly in sight, both included; `last` is below `first` when there is none. */
  inSight(top: number): { first: number; last: number } {
    const first = Math.max(0, Math.floor(top / this.rowHeight));
    return { first, last: Math.min(this.rows, Math.ceil((top + this.view) / this.rowHeight)) - 1 };
  }

  /** Rows that fit whole. */
  get fitting(): number {
    return Math.max(1, Math.floor(this.view / this.rowHeight));
  }

  /** The position nearest to `top` at which a row is wholly in sight. */
  reveal(row: number, top: number): number {
    const start = row * this.rowHeight;
    return this.clamp(Math.min(start, Math.max(top, start + this.rowHeight - this.view)));
  }

  /** A row in the middle, if it is not in sight already. */
  show(row: number, top: number): number {
    const start = row * this.rowHeight;
    if (start >= top && start + this.rowHeight <= top + this.view) return top;
    return this.clamp(start - (this.view - this.rowHeight) / 2);
  }
}
