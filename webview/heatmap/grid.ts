// A transparent grid over the picture: what is hovered, focused, clicked and read aloud are real elements. Arrow keys move,
// Enter opens, and only one cell is in the tab order.
import { el } from '../ui/dom.ts';
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
}

const moves: Record<string, readonly [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

export interface Grid {
  element: HTMLElement;
  /** Puts the focus on a cell, if it is there. */
  focus(key: CellKey): void;
  /** The cell that has or had the focus. */
  current(): CellKey | undefined;
}

export function makeGrid(content: GridContent, focused: CellKey | undefined): Grid {
  const rows: Placed[][] = content.layout.blocks.flatMap((block) =>
    block.rows.map((row) => row.cells.map((cell) => ({ cell, element: cellElement(content, cell) }))),
  );
  const totals = content.totals.flat();
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
  const element = el(
    'div',
    {
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
    },
    rows.map((row, index) =>
      el(
        'div',
        { role: 'row' },
        row.map((one) => one.element),
        totals[index]?.map(totalElement),
      ),
    ),
    content.tips.map((tip) => tipElement(tip)),
  );
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
    focus: (key) => moveTo(all.find(({ cell }) => sameCell(content.keyOf(cell), key))),
    current: () => current && content.keyOf(current.cell),
  };
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

function cellElement(content: GridContent, cell: PlacedCell): HTMLElement {
  const key = content.keyOf(cell);
  const selected = sameCell(key, content.selected);
  // The tip is for eyes; this is the same for screen readers, whether the tip is there or not.
  const description = `cell-${[cell.x, cell.y].map(Math.round).join('-')}`;
  const [, ...details] = content.linesOf(cell);
  const attributes = {
    role: 'gridcell',
    class: ['cell', content.isActive(cell) && 'active', selected && 'selected'].filter(Boolean).join(' '),
    tabindex: -1,
    'aria-label': content.labelOf(cell),
    'aria-describedby': description,
    'aria-selected': String(selected),
    data: { arm: key.arm, lr: key.lr, stage: key.stage, benchmark: key.benchmark },
    style: place(cell),
  };
  const element = el('div', attributes, el('span', { id: description, hidden: true }, details.join('. ')));
  const tell = (): void => showTip(element.getBoundingClientRect(), content.linesOf(cell));
  element.addEventListener('mouseenter', tell);
  element.addEventListener('focus', () => {
    if (element.matches(':focus-visible')) tell();
  });
  return element;
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
