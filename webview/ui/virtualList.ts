// A list of any number of rows of any height, of which only those on the screen exist. The first row on the screen is what
// stays in place: rows that change their height move what is below them, never what is above. The scroll bar is an element
// of its own, because no page can be as high as ten million rows.
import { el } from './dom.ts';

export interface VirtualListOptions {
  /** For screen readers. */
  label: string;
  columns: number;
  /** The row's content; called again by `refresh`. */
  render(index: number): HTMLElement;
  /** Rows [from, to) are on the screen. */
  onVisible(from: number, to: number): void;
  /** A key on the current row; true when it was used. */
  onKey?(event: KeyboardEvent, index: number): boolean;
}

export interface VirtualList {
  readonly element: HTMLElement;
  readonly count: number;
  /** Index of the row that keys act on. */
  readonly current: number;
  /** First row on the screen. */
  readonly first: number;
  /** Rows beyond are gone, new ones follow; what is on the screen stays where it is. */
  setCount(count: number): void;
  /** Draws a row anew, or all that are on the screen. */
  refresh(index?: number): void;
  /** Brings a row to the top, or just into sight when `near`. */
  show(index: number, options?: { near?: boolean; current?: boolean }): void;
  focus(): void;
}

/** Height of the scroll bar's inside; far below what browsers can do. */
const barPixels = 1_000_000;
/** Rows rendered beyond the lower edge. */
const overscan = 2;
const linePixels = 20;

export function makeVirtualList(options: VirtualListOptions): VirtualList {
  return new List(options);
}

let lists = 0;

class List implements VirtualList {
  readonly element: HTMLElement;
  count = 0;
  current = 0;
  private readonly options: VirtualListOptions;
  private readonly rows: HTMLElement;
  private readonly bar: HTMLElement;
  private readonly spacer = el('div');
  private readonly id = `list${++lists}`;
  private readonly shown = new Map<number, HTMLElement>();
  /** The first row on the screen and how many of its pixels are above the edge. */
  private anchor = { index: 0, offset: 0 };
  private expectedBar = 0;
  private frame = 0;
  private touchY: number | undefined;

  constructor(options: VirtualListOptions) {
    this.options = options;
    this.rows = el('div', {
      class: 'list-rows',
      role: 'grid',
      tabindex: 0,
      'aria-label': options.label,
      'aria-colcount': options.columns,
      on: { keydown: (event) => this.key(event) },
    });
    this.bar = el(
      'div',
      { class: 'list-bar', 'aria-hidden': 'true', on: { scroll: () => this.barMoved() } },
      this.spacer,
    );
    this.element = el('div', { class: 'list' }, el('div', { class: 'list-window' }, this.rows), this.bar);
    this.element.addEventListener('wheel', (event) => this.wheel(event), { passive: false });
    this.element.addEventListener('touchstart', (event) => (this.touchY = event.touches[0]?.clientY), {
      passive: true,
    });
    this.element.addEventListener('touchmove', (event) => this.touch(event), { passive: false });
    this.rows.addEventListener('pointerdown', (event) => this.pointed(event));
    new ResizeObserver(() => this.later()).observe(this.element);
  }

  get first(): number {
    return this.anchor.index;
  }

  setCount(count: number): void {
    this.count = count;
    this.rows.setAttribute('aria-rowcount', String(count));
    this.current = Math.max(0, Math.min(this.current, count - 1));
    if (this.anchor.index >= count) this.anchor = { index: Math.max(0, count - 1), offset: 0 };
    this.later();
  }

  refresh(index?: number): void {
    for (const [one, element] of this.shown) {
      if (index !== undefined && one !== index) continue;
      const fresh = this.make(one);
      // What is being typed or chosen keeps its focus: the new row gets it at the same place.
      const focused = focusPath(element);
      element.replaceWith(fresh);
      this.shown.set(one, fresh);
      focused?.(fresh);
    }
    this.later();
  }

  show(index: number, { near = false, current = false }: { near?: boolean; current?: boolean } = {}): void {
    const wanted = Math.max(0, Math.min(index, this.count - 1));
    if (current) this.setCurrent(wanted);
    if (!near || !this.nudge(wanted)) this.anchor = { index: wanted, offset: 0 };
    this.later();
  }

  focus(): void {
    this.rows.focus({ preventScroll: true });
  }

  /** Scrolls by as little as possible; false when the row is not rendered. */
  private nudge(index: number): boolean {
    const element = this.shown.get(index);
    if (!element) return false;
    const [row, window] = [element.getBoundingClientRect(), this.window()];
    if (row.top < window.top) this.anchor.offset += row.top - window.top;
    else if (row.bottom > window.bottom) {
      this.anchor.offset += Math.min(row.bottom - window.bottom, row.top - window.top);
    }
    return true;
  }

  private window(): DOMRect {
    return (this.rows.parentElement as HTMLElement).getBoundingClientRect();
  }

  private later(): void {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.layout();
    });
  }

  private layout(): void {
    const height = this.window().height;
    if (this.count === 0 || height === 0) {
      for (const element of this.shown.values()) element.remove();
      this.shown.clear();
      this.placeBar(1);
      return;
    }
    this.settleAnchor();
    const last = this.fill(height);
    for (const [index, element] of this.shown) {
      if (index >= this.anchor.index && index <= last) continue;
      element.remove();
      this.shown.delete(index);
    }
    this.rows.style.transform = `translateY(${-this.anchor.offset}px)`;
    this.markCurrent();
    this.placeBar(last - this.anchor.index);
    this.options.onVisible(this.anchor.index, Math.min(this.count, last + 1));
  }

  /** Moves the anchor until its offset lies within its row. */
  private settleAnchor(): void {
    const { anchor } = this;
    while (anchor.offset < 0 && anchor.index > 0) anchor.offset += this.heightOf(--anchor.index);
    anchor.offset = Math.max(0, anchor.offset);
    for (;;) {
      const height = this.heightOf(anchor.index);
      if (anchor.offset < height) return;
      if (anchor.index === this.count - 1) {
        anchor.offset = 0;
        return;
      }
      anchor.offset -= height;
      anchor.index++;
    }
  }

  /** Renders down to the lower edge, and up again where the end comes before it. The last rendered row. */
  private fill(height: number): number {
    const { anchor } = this;
    let index = anchor.index;
    let below = -anchor.offset;
    while (index < this.count && below < height) below += this.heightOf(index++);
    if (below < height) {
      while (below < height && (anchor.index > 0 || anchor.offset > 0)) {
        const missing = height - below;
        if (anchor.offset > 0) {
          const part = Math.min(anchor.offset, missing);
          anchor.offset -= part;
          below += part;
        } else {
          const above = this.heightOf(--anchor.index);
          anchor.offset = above;
        }
      }
    }
    const end = Math.min(this.count, index + overscan);
    while (index < end) this.heightOf(index++);
    return end - 1;
  }

  private heightOf(index: number): number {
    let element = this.shown.get(index);
    if (!element) {
      element = this.make(index);
      this.rows.insertBefore(element, this.nextShown(index));
      this.shown.set(index, element);
    }
    // A row without height would never fill the window.
    return Math.max(1, element.getBoundingClientRect().height);
  }

  private nextShown(index: number): HTMLElement | null {
    let next: number | undefined;
    for (const one of this.shown.keys()) if (one > index && (next === undefined || one < next)) next = one;
    return next === undefined ? null : (this.shown.get(next) ?? null);
  }

  private make(index: number): HTMLElement {
    const element = this.options.render(index);
    element.id = `${this.id}-${index}`;
    element.setAttribute('role', 'row');
    element.setAttribute('aria-rowindex', String(index + 1));
    element.dataset['index'] = String(index);
    element.classList.toggle('current', index === this.current);
    return element;
  }

  private markCurrent(): void {
    for (const [index, element] of this.shown) element.classList.toggle('current', index === this.current);
    const there = this.shown.has(this.current);
    this.rows.setAttribute('aria-activedescendant', there ? `${this.id}-${this.current}` : '');
  }

  private placeBar(visible: number): void {
    const window = this.window().height;
    const most = Math.max(0, this.count - visible);
    this.bar.classList.toggle('idle', most === 0);
    this.spacer.style.height = `${most === 0 ? 0 : Math.min(barPixels, window + most * linePixels * 2)}px`;
    const share = most === 0 ? 0 : Math.min(1, this.anchor.index / most);
    this.bar.scrollTop = share * (this.bar.scrollHeight - this.bar.clientHeight);
    this.expectedBar = this.bar.scrollTop;
  }

  private barMoved(): void {
    if (Math.abs(this.bar.scrollTop - this.expectedBar) < 2) return;
    const range = this.bar.scrollHeight - this.bar.clientHeight;
    const share = range <= 0 ? 0 : this.bar.scrollTop / range;
    this.expectedBar = this.bar.scrollTop;
    this.anchor = { index: Math.round(share * (this.count - 1)), offset: 0 };
    this.later();
  }

  private wheel(event: WheelEvent): void {
    if (event.ctrlKey || event.deltaY === 0 || event.target === this.bar) return;
    const unit = event.deltaMode === 0 ? 1 : event.deltaMode === 1 ? linePixels : this.window().height;
    event.preventDefault();
    this.anchor.offset += event.deltaY * unit;
    this.later();
  }

  private touch(event: TouchEvent): void {
    const y = event.touches[0]?.clientY;
    if (y === undefined || this.touchY === undefined) return;
    event.preventDefault();
    this.anchor.offset += this.touchY - y;
    this.touchY = y;
    this.later();
  }

  private pointed({ target }: PointerEvent): void {
    const row = target instanceof Element ? target.closest<HTMLElement>('[data-index]') : null;
    if (row?.parentElement === this.rows) this.setCurrent(Number(row.dataset['index']));
  }

  private setCurrent(index: number): void {
    this.current = index;
    this.markCurrent();
  }

  private key(event: KeyboardEvent): void {
    if (event.target !== this.rows) {
      if (event.key === 'Escape') this.focus();
      return;
    }
    if (this.options.onKey?.(event, this.current)) {
      event.preventDefault();
      return;
    }
    const page = Math.max(1, this.shown.size - overscan - 1);
    const moves: Record<string, number> = {
      ArrowDown: this.current + 1,
      ArrowUp: this.current - 1,
      PageDown: this.current + page,
      PageUp: this.current - page,
      Home: 0,
      End: this.count - 1,
    };
    const to = moves[event.key];
    if (to === undefined || event.altKey || event.metaKey || this.count === 0) return;
    event.preventDefault();
    this.show(to, { near: true, current: true });
  }
}

/** Where the focus lies inside an element, as a function that sets it in another element of the same shape. */
function focusPath(element: HTMLElement): ((other: HTMLElement) => void) | undefined {
  const { activeElement } = document;
  if (!activeElement || activeElement === element || !element.contains(activeElement)) return undefined;
  const focusable = (root: HTMLElement): HTMLElement[] => [...root.querySelectorAll<HTMLElement>('button, a, input')];
  const index = focusable(element).findIndex((one) => one === activeElement);
  return (other) => focusable(other)[index]?.focus({ preventScroll: true });
}
