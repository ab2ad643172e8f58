// Rows of the server by index, fetched in pages around what is on the screen.
import { isAbort } from '../ui/host.ts';

const rowsTogether = 32;
/** Pages kept; the rest is asked for again. */
const mostPages = 60;

export interface Pages<T> {
  get(index: number): T | undefined;
  /** Fetches what is missing of [from, to). */
  want(from: number, to: number): void;
  /** Forgets everything; with `keep`, what is there stays on the screen until it is replaced. */
  reset(options?: { keep: boolean }): void;
}

/** `load` fetches rows; `onRows` hears which ones arrived. */
export function makePages<T>(
  load: (from: number, count: number, signal: AbortSignal) => Promise<T[]>,
  onRows: (from: number, count: number) => void,
  onFailure: (error: unknown) => void,
): Pages<T> {
  const pages = new Map<number, T[]>();
  const fresh = new Set<number>();
  const running = new Map<number, AbortController>();
  let stopped = false;

  const fetch = async (page: number): Promise<void> => {
    const abort = new AbortController();
    running.set(page, abort);
    try {
      const rows = await load(page * rowsTogether, rowsTogether, abort.signal);
      if (running.get(page) !== abort) return;
      pages.delete(page);
      pages.set(page, rows);
      fresh.add(page);
      for (const old of pages.keys()) {
        if (pages.size <= mostPages) break;
        pages.delete(old);
        fresh.delete(old);
      }
      onRows(page * rowsTogether, rows.length);
    } catch (error) {
      if (!isAbort(error) && running.get(page) === abort) {
        stopped = true;
        onFailure(error);
      }
    } finally {
      if (running.get(page) === abort) running.delete(page);
    }
  };

  return {
    get: (index) => pages.get(Math.floor(index / rowsTogether))?.[index % rowsTogether],
    want: (from, to) => {
      if (to <= from || stopped) return;
      const [first, last] = [Math.floor(from / rowsTogether), Math.floor((to - 1) / rowsTogether)];
      for (const [page, abort] of running) {
        if (page >= first - 1 && page <= last + 1) continue;
        running.delete(page);
        abort.abort();
      }
      for (let page = first; page <= last; page++) if (!fresh.has(page) && !running.has(page)) void fetch(page);
    },
    reset: ({ keep } = { keep: false }) => {
      stopped = false;
      for (const abort of running.values()) abort.abort();
      running.clear();
      fresh.clear();
      if (!keep) pages.clear();
    },
  };
}
