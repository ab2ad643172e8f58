// Rows of the file as far as they have been fetched: pages around what is in sight, the longest unseen ones forgotten.
import type { DatasetViewRow } from '../../src/shared/protocol/lab/datasetView.ts';
import { isAbort } from '../ui/host.ts';

const pageRows = 100;
/** Pages kept: some thousand rows. */
const mostPages = 50;

export interface PageHooks {
  fetch(from: number, count: number, signal: AbortSignal): Promise<DatasetViewRow[]>;
  changed(): void;
  failed(error: unknown): void;
}

export class RowPages {
  private readonly hooks: PageHooks;
  private readonly pages = new Map<number, DatasetViewRow[]>();
  private readonly going = new Map<number, AbortController>();
  private broken = false;

  constructor(hooks: PageHooks) {
    this.hooks = hooks;
  }

  row(row: number): DatasetViewRow | undefined {
    return this.pages.get(Math.floor(row / pageRows))?.[row % pageRows];
  }

  /** Fetches what is missing of rows `first` to `last` of the `known` ones; what nobody wants any more is cancelled. */
  want(first: number, last: number, known: number): void {
    if (this.broken) return;
    const from = Math.max(0, Math.floor(first / pageRows));
    const to = Math.floor(Math.min(last, known - 1) / pageRows);
    for (const [page, abort] of this.going) if (page < from || page > to) abort.abort();
    for (let page = from; page <= to; page++) {
      const there = this.pages.get(page);
      if (there) {
        this.pages.delete(page);
        this.pages.set(page, there);
      }
      const complete = there !== undefined && there.length >= Math.min(pageRows, known - page * pageRows);
      if (!complete && !this.going.has(page)) void this.load(page);
    }
  }

  /** Forgets everything; what is on its way is cancelled. */
  clear(): void {
    for (const abort of this.going.values()) abort.abort();
    this.going.clear();
    this.pages.clear();
    this.broken = false;
  }

  private async load(page: number): Promise<void> {
    const abort = new AbortController();
    this.going.set(page, abort);
    try {
      const rows = await this.hooks.fetch(page * pageRows, pageRows, abort.signal);
      this.pages.delete(page);
      this.pages.set(page, rows);
      for (const oldest of this.pages.keys()) {
        if (this.pages.size <= mostPages) break;
        this.pages.delete(oldest);
      }
      this.hooks.changed();
    } catch (error) {
      if (isAbort(error)) return;
      this.broken = true;
      this.hooks.failed(error);
    } finally {
      if (this.going.get(page) === abort) this.going.delete(page);
    }
  }
}
