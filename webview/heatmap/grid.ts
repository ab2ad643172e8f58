// A transparent grid over the picture: what is hovered, focused, clicked and read aloud are real elements. Arrow keys move,
// Enter opens, and only one cell is in the tab order.
import { add, el, setAttribute } from '../ui/dom.ts';
import { setText } from '../ui/page.ts';
import { hideTip, showTip } from '../ui/tip.ts';
import type { Box, Layout, PlacedCell } from './layout.ts';
import { sameCell } from './model.ts';
import type { CellKey } from './model.ts';

export interface GridContent {
  layout: Layout;
  label: string;
  keyOf(cell: PlacedCell): CellKey;
  labelOf(cell: PlacedCell): string;
  linesOf(cell: PlacedCell): string[];
  /** Whether the cell is waited for. */
  isActive(cell: PlacedCell): boolean;
  /** Tips of the column names. */
  tips: Tip[];
  /** Totals behind the cells of a row, by block and row of the layout. They are read aloud, but nothing opens from them. */
  totals: Tip[][][];
  selected: CellKey | undefined;
  /** `byKey`: the focus may go along. */
  onSelect(cell: PlacedCell, byKey: boolean): void;
}

/** What is told of a place that is no cell. */
export interface Tip {
  box: Box;
  /** The first line names it. */
  lines: string[];
}

interface Placed {
  cell: PlacedCell;
  element: HTMLElement;
  /** The tip is for eyes; this is the same for screen readers, whether the tip is there or not. */
  details: HTMLElement;
}

const moves: Record<string, readonly [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export interface Grid {
  element: HTMLElement;
  /**
   * Shows other content in the elements that are there, so that a click that has begun and the focus survive. False, and
   * nothing is done, when the content has other cells.
   */
  update(next: GridContent): boolean;
  /** Puts the focus on a cell, if it is there. */
  focus(key: CellKey): void;
  /** The cell that has or had the focus. */
  current(): CellKey | undefined;
}

export function makeGrid(first: GridContent, focused: CellKey | undefined): Grid {
  let content = first;
  const rows = cellsOf(content).map((row) => row.map((cell) => placeCell(cell, () => content)));
  const all = rows.flat();
  let current = all.find(({ cell }) => sameCell(content.keyOf(cell), focused)) ?? all[0];
  if (current) current.element.tabIndex = 0;
  const moveTo = (next: Placed | undefined): void => {
    if (!next) return;
    if (current) current.element.tabIndex = -1;
    current = next;
    next.element.tabIndex = 0;
    next.element.focus();
  };
  const element = el('div', {
    class: 'grid',
    role: 'grid',
    'aria-label': content.label,
    'aria-readonly': 'true',
    on: {
      keydown: (event) => {
        const next = keyTarget(event, rows, current);
        if (!next) return;
        event.preventDefault();
        moveTo(next);
      },
      mouseleave: hideTip,
      focusout: hideTip,
    },
  });
  const rowElements = rows.map((row) =>
    el(
      'div',
      { role: 'row' },
      row.map((one) => one.element),
    ),
  );
  add(element, rowElements);
  const show = (): void => {
    for (const one of all) showCell(one, content);
    for (const hint of element.querySelectorAll('.hint')) hint.remove();
    const totals = content.totals.flat();
    rowElements.forEach((row, index) => add(row, [totals[index]?.map(totalElement)]));
    add(element, content.tips.map(tipElement));
  };
  show();
  for (const one of all) {
    one.element.addEventListener('click', () => {
      moveTo(one);
      content.onSelect(one.cell, false);
    });
    one.element.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      content.onSelect(one.cell, true);
    });
  }
  return {
    element,
    update: (next) => {
      if (namesOf(next) !== namesOf(content)) return false;
      content = next;
      const cells = cellsOf(next).flat();
      all.forEach((one, k) => (one.cell = cells[k] ?? one.cell));
      show();
      return true;
    },
    focus: (key) => moveTo(all.find(({ cell }) => sameCell(content.keyOf(cell), key))),
    current: () => current && content.keyOf(current.cell),
  };
}

/** Cells by row. */
function cellsOf({ layout }: GridContent): PlacedCell[][] {
  return layout.blocks.flatMap((block) => block.rows.map((row) => row.cells));
}

/** Which cells there are, and in which rows. */
function namesOf(content: GridContent): string {
  return JSON.stringify(cellsOf(content).map((row) => row.map((cell) => content.keyOf(cell))));
}

function keyTarget(event: KeyboardEvent, rows: Placed[][], current: Placed | undefined): Placed | undefined {
  const at = rows.findIndex((row) => row.some((one) => one === current));
  const row = rows[at];
  if (!row || !current) return undefined;
  const column = row.indexOf(current);
  if (event.key === 'Home') return event.ctrlKey ? rows[0]?.[0] : row[0];
  if (event.key === 'End') return event.ctrlKey ? rows.at(-1)?.at(-1) : row.at(-1);
  const move = moves[event.key];
  return move && rows[at + move[0]]?.[column + move[1]];
}

const place = ({ x, y, width, height }: Box): Record<string, string> => ({
  left: `${x}px`,
  top: `${y}px`,
  width: `${width}px`,
  height: `${height}px`,
});

function placeCell(cell: PlacedCell, content: () => GridContent): Placed {
  const { arm, lr, stage, benchmark } = content().keyOf(cell);
  const details = el('span', { hidden: true });
  const element = el('div', { role: 'gridcell', tabindex: -1, data: { arm, lr, stage, benchmark } }, details);
  const placed = { cell, element, details };
  const tell = (): void => showTip(element.getBoundingClientRect(), content().linesOf(placed.cell));
  element.addEventListener('mouseenter', tell);
  element.addEventListener('focus', () => {
    if (element.matches(':focus-visible')) tell();
  });
  return placed;
}

/** Attributes that stay the same are not set: some screen readers would read the cell again. */
function showCell({ cell, element, details }: Placed, content: GridContent): void {
  const selected = sameCell(content.keyOf(cell), content.selected);
  const [, ...lines] = content.linesOf(cell);
  const id = `cell-${[cell.x, cell.y].map(Math.round).join('-')}`;
  setAttribute(details, 'id', id);
  setText(details, lines.join('. '));
  const classes = ['cell', content.isActive(cell) && 'active', selected && 'selected'];
  setAttribute(element, 'class', classes.filter(Boolean).join(' '));
  setAttribute(element, 'aria-label', content.labelOf(cell));
  setAttribute(element, 'aria-describedby', id);
  setAttribute(element, 'aria-selected', String(selected));
  for (const [name, value] of Object.entries(place(cell))) element.style.setProperty(name, value);
}

function tipElement(tip: Tip): HTMLElement {
  return hinting(tip, { 'aria-hidden': 'true' });
}

function totalElement(tip: Tip): HTMLElement {
  return hinting(tip, { role: 'gridcell', 'aria-label': tip.lines.join('. ') });
}

function hinting({ box, lines }: Tip, attributes: Record<string, string>): HTMLElement {
  const element = el('div', { class: 'hint', ...attributes, style: place(box) });
  element.addEventListener('mouseenter', () => showTip(element.getBoundingClientRect(), lines));
  return element;
}
