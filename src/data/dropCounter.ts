// Counts rows that could not be used, by reason: nothing is dropped silently.
import type { DroppedRow } from '../shared/dataset.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';

/** Rows with the same reason. */
export interface DropReason {
  reason: string;
  count: number;
  /** Line of the first of them. */
  first: number;
}

export interface DropCounter {
  add: (row: DroppedRow) => void;
  reasons: () => DropReason[];
}

export function createDropCounter(): DropCounter {
  const counts = new Map<string, { count: number; first: number }>();
  return {
    add: ({ reason, source }) => {
      const known = counts.get(reason);
      if (known) known.count++;
      else counts.set(reason, { count: 1, first: source.line });
    },
    reasons: () => [...counts].map(([reason, { count, first }]) => ({ reason, count, first })),
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
