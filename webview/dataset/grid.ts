// The list of rows as a grid that draws what is in sight and nothing else. One row is the current one: keys move it, and it
// stays where it is when rows are added. The grid itself holds the focus and names the current row to screen readers.
import { el } from '../ui/dom.ts';
import { text } from '../ui/host.ts';
import { Geometry } from './geometry.ts';

export interface GridHooks {
  /** Cells of a row. */
  draw(row: number): HTMLElement[];
  /** Other rows are in sight; both included. */
  moved(first: number, last: number): void;
  /** The current row is another one. */
  current(row: number): void;
  /** Somebody wants to see all of the current row. */
  open(row: number): void;
}

const bordersAndPadding = 9;

export class RowGrid {
  readonly element: HTMLElement;
  private readonly head = el('div', { class: 'row head', role: 'row', 'aria-rowindex': 1 });
  private readonly rows = el('div', { class: 'window', role: 'rowgroup' });
  private readonly spacer = el('div', { class: 'spacer', role: 'presentation' }, this.rows);
  private readonly scroller = el('div', { class: 'scroller', role: 'presentation', tabindex: -1 }, this.spacer);
  private readonly hooks: GridHooks;
  private readonly geometry: Geometry;
  private readonly drawn = new Map<number, HTMLElement>();
  private top = 0;
  private at = 0;
  private frame = 0;
  private scrollSet = 0;

  constructor(hooks: GridHooks) {
    this.hooks = hooks;
    const lineHeight = 1.5 * parseFloat(getComputedStyle(document.body).fontSize);
    this.geometry = new Geometry(Math.round(2 * lineHeight) + bordersAndPadding);
    this.element = el(
      'div',
      {
        class: 'grid',
        role: 'grid',
        tabindex: 0,
        'aria-label': text('Rows of the dataset'),
        'aria-readonly': 'true',
        style: { '--row-height': `${this.geometry.rowHeight}px` },
        on: { keydown: (event) => this.key(event), click: (event) => this.click(event) },
      },
      el('div', { role: 'rowgroup' }, this.head),
      this.scroller,
    );
    this.scroller.addEventListener('scroll', () => this.scrolled(), { passive: true });
    this.scroller.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.resized()).observe(this.scroller);
  }

  /** Names of the columns. */
  setColumns(columns: readonly { name: string; words: string }[]): void {
    this.head.replaceChildren(
      ...columns.map(({ name, words }) => el('div', { class: `cell ${name}`, role: 'columnheader' }, words)),
    );
    this.element.setAttribute('aria-colcount', String(columns.length));
  }

  /** How many rows there are; not all of them are known while the file is being read. */
  setRows(rows: number, all: boolean): void {
    this.geometry.rows = rows;
    this.element.setAttribute('aria-rowcount', String(all ? rows + 1 : -1));
    this.spacer.style.height = `${this.geometry.scrolled}px`;
    this.place(this.top);
  }

  get current(): number {
    return this.at;
  }

  inSight(): { first: number; last: number } {
    return this.geometry.inSight(this.top);
  }

  /** Makes a row the current one and brings it into sight: at the edge, or in the middle for a jump. */
  go(row: number, how: 'edge' | 'middle' = 'middle'): void {
    const { geometry } = this;
    const to = Math.max(0, Math.min(row, geometry.rows - 1));
    const before = this.at;
    this.at = to;
    this.place(how === 'edge' ? geometry.reveal(to, this.top) : geometry.show(to, this.top));
    this.mark(before);
    if (to !== before) this.hooks.current(to);
  }

  /** Draws the rows in sight anew. */
  redraw(): void {
    for (const [row, element] of this.drawn) element.replaceChildren(...this.hooks.draw(row));
  }

  /** Forgets what was drawn and begins at the top. */
  reset(): void {
    this.at = 0;
    this.top = 0;
    for (const element of this.drawn.values()) element.remove();
    this.drawn.clear();
  }

  focus(): void {
    this.element.focus({ preventScroll: true });
  }

  /** Elements of the rows in sight. */
  elements(): HTMLElement[] {
    return [...this.drawn.values()];
  }

  private place(top: number): void {
    this.top = this.geometry.clamp(top);
    const scroll = this.geometry.toScroll(this.top);
    if (Math.abs(this.scroller.scrollTop - scroll) >= 1) this.scroller.scrollTop = scroll;
    this.scrollSet = this.scroller.scrollTop;
    this.paint();
  }

  /** The scroll bar was moved, unless it stands where it was put. */
  private scrolled(): void {
    const { scrollTop } = this.scroller;
    if (Math.abs(scrollTop - this.scrollSet) < 1) return;
    this.scrollSet = scrollTop;
    this.top = this.geometry.toTop(scrollTop);
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.paint());
  }

  /** Where a pixel of the scroll bar is many rows, the wheel moves the list itself. */
  private wheel(event: WheelEvent): void {
    if (!this.geometry.compressed || event.ctrlKey || event.deltaY === 0) return;
    event.preventDefault();
    const units = [1, this.geometry.rowHeight, this.geometry.view];
    this.place(this.top + event.deltaY * (units[event.deltaMode] ?? 1));
  }

  private resized(): void {
    this.geometry.view = this.scroller.clientHeight;
    this.rows.style.height = `${this.geometry.view}px`;
    this.head.style.paddingRight = `${16 + this.scroller.offsetWidth - this.scroller.clientWidth}px`;
    this.place(this.top);
  }

  /** Puts the rows in sight where they belong; those that stay are not drawn anew. */
  private paint(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { first, last } = this.inSight();
    for (const [row, element] of this.drawn) {
      if (row >= first && row <= last) continue;
      element.remove();
      this.drawn.delete(row);
    }
    let before: HTMLElement | null = null;
    for (let row = last; row >= first; row--) {
      const element = this.drawn.get(row) ?? this.make(row);
      if (element.parentElement === null) this.rows.insertBefore(element, before);
      element.style.transform = `translateY(${row * this.geometry.rowHeight - this.top}px)`;
      before = element;
    }
    this.name();
    if (last >= first) this.hooks.moved(first, last);
  }

  private make(row: number): HTMLElement {
    const element = el(
      'div',
      { class: 'row', role: 'row', id: `row-${row}`, 'aria-rowindex': row + 2, data: { row } },
      this.hooks.draw(row),
    );
    this.drawn.set(row, element);
    this.dress(row);
    return element;
  }

  private dress(row: number): void {
    const element = this.drawn.get(row);
    element?.classList.toggle('current', row === this.at);
    element?.setAttribute('aria-selected', String(row === this.at));
  }

  private mark(before: number): void {
    this.dress(before);
    this.dress(this.at);
    this.name();
  }

  private name(): void {
    if (this.drawn.has(this.at)) this.element.setAttribute('aria-activedescendant', `row-${this.at}`);
    else this.element.removeAttribute('aria-activedescendant');
  }

  private click(event: MouseEvent): void {
    const row = (event.target as Element).closest<HTMLElement>('.row[data-row]')?.dataset['row'];
    // Whoever marks text to copy it does not want the list to move.
    if (row === undefined || getSelection()?.type === 'Range') return;
    this.focus();
    this.go(Number(row), 'edge');
    this.hooks.open(Number(row));
  }

  private key(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey) return;
    const { fitting, rows } = this.geometry;
    const targets: Record<string, number> = {
      ArrowDown: this.at + 1,
      ArrowUp: this.at - 1,
      PageDown: this.at + fitting,
      PageUp: this.at - fitting,
      Home: 0,
      End: rows - 1,
    };
    const to = targets[event.key];
    if (to !== undefined) this.go(to, 'edge');
    else if (event.key === 'Enter') this.hooks.open(this.at);
    else return;
    event.preventDefault();
  }
}
