// How many rows a dataset has, for progress with the time left.
import { readRows } from '../data/readRows.ts';

/** Rows of a file, at most `limit`. */
export async function countRows(file: string, limit: number | undefined): Promise<number> {
  let count = 0;
  for await (const event of readRows(file)) {
    if (event.kind === 'row') count++;
    if (count === limit) break;
  }
  return count;
}
