// How many rows a dataset has, for a bar with the time left. Only asked for when somebody watches the bar.
import { readRows } from '../data/readRows.ts';

/** Rows of a file, at most `limit`; 0 (unknown) where no bar is shown. */
export async function countRows(file: string, limit: number | undefined): Promise<number> {
  if (process.stderr.isTTY !== true) return 0;
  let count = 0;
  for await (const event of readRows(file)) {
    if (event.kind === 'row') count++;
    if (count === limit) break;
  }
  return count;
}
