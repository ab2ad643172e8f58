// What tells that the files of a run are those that were read before: sizes and times, no content. The system is asked
// synchronously: it answers in microseconds, and a thousand runs have ten thousand files.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { configFile, planFile, recordFiles } from '../../runs/runFolder.ts';

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
    const info = statSync(join(folder, file), { throwIfNoEntry: false });
    const part = info ? `${info.size}.${Math.round(info.mtimeMs * 1000)}` : '-';
    parts.push(part);
    if (resultFiles.has(file)) results.push(part);
    if (!info) continue;
    if (file === configFile || file === recordFiles.status) found = true;
    if (file !== planFile) changedAt = Math.max(changedAt, info.mtimeMs);
  }
  return { text: found ? parts.join(' ') : '', results: results.join(' '), changedAt };
}

const resultFiles = new Set([configFile, recordFiles.cell, recordFiles.targets]);

/** Stamp of the file that tells a run's life. */
export function statusStamp(folder: string): string {
  return fileStamp(join(folder, recordFiles.status));
}

/** A stamp of one file; '' when there is none. */
export function fileStamp(file: string): string {
  const info = statSync(file, { throwIfNoEntry: false });
  return info ? `${info.size}.${Math.round(info.mtimeMs * 1000)}` : '';
}
