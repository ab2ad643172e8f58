// Counts rows that could not be used, by reason: nothing is dropped silently.
import type { DroppedRow } from '../shared/dataset.ts';
import { inEnglish, phrase } from '../shared/phrase.ts';
import type { Phrase, Words } from '../shared/phrase.ts';

/** Rows with the same reason. */
export interface DropReason {
  reason: Words;
  count: number;
  /** Line of the first of them. */
  first: number;
}

export interface DropCounter {
  add: (row: DroppedRow) => void;
  reasons: () => DropReason[];
  /** As records and JSON hold them: in English. */
  records: () => { reason: string; count: number; first: number }[];
}

export function createDropCounter(): DropCounter {
  const counts = new Map<string, DropReason>();
  return {
    add: ({ reason, source }) => {
      const key = inEnglish(reason);
      const known = counts.get(key);
      if (known) known.count++;
      else counts.set(key, { reason, count: 1, first: source.line });
    },
    reasons: () => [...counts.values()].map((counted) => ({ ...counted })),
    records: () => [...counts.entries()].map(([reason, { count, first }]) => ({ reason, count, first })),
  };
}

/** What a person is told about them, a line each. */
export function describeDrops(reasons: readonly DropReason[]): Phrase[] {
  return reasons.map(({ reason, count, first }) =>
    count === 1
      ? phrase('1 row dropped: {0} (first: line {1})', reason, first)
      : phrase('{0} rows dropped: {1} (first: line {2})', count, reason, first),
  );
}
