// Counts what was left out, by reason.
import { inEnglish } from '../shared/phrase.ts';
import type { Words } from '../shared/phrase.ts';

export class ReasonCounts {
  private readonly counts = new Map<string, { reason: Words; count: number }>();

  add(reason: Words): void {
    const key = inEnglish(reason);
    const known = this.counts.get(key);
    if (known) known.count++;
    else this.counts.set(key, { reason, count: 1 });
  }

  /** In the order in which they came up. */
  list(): { reason: Words; count: number }[] {
    return [...this.counts.values()].map((one) => ({ ...one }));
  }
}
