// Writes JSON Lines so that a reader sees the whole file or none of it: a temporary file beside it, flushed to the disk,
// then renamed.
import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileError } from './fileErrors.ts';

const flushAtLength = 1 << 16;

/** Writes one JSON object a line and returns how many. Missing folders are made; an existing file is replaced. */
export async function writeRows(file: string, rows: Iterable<object> | AsyncIterable<object>): Promise<number> {
  const folder = dirname(file);
  const temporary = join(folder, `.${basename(file)}.${randomUUID()}.tmp`);
  let handle: FileHandle | undefined;
  try {
    await mkdir(folder, { recursive: true });
    handle = await open(temporary, 'wx');
    const count = await writeLines(handle, rows);
    await handle.sync();
    await handle.close();
    handle = undefined;
    await rename(temporary, file);
    return count;
  } catch (error) {
    await handle?.close().catch(() => undefined); // the first error is the one to report
    await rm(temporary, { force: true }).catch(() => undefined);
    // Errors of the rows' source are not about this file.
    throw isSystemError(error) ? fileError(error, file, 'write') : error;
  }
}

async function writeLines(handle: FileHandle, rows: Iterable<object> | AsyncIterable<object>): Promise<number> {
  let count = 0;
  let pending = '';
  for await (const row of rows) {
    pending += `${JSON.stringify(row)}\n`;
    count++;
    if (pending.length >= flushAtLength) {
      await handle.writeFile(pending);
      pending = '';
    }
  }
  if (pending !== '') await handle.writeFile(pending);
  return count;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}
