// Counts rows that could not be used, by reason, and says so: nothing is dropped silently.
import type { DroppedRow } from '../shared/dataset.ts';
import type { Output } from './output.ts';

export interface DropCounter {
  add(row: DroppedRow): void;
  reasons(): { reason: string; count: number; first: number }[];
  /** Tells a person on stderr. */
  say(output: Output): void;
}

/** `first` is the line of the first row with a reason. */
export function createDropCounter(): DropCounter {
  const counts = new Map<string, { count: number; first: number }>();
  const reasons = () => [...counts].map(([reason, { count, first }]) => ({ reason, count, first }));
  return {
    add: ({ reason, source }) => {
      const known = counts.get(reason);
      if (known) known.count++;
      else counts.set(reason, { count: 1, first: source.line });
    },
    reasons,
    say: (output) => {
      for (const { reason, count, first } of reasons()) {
        output.note(`${count === 1 ? '1 row' : `${count} rows`} dropped: ${reason} (first: line ${first})`);
      }
    },
  };
}
