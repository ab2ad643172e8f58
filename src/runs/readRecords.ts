// Reads the append-only files of a run piece by piece from a byte position on, so that whoever follows a run never reads
// a line twice. The last line is left alone until its line break is there.
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from './files.ts';
import { isRecord, recordFiles } from './runFolder.ts';
import type { RunRecord } from './runFolder.ts';

export type RecordKind = RunRecord['kind'];

/** Every kind of record, in the order in which a follower reads them. */
export const recordKinds = Object.keys(recordFiles) as RecordKind[];

/** A piece of a record file. */
export interface RecordPiece<Kind extends RecordKind> {
  records: Extract<RunRecord, { kind: Kind }>[];
  /** Byte after the last finished line that was read: where the next call continues. */
  next: number;
  /** The file holds further bytes that were not looked at yet. */
  more: boolean;
  /** 0-based numbers, within this piece, of finished lines that are no record. */
  damaged: number[];
  /** Finished lines in this piece. */
  lines: number;
  /** The file is shorter than `from`: it is another file than the one read before, and was read from its beginning. */
  restarted: boolean;
}

/** Bytes read at once: parsing them takes a few milliseconds. */
export const pieceBytes = 512 * 1024;

/** A line may be longer than a piece; beyond this it is damage. */
const longestLine = 32 * 1024 * 1024;

/** Reads the records of one kind from byte `from` on, about `limit` bytes of them. An absent file is an empty one. */
export async function readRecords<Kind extends RecordKind>(
  folder: string,
  kind: Kind,
  from: number,
  limit: number = pieceBytes,
): Promise<RecordPiece<Kind>> {
  const file = join(folder, recordFiles[kind]);
  const { bytes, start, size } = await readBytes(file, from, limit);
  const restarted = start < from;
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end === 0 && bytes.length >= limit && start + bytes.length < size && limit < longestLine) {
    return { ...(await readRecords(folder, kind, start, limit * 4)), restarted };
  }
  const records: Extract<RunRecord, { kind: Kind }>[] = [];
  const damaged: number[] = [];
  const lines = end === 0 ? [] : bytes.toString('utf8', 0, end - 1).split('\n');
  lines.forEach((line, index) => {
    const value = parse(line);
    if (isRecord(value, kind)) records.push(value as Extract<RunRecord, { kind: Kind }>);
    else if (line.trim() !== '' && value === undefined) damaged.push(index);
  });
  const next = start + end;
  return { records, next, more: end > 0 && start + bytes.length < size, damaged, lines: lines.length, restarted };
}

function parse(line: string): unknown {
  if (line.trim() === '') return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** `limit` bytes from `from` on, or from the beginning when the file is shorter than that. */
async function readBytes(
  file: string,
  from: number,
  limit: number,
): Promise<{ bytes: Buffer; start: number; size: number }> {
  try {
    const handle = await open(file, 'r');
    try {
      const { size } = await handle.stat();
      const start = from > size ? 0 : from;
      const bytes = Buffer.alloc(Math.min(limit, size - start));
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
      return { bytes: bytes.subarray(0, bytesRead), start, size };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { bytes: Buffer.alloc(0), start: 0, size: 0 };
    throw fileError(error, 'read', file);
  }
}
