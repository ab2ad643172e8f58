// How many rows a dataset has, asked for only when somebody watches a bar.
import * as lab from '../lab/countRows.ts';

/** Rows of a file, at most `limit`; 0 (unknown) where no bar is shown. */
export async function countRows(file: string, limit: number | undefined): Promise<number> {
  return process.stderr.isTTY === true ? lab.countRows(file, limit) : 0;
}
