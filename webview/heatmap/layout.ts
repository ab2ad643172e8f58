// Where everything of the heatmap stands, in CSS pixels: one table per arm, one above the other or, where there is room,
// side by side on the same columns. Pure; text widths come in through `measure`.
import type { MatrixBlock, MatrixRow, MatrixView } from '../../src/shared/matrixView.ts';
import { columnGroups } from './model.ts';

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface PlacedCell extends Box {
  block: MatrixBlock;
  /** 0 is the base. */
  stage: number;
  column: number;
}

export interface PlacedText extends Box {
  text: string;
}

export interface PlacedRow extends Box {
  label: string;
  /** 0 is the base. */
  stage: number;
  gained: Box;
  forgot: Box;
  cells: PlacedCell[];
}

export interface PlacedBlock {
  block: MatrixBlock;
  /** Line with the arm's name. */
  heading: Box;
  /** The stages. Under the column names, above the first arms, stands the base, which is the same for all arms. */
  rows: PlacedRow[];
}

/** Column names and group titles above the blocks of one line. */
export interface PlacedHead {
  /** `room` is the width that the title may take: up to the next group. */
  groups: (PlacedText & { role: string; room: number })[];
  names: PlacedText[];
  /** Names stand slanted because they are wider than the cells. */
  slanted: boolean;
  totals: [PlacedText, PlacedText];
}

export interface Layout {
  width: number;
  height: number;
  blocks: PlacedBlock[];
  heads: PlacedHead[];
  legend: Box;
  /** Blocks beside each other. */
  across: number;
}

export interface LayoutOptions {
  /** Room there is. The layout may be wider: then the page scrolls. */
  width: number;
  /** Width of a text in the font of the heatmap. */
  measure: (text: string) => number;
  titles: Record<string, string>;
  labelOf: (row: MatrixRow) => string;
  totals: [string, string];
}

const rowHeight = 30;
const headingHeight = 28;
const groupGap = 12;
/** Between the titles of two groups. */
const titleGap = 4;
const cellGap = 2;
const minCell = 38;
const maxCell = 78;
const totalWidth = 52;
const blockGap = 40;
/** A line of the legend. */
export const legendLine = 17;
const slant = Math.PI / 4.5;
export const slantAngle = slant;
const longestName = 110;

export function layOut(view: MatrixView, blocks: readonly MatrixBlock[], options: LayoutOptions): Layout {
  const labels = Math.min(
    150,
    Math.max(84, options.width * 0.2),
    Math.max(44, ...rowLabels(view, options).map(options.measure)) + 14,
  );
  const { gap, cell, table, across } = fitColumns(view, blocks.length, labels, options);
  const names = view.columns.map((column) => options.measure(column.benchmark));
  const slanted = names.some((width) => width > cell - 6);
  const overhang = slanted
    ? Math.max(0, Math.min(longestName, names.at(-1) ?? 0) * Math.cos(slant) - gap - totalWidth)
    : 0;
  const place: Placing = { view, options, labels, cell, gap, table, slanted, names };
  const layout: Layout = {
    width: 0,
    height: 0,
    blocks: [],
    heads: [],
    legend: { x: 0, y: 0, width: 0, height: 0 },
    across,
  };
  let y = 0;
  for (let first = 0; first < blocks.length; first += across) {
    const line = blocks.slice(first, first + across);
    // Blocks below stand on the same columns: names once, at the top.
    const heads = first > 0 ? [] : line.map((_, k) => head(place, k * (table + blockGap), y));
    layout.heads.push(...heads.map((one) => one.head));
    y += heads[0]?.height ?? 0;
    const placed = line.map((block, k) => blockAt(place, block, k * (table + blockGap), y, first === 0));
    layout.blocks.push(...placed);
    y += (first === 0 ? rowHeight : 0) + headingHeight + (view.blocks[0]?.rows.length ?? 0) * rowHeight + 8;
  }
  layout.width = Math.ceil(across * table + (across - 1) * blockGap + overhang);
  const legendWidth = Math.min(layout.width, options.width);
  const legendHeight = legendLine * (legendWidth < 480 ? 4 : 2);
  layout.legend = { x: 0, y: y + 6, width: legendWidth, height: legendHeight };
  layout.height = Math.ceil(y + 6 + legendHeight);
  return layout;
}

interface Placing {
  view: MatrixView;
  options: LayoutOptions;
  labels: number;
  cell: number;
  /** After each group of columns. */
  gap: number;
  table: number;
  slanted: boolean;
  names: number[];
}

function rowLabels(view: MatrixView, { labelOf }: LayoutOptions): string[] {
  return [view.base, ...(view.blocks[0]?.rows ?? [])].map(labelOf);
}

interface Columns {
  cell: number;
  gap: number;
  /** Width of a block. */
  table: number;
  across: number;
}

/** Cells as wide as there is room for, and groups far enough apart for their titles. */
function fitColumns(view: MatrixView, blocks: number, labels: number, options: LayoutOptions): Columns {
  const groups = columnGroups(view.columns);
  const columns = view.columns.length;
  const fixed = (gap: number): number => labels + groups.length * gap + 2 * totalWidth;
  const across = acrossFor(options.width, fixed(groupGap), columns, blocks);
  const cellFor = (gap: number): number => {
    const room = (options.width - (across - 1) * blockGap) / across - fixed(gap);
    return Math.max(minCell, Math.min(maxCell, Math.floor(room / Math.max(1, columns))));
  };
  const narrow = cellFor(groupGap);
  const wanted = groups.map(({ role, from, to }) => {
    const group = (to - from + 1) * narrow - cellGap;
    return options.measure(options.titles[role] ?? role) + titleGap - group;
  });
  const gap = Math.ceil(Math.max(groupGap, ...wanted));
  const cell = cellFor(gap);
  return { cell, gap, table: fixed(gap) + cell * columns, across };
}

/** As many blocks side by side as fit with cells of a comfortable width. */
function acrossFor(width: number, fixed: number, columns: number, blocks: number): number {
  const comfortable = fixed + columns * 48;
  return Math.max(1, Math.min(blocks, 3, Math.floor((width + blockGap) / (comfortable + blockGap))));
}

/** Left edge of a column. */
function columnX(place: Placing, column: number): number {
  const before = columnGroups(place.view.columns).findIndex((group) => column <= group.to);
  return place.labels + column * place.cell + Math.max(0, before) * place.gap;
}

function totalsX(place: Placing): number {
  return place.table - 2 * totalWidth;
}

function head(place: Placing, x: number, y: number): { head: PlacedHead; height: number } {
  const { view, options, cell, slanted } = place;
  const titleHeight = 22;
  const nameHeight = slanted ? Math.min(longestName, Math.max(...place.names)) * Math.sin(slant) + 14 : 20;
  const groups = columnGroups(view.columns).map((group) => {
    const left = x + columnX(place, group.from);
    const right = x + columnX(place, group.to) + cell - cellGap;
    return {
      role: group.role,
      text: options.titles[group.role] ?? group.role,
      x: left,
      y,
      width: right - left,
      room: right - left + place.gap - titleGap,
      height: titleHeight,
    };
  });
  const names = view.columns.map((column, k) => ({
    text: column.benchmark,
    x: x + columnX(place, k),
    y: y + titleHeight,
    width: slanted ? longestName : cell - cellGap,
    height: nameHeight,
  }));
  const totals = [0, 1].map((k) => ({
    text: options.totals[k] ?? '',
    x: x + totalsX(place) + k * totalWidth,
    y: y + titleHeight,
    width: totalWidth,
    height: nameHeight,
  })) as [PlacedText, PlacedText];
  return { head: { groups, names, slanted, totals }, height: titleHeight + nameHeight };
}

function blockAt(place: Placing, block: MatrixBlock, x: number, y: number, withBase: boolean): PlacedBlock {
  const top = withBase ? y + rowHeight : y;
  const base = withBase ? [rowAt(place, block, place.view.base, x, y)] : [];
  const stages = block.rows.map((row, k) => rowAt(place, block, row, x, top + headingHeight + k * rowHeight));
  return {
    block,
    heading: { x, y: top, width: place.table, height: headingHeight },
    rows: [...base, ...stages],
  };
}

function rowAt(place: Placing, block: MatrixBlock, row: MatrixRow, x: number, y: number): PlacedRow {
  const height = rowHeight - cellGap;
  const total = (at: number): Box => ({ x: x + totalsX(place) + at * totalWidth, y, width: totalWidth, height });
  return {
    label: place.options.labelOf(row),
    stage: row.stage,
    x,
    y,
    width: place.labels,
    height,
    gained: total(0),
    forgot: total(1),
    cells: place.view.columns.map((_, column) => ({
      block,
      stage: row.stage,
      column,
      x: x + columnX(place, column),
      y,
      width: place.cell - cellGap,
      height,
    })),
  };
}
