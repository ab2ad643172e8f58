// What tells that the files of a run are those that were read before: sizes and times, no content. The system is asked
// synchronously: it answers in microseconds, and a thousand runs have ten thousand files.
import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { join, sep } from 'node:path';
import { slices } from '../../lab/slices.ts';
import { configFile, planFile, recordFiles } from '../../runs/runFolder.ts';
import type { CellRecord } from '../../shared/records.ts';

const files = [configFile, planFile, ...Object.values(recordFiles)];

export interface Stamp {
  /** Equal as long as no file has changed; '' when there is no run. */
  text: string;
  /** The same of the files that the matrix is made from. */
  results: string;
  /** Newest change of a record, milliseconds since 1970. */
  changedAt: number;
}

/** The stamp of a run folder now. */
export function stampOf(folder: string): Stamp {
  const parts: string[] = [];
  const results: string[] = [];
  let changedAt = 0;
  let found = false;
  for (const file of files) {
    const info = look(join(folder, file));
    const part = partOf(info) || '-';
    parts.push(part);
    if (resultFiles.has(file)) results.push(part);
    if (!info) continue;
    if (file === configFile || file === recordFiles.status) found = true;
    if (file !== planFile && typeof info !== 'string') changedAt = Math.max(changedAt, info.mtimeMs);
  }
  return { text: found ? parts.join(' ') : '', results: results.join(' '), changedAt };
}

const resultFiles = new Set([configFile, recordFiles.cell, recordFiles.targets]);

/** Stamp of the judged answers of cells: they may come after the records, as when a run is copied. */
export async function itemsStamp(folder: string, cells: readonly CellRecord[]): Promise<string> {
  const pause = slices();
  const hash = createHash('sha256');
  for (const { items } of cells) {
    // A cell of another program may name no file.
    hash.update(`${fileStamp(`${folder}${sep}${items}`)}\n`);
    await pause();
  }
  return hash.digest('hex');
}

/** Stamp of the file that tells a run's life. */
export function statusStamp(folder: string): string {
  return fileStamp(join(folder, recordFiles.status));
}

/** A stamp of one file; '' when there is none. */
export function fileStamp(file: string): string {
  return partOf(look(file));
}

/** When a file or folder changed last; 0 when that cannot be told. */
export function changeTime(file: string): number {
  const info = look(file);
  return typeof info === 'object' ? info.mtimeMs : 0;
}

/** What the system tells of a file: undefined when there is none, in a word why it cannot be told. */
function look(file: string): Stats | string | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch (error) {
    // A link that leads to itself, a folder that others may not enter, a failing disk: one file harms no other.
    return `unreadable-${(error as NodeJS.ErrnoException).code ?? ''}`;
  }
}

function partOf(info: Stats | string | undefined): string {
  if (typeof info !== 'object') return info ?? '';
  return `${info.size}.${Math.round(info.mtimeMs * 1000)}`;
}
