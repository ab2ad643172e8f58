// Which items changed between two measurements of the same benchmark: what was lost and what was won.
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import type { ItemResult } from '../shared/records.ts';

/** One side of the comparison: a measurement's items and its protocol hash. */
export interface MeasuredItems {
  protocol: string;
  items: readonly ItemResult[];
}

export interface Flip {
  index: number;
  before: ItemResult;
  after: ItemResult;
  /** The strict score changed but the lenient one did not: the form changed, not the content (pitfall 2). */
  formatOnly: boolean;
}

export interface Flips {
  rightToWrong: Flip[];
  wrongToRight: Flip[];
}

/**
 * Items that went from right to wrong and from wrong to right, in benchmark order. Right means a full strict score.
 * Refuses measurements of different protocols or items, whose difference says nothing.
 */
export function findFlips(before: MeasuredItems, after: MeasuredItems): Flips {
  if (before.protocol !== after.protocol) {
    throw notComparable(
      phrase('they were measured under different protocols (items, template, decoding, scorer or tokenizer)'),
    );
  }
  const later = new Map(after.items.map((item) => [item.index, item]));
  if (later.size !== before.items.length || after.items.length !== before.items.length) {
    throw notComparable(phrase('they have {0} and {1} items', before.items.length, after.items.length));
  }
  const flips: Flips = { rightToWrong: [], wrongToRight: [] };
  for (const item of before.items) {
    const other = later.get(item.index);
    if (!other) throw notComparable(phrase('item {0} is missing from the second', item.index));
    if (isRight(item) === isRight(other)) continue;
    const flip = { index: item.index, before: item, after: other, formatOnly: item.lenient === other.lenient };
    (isRight(item) ? flips.rightToWrong : flips.wrongToRight).push(flip);
  }
  return flips;
}

function isRight(item: ItemResult): boolean {
  return item.strict === 1;
}

function notComparable(why: Phrase): LabError {
  return new LabError('run-invalid', phrase('The two results cannot be compared: {0}', why), {
    remedy: phrase('Compare results of the same benchmark, measured in the same way'),
  });
}
