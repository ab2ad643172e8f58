// Finds rows of a dataset again after its file has been read anew, by what they say: a line may have come or gone meanwhile.
import type { SourceTable } from './sourceTable.ts';

/** Rows looked at between two pauses. */
const rowsAtOnce = 4096;

/**
 * Where rows of one reading of a dataset are in another, by prompt and answer. Absent are those that have changed or gone,
 * and repeated ones that are no longer as many: nobody knows which of them has gone.
 */
export async function findRows(
  wanted: Iterable<number>,
  before: SourceTable,
  now: SourceTable,
  pause: () => Promise<void> | undefined,
): Promise<Map<number, number>> {
  const keys = new Set(Array.from(wanted, (row) => before.rowKey(row)));
  const [places, next] = [await rowsByKey(before, keys, pause), await rowsByKey(now, keys, pause)];
  const found = new Map<number, number>();
  for (const [key, rows] of places) {
    const there = next.get(key) ?? [];
    if (there.length !== rows.length) continue;
    for (const [repeat, row] of rows.entries()) found.set(row, there[repeat] as number);
  }
  return found;
}

async function rowsByKey(
  truth: SourceTable,
  keys: ReadonlySet<string>,
  pause: () => Promise<void> | undefined,
): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>();
  if (keys.size === 0) return found;
  // Every row of the dataset has an answer of its own.
  for (let row = 0; row < truth.items; row++) {
    if (row % rowsAtOnce === 0) await pause();
    const key = truth.rowKey(row);
    if (!keys.has(key)) continue;
    const rows = found.get(key);
    if (rows) rows.push(row);
    else found.set(key, [row]);
  }
  return found;
}
