import { breachesBudget } from '../metrics/budget.ts';
import { describe, expect, it } from 'vitest';
import { inEnglish, phrase } from '../shared/phrase.ts';
import type { CellRecord } from '../shared/records.ts';
import { buildMatrix, lastMeasuredRow, sketchMatrix } from './matrix.ts';
import type { MatrixView, MeasuredCell } from '../shared/matrixView.ts';
import { itemCount, syntheticRun } from './testing/syntheticRun.ts';

function cellOf(view: MatrixView, arm: string, stage: number, benchmark: string, lr = 3e-4): MeasuredCell {
  const block = view.blocks.find((one) => one.arm === arm && one.lr === lr);
  const k = view.columns.findIndex((column) => column.benchmark === benchmark);
  const cell = block?.rows[stage - 1]?.cells[k];
  if (cell?.kind !== 'measured') throw new Error(`${arm} ${stage} ${benchmark} is ${cell?.kind ?? 'absent'}`);
  return cell;
}

describe('forgetting matrix', () => {
  it('orders columns by group and arms as declared, also those that are not measured', async () => {
    const { run, readItems } = syntheticRun();
    const view = await buildMatrix(run, readItems);
    expect(view.columns.map((column) => column.benchmark)).toEqual([
      'subtraction',
      'new-api',
      'addition',
      'sorting',
      'coin',
      'refusal',
      'json',
    ]);
    expect(view.columns.map((column) => column.taughtAt)).toEqual([[1], [2], [], [], [], [], []]);
    expect(view.blocks.map((block) => block.arm)).toHaveLength(4);
    expect(view.blocks[3]?.arm).toBe('replay');
    expect(view.blocks[3]?.rows[0]?.cells[0]).toEqual({ kind: 'missing', reason: phrase('not measured yet') });
    expect(lastMeasuredRow(view.blocks[3]!)).toBeUndefined();
    expect(view.base.cells.every((cell) => cell.kind === 'measured' && cell.change === undefined)).toBe(true);
  });

  it('changes against the base with a paired interval and the flips behind it', async () => {
    const { run, readItems } = syntheticRun();
    const { change } = cellOf(await buildMatrix(run, readItems), 'ground truth', 1, 'addition');
    expect(change?.value).toBeCloseTo(-0.58, 12);
    // 58 of 100 items fell: the interval is that of a share of .58, about 1.96 * sqrt(.58 * .42 / 100) = .097 each way.
    expect(change?.lo).toBeCloseTo(-0.677, 1);
    expect(change?.hi).toBeCloseTo(-0.483, 1);
    expect(change?.significant).toBe(true);
    expect(change?.flips).toMatchObject({ lost: 58, gained: 0 });
  });

  it('says when a change cannot be told from noise', async () => {
    const { run, readItems } = syntheticRun();
    const { change } = cellOf(await buildMatrix(run, readItems), 'self-output', 1, 'addition');
    expect(change?.value).toBeCloseTo(-0.01, 12);
    expect(change?.significant).toBe(false);
  });

  it('totals: targets taught so far, and old skills without the one at chance', async () => {
    const { run, readItems } = syntheticRun();
    const rows = (await buildMatrix(run, readItems)).blocks[0]!.rows;
    expect(rows[0]?.gained).toMatchObject({ benchmarks: ['subtraction'] });
    expect(rows[0]?.gained?.value).toBeCloseTo(0.4, 12);
    expect(rows[1]?.gained?.value).toBeCloseTo((0.1 + 0.65) / 2, 12);
    expect(rows[0]?.forgot?.benchmarks).toEqual(['addition', 'sorting', 'refusal', 'json']);
    expect(rows[0]?.forgot?.value).toBeCloseTo(-(0.58 + 0.3 + 0.49 + 0.5) / 4, 12);
    expect(rows[0]?.forgot?.significant).toBe(true);
  });

  it('averages over the seeds that are there, or shows one', async () => {
    const { run, readItems } = syntheticRun({ seeds: [0, 7] });
    const mean = cellOf(await buildMatrix(run, readItems), 'ground truth', 1, 'addition');
    expect(mean.seeds).toBe(2);
    expect(mean.score).toBeCloseTo(0.395, 12);
    expect(mean.seedStd).toBeCloseTo(Math.sqrt(0.00005), 12);
    expect(mean.change?.flips).toBeUndefined();
    expect(mean.change?.lo).toBeDefined();
    const one = cellOf(await buildMatrix(run, readItems, { seed: 7 }), 'ground truth', 1, 'addition');
    expect(one.score).toBeCloseTo(0.39, 12);
  });

  it('never compares cells of different protocols', async () => {
    const { run, readItems } = syntheticRun();
    const cells = run.cells.map((cell) =>
      cell.arm === 'ground truth' && cell.benchmark === 'json' ? { ...cell, protocol: 'another' } : cell,
    );
    const view = await buildMatrix({ ...run, cells }, readItems);
    const cell = cellOf(view, 'ground truth', 1, 'json');
    expect(cell.change).toBeUndefined();
    expect(inEnglish(cell.notComparable ?? '')).toMatch(/another protocol/);
    expect(view.blocks[0]?.rows[0]?.forgot?.benchmarks).toEqual(['addition', 'sorting', 'refusal']);
  });

  it('marks the base at chance and guards nothing there', async () => {
    const { run, readItems } = syntheticRun();
    const view = await buildMatrix(run, readItems);
    expect(inEnglish(view.columns.find((column) => column.benchmark === 'coin')?.insensitive ?? '')).toMatch(
      /cannot show forgetting/,
    );
    expect(view.columns.filter((column) => column.insensitive)).toHaveLength(1);
  });

  it('keeps the change when per-item results are gone, and says why it has no interval', async () => {
    const { run } = syntheticRun();
    const view = await buildMatrix(run, () => Promise.reject(new Error('no such file')));
    const { change, breach } = cellOf(view, 'ground truth', 1, 'addition');
    expect(change?.value).toBeCloseTo(-0.58, 12);
    expect(change?.lo).toBeUndefined();
    expect(inEnglish(change?.note ?? '')).toMatch(/no such file/);
    expect(breach).toBe(false);
  });

  it('does not pair incomplete or different items', async () => {
    const { run, readItems } = syntheticRun();
    const cut = async (cell: CellRecord) => (await readItems(cell)).slice(cell.stage);
    const short = cellOf(await buildMatrix(run, cut), 'ground truth', 1, 'addition');
    expect(inEnglish(short.change?.note ?? '')).toBe(
      `per-item results are incomplete: ${itemCount - 1} of ${itemCount}`,
    );
    const moved = async (cell: CellRecord) =>
      (await readItems(cell)).map((item) => ({ ...item, index: item.index + cell.stage }));
    const other = cellOf(await buildMatrix(run, moved), 'ground truth', 1, 'addition');
    expect(inEnglish(other.change?.note ?? '')).toMatch(/different items/);
  });

  it('counts the last of two records of one cell', async () => {
    const { run, readItems } = syntheticRun();
    const first = run.cells.find((cell) => cell.arm === 'ground truth' && cell.benchmark === 'addition')!;
    const view = sketchMatrix({ ...run, cells: [{ ...first, score: 0.99 }, ...run.cells] });
    expect(cellOf(view, 'ground truth', 1, 'addition').score).toBe(0.4);
    expect((await buildMatrix(run, readItems)).clip).toBe(0.5);
  });

  it('sketches without items', () => {
    const { run } = syntheticRun();
    const { change } = cellOf(sketchMatrix(run), 'ground truth', 1, 'addition');
    expect(change).toEqual({ value: 0.4 - 0.98, lenient: 0.4 - 0.98 });
  });

  it('a breach needs more than the budget and a clear interval', () => {
    const change = { value: -0.06, hi: -0.01 };
    expect(breachesBudget(change, 0.05)).toBe(true);
    expect(breachesBudget({ ...change, hi: 0 }, 0.05)).toBe(false);
    expect(breachesBudget({ ...change, value: -0.05 }, 0.05)).toBe(false);
  });
});
