import { expect, it } from 'vitest';
import { findRows } from './findRows.ts';
import { SourceTable } from './sourceTable.ts';

/** A dataset with rows of one letter as prompt and answer. */
function datasetOf(rows: string): SourceTable {
  const table = new SourceTable({ kind: 'dataset' }, '', 'a.jsonl');
  for (const [row, letter] of [...rows].entries()) {
    const code = letter.charCodeAt(0);
    const place = { place: { offset: row, length: 1 }, line: row + 1 };
    table.add(row, { place, provenance: 'ground_truth', hash: code, prompt: code });
  }
  return table;
}

async function found(wanted: readonly number[], before: string, now: string): Promise<[number, number][]> {
  return [...(await findRows(wanted, datasetOf(before), datasetOf(now), () => undefined))];
}

it('finds rows by what they say, in whatever line', async () => {
  expect(await found([1, 3], 'abcd', 'bxd')).toEqual([
    [1, 0],
    [3, 2],
  ]);
  expect(await found([0], 'abcd', 'xbcd')).toEqual([]);
});

it('counts repeated rows, and gives them up when they are no longer as many', async () => {
  expect(new Map(await found([2], 'aba', 'xaab')).get(2)).toBe(2);
  expect(await found([2], 'aba', 'ab')).toEqual([]);
});
