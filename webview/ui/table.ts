// Plain tables: a caption for screen readers, headings with scope, numbers to the right.
import { el } from './dom.ts';
import type { Child } from './dom.ts';

export interface TableColumn {
  label: Child;
  /** Numbers stand at the right. */
  number?: boolean;
  title?: string;
}

/** Columns that belong together; an empty label stands over columns of no group. */
export interface ColumnGroup {
  label: string;
  /** Columns. */
  span: number;
}

export interface TableRow {
  /** Heads the row. */
  head: Child;
  cells: readonly Child[];
  class?: string;
}

/** A table whose first column heads its rows. `columns` includes the first one. */
export function table(
  caption: string,
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
  groups: readonly ColumnGroup[] = [],
): HTMLElement {
  const kind = (k: number): string | undefined => (columns[k]?.number ? 'number' : undefined);
  return el(
    'div',
    { class: 'scroll' },
    el(
      'table',
      { class: 'plain' },
      el('caption', { class: 'unseen' }, caption),
      el(
        'thead',
        null,
        groups.length > 0 && el('tr', { class: 'groups' }, groups.map(groupHead)),
        el(
          'tr',
          null,
          columns.map((column, k) => el('th', { scope: 'col', class: kind(k), title: column.title }, column.label)),
        ),
      ),
      el(
        'tbody',
        null,
        rows.map((row) =>
          el(
            'tr',
            { class: row.class },
            el('th', { scope: 'row', class: kind(0) }, row.head),
            row.cells.map((cell, k) => el('td', { class: kind(k + 1) }, cell)),
          ),
        ),
      ),
    ),
  );
}

function groupHead({ label, span }: ColumnGroup): HTMLElement {
  return label === '' ? el('td', { colspan: span }) : el('th', { scope: 'colgroup', colspan: span }, label);
}
