// Where the heatmap puts things, without a browser.
import { describe, expect, it } from 'vitest';
import type { ColumnRole, MatrixRow, MatrixView } from '../../src/shared/matrixView.ts';
import { layOut } from '../../webview/heatmap/layout.ts';
import type { Layout } from '../../webview/heatmap/layout.ts';

const roles: ColumnRole[] = ['target', 'skill', 'skill', 'skill', 'safety', 'format'];
const row = (stage: number): MatrixRow => ({
  stage,
  label: stage === 0 ? 'base' : `after ${stage}`,
  cells: roles.map(() => ({ kind: 'missing', reason: '' })),
});
const view: MatrixView = {
  columns: roles.map((role, k) => ({
    benchmark: `b${k}`,
    role,
    scorer: 'exact',
    guarded: true,
    chance: 0,
    taughtAt: [],
  })),
  base: row(0),
  blocks: ['one', 'two', 'three'].map((arm) => ({ arm, lr: 1e-3, seeds: [0], rows: [row(1), row(2)] })),
  clip: 0.5,
};
const measure = (words: string): number => words.length * 6.6;

function laidOut(width: number): Layout {
  return layOut(view, view.blocks, {
    width,
    measure,
    titles: { target: 'new task', skill: 'old skills', safety: 'safety', format: 'format' },
    labelOf: ({ label }) => label as string,
    totals: ['gained', 'forgot'],
  });
}

describe('the layout of the heatmap', () => {
  it.each([320, 500, 740, 1100])('has room for the titles of groups at %d', (width) => {
    const { heads } = laidOut(width);
    for (const { groups } of heads) {
      for (const [k, { text, room, x }] of groups.entries()) {
        expect(room).toBeGreaterThanOrEqual(measure(text));
        expect(x + room).toBeLessThan(groups[k + 1]?.x ?? Infinity);
      }
    }
  });

  it('shows the base once, under the names of the columns', () => {
    const { blocks, heads, across } = laidOut(500);
    expect(across).toBe(1);
    expect(blocks.map(({ rows }) => rows.map(({ stage }) => stage))).toEqual([
      [0, 1, 2],
      [1, 2],
      [1, 2],
    ]);
    const [first] = blocks;
    expect(first!.rows[0]!.y).toBeGreaterThan(heads[0]!.names[0]!.y);
    expect(first!.rows[0]!.y).toBeLessThan(first!.heading.y);
    const tops = blocks.flatMap(({ rows }) => rows.map(({ y }) => y));
    expect(tops).toEqual([...tops].sort((a, b) => a - b));
  });

  it('shows it over every column of arms side by side', () => {
    const { blocks, across } = laidOut(1300);
    expect(across).toBe(2);
    expect(blocks.map(({ rows }) => rows.length)).toEqual([3, 3, 2]);
  });
});
