// Flipped answers with the reasons of the scorer, as runs of this and of earlier versions hold them.
import { expect, it } from 'vitest';
import { phrase } from '../shared/phrase.ts';
import type { CellRecord, ItemResult } from '../shared/records.ts';
import { flipsOfCell } from './flips.ts';
import { syntheticRun } from './testing/syntheticRun.ts';

const right: ItemResult = { index: 0, strict: 1, lenient: 1, parsed: true, output: 'It is 4.', finish: 'stop' };
const wrong: ItemResult = {
  ...right,
  strict: 0,
  lenient: 0,
  output: 'It is 5.',
  reason: 'the last number is 5, not 4',
};

/** Why the one item that was lost does not count any more. */
async function reasonOf(now: ItemResult): Promise<unknown> {
  const [base, cell] = syntheticRun().run.cells as [CellRecord, CellRecord];
  const readItems = (of: CellRecord): Promise<ItemResult[]> => Promise.resolve([of === base ? right : now]);
  const flips = await flipsOfCell(base, cell, { readItems, readPrompts: () => Promise.resolve(new Map()) }, 10);
  return flips?.lost[0]?.reasonNow;
}

it('tells why an answer does not count, for readers of any language', async () => {
  const words = phrase('the last number is {0}, not {1}', '5', '4');
  expect(await reasonOf({ ...wrong, words })).toEqual(words);
});

it('tells it in English for items of earlier versions', async () => {
  expect(await reasonOf(wrong)).toBe('the last number is 5, not 4');
});
