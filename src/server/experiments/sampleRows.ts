// A look at a data file: its first rows and how many there are, counted for small files and estimated for large ones.
import { stat } from 'node:fs/promises';
import { readRows } from '../../data/readRows.ts';
import { slices } from '../../lab/slices.ts';

export interface RowSample {
  first: Record<string, unknown>[];
  rows: number;
  /** From the first rows and the size of the file. */
  estimated: boolean;
}

const kept = 5;
const mostRead = 2000;

/** Undefined where the file holds no rows. Remembered while size and time of the file stay. */
export function rowSampler(): (file: string) => Promise<RowSample | undefined> {
  const known = new Map<string, { stamp: string; sample: RowSample | undefined }>();
  return async (file) => {
    const info = await stat(file).catch(() => undefined);
    if (!info?.isFile()) return undefined;
    const stamp = `${info.size} ${info.mtimeMs}`;
    const before = known.get(file);
    if (before?.stamp === stamp) return before.sample;
    const sample = await sampleRows(file, info.size);
    known.set(file, { stamp, sample });
    return sample;
  };
}

async function sampleRows(file: string, size: number): Promise<RowSample | undefined> {
  const pause = slices();
  const first: Record<string, unknown>[] = [];
  let rows = 0;
  let bytes = 0;
  try {
    for await (const event of readRows(file)) {
      // The first row decides: other JSON files are no data.
      if (event.kind === 'dropped' && rows === 0) return undefined;
      rows++;
      if (event.kind === 'row') {
        if (first.length < kept) first.push(event.row);
        bytes += Buffer.byteLength(JSON.stringify(event.row)) + 1;
      }
      if (rows >= mostRead) {
        return { first, rows: Math.max(rows, Math.round(size / (bytes / rows))), estimated: true };
      }
      await pause();
    }
  } catch {
    // Not a list of rows; whoever opens it is told.
    return undefined;
  }
  return rows === 0 ? undefined : { first, rows, estimated: false };
}
