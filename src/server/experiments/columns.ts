// The columns of a dataset, from its first row.
import { readRows } from '../../data/readRows.ts';

/** Names of the columns; none when the file cannot be read, which the diagnostics say. */
export async function columnsOfFile(file: string): Promise<string[]> {
  try {
    for await (const event of readRows(file)) return event.kind === 'row' ? Object.keys(event.row) : [];
  } catch {
    return [];
  }
  return [];
}
