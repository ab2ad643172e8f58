// Writing and reading plain files so that a crash, a full disk or a missing permission never damages what was there:
// whole files appear at once, JSON Lines grow by single writes, and errors name the file and the remedy.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LabError } from '../shared/errors.ts';

/** Turns an operating system error into one that a person can mend; anything else passes through. */
export function fileError(error: unknown, action: string, file: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  const subject = `Cannot ${action} ${file}`;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new LabError('disk-full', `${subject}: the disk is full`, {
        remedy: 'Free some space and resume the run; everything measured so far is kept',
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new LabError('file-unreadable', `${subject}: permission denied`, {
        remedy: 'Check the permissions of the file and its folder, or choose another folder with --out',
        cause: error,
      });
    case 'ENOENT':
      return new LabError('file-not-found', `${subject}: no such file or folder`, {
        remedy: 'Check the path',
        cause: error,
      });
    case 'EISDIR':
    case 'ENOTDIR':
      return new LabError('file-unreadable', `${subject}: ${code === 'EISDIR' ? 'it is a folder' : 'a part of the path is a file'}`, {
        remedy: 'Check the path',
        cause: error,
      });
    default:
      return error;
  }
}

/** Writes a whole file or nothing: a temporary file beside it is flushed to disk and renamed. */
export async function writeAtomically(file: string, write: (append: (text: string) => Promise<void>) => Promise<void>): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(temporary, 'w');
    try {
      await write(async (text) => void (await handle.write(text)));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileError(error, 'write', file);
  }
}

/** Writes text as a whole file or not at all. */
export async function writeTextAtomically(file: string, text: string): Promise<void> {
  await writeAtomically(file, (append) => append(text));
}

/** Writes values as JSON Lines, as a whole file or not at all, one value in memory at a time. */
export async function writeJsonLines(file: string, values: Iterable<unknown> | AsyncIterable<unknown>): Promise<void> {
  await writeAtomically(file, async (append) => {
    let buffer = '';
    for await (const value of values) {
      buffer += `${JSON.stringify(value)}\n`;
      if (buffer.length > 65_536) {
        await append(buffer);
        buffer = '';
      }
    }
    await append(buffer);
  });
}

/** Appends one line with a single write. A cut line before it is closed first, so that it damages nothing else. */
export async function appendJsonLine(file: string, value: unknown): Promise<void> {
  try {
    const handle = await open(file, 'a');
    try {
      await handle.write(`${JSON.stringify(value)}\n`);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, 'write', file);
  }
}

export interface JsonLines {
  values: unknown[];
  /** 1-based numbers of finished lines that are not JSON. */
  damaged: number[];
  /** The last line has no line break: it is being written, or a crash cut it. */
  cut: boolean;
}

/** Reads JSON Lines; an absent file is an empty one. */
export async function readJsonLines(file: string): Promise<JsonLines> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { values: [], damaged: [], cut: false };
    throw fileError(error, 'read', file);
  }
  const values: unknown[] = [];
  const damaged: number[] = [];
  const lines = text.split('\n');
  lines.forEach((line, index) => {
    if (line.trim() === '') return;
    try {
      values.push(JSON.parse(line));
    } catch {
      if (index < lines.length - 1) damaged.push(index + 1);
    }
  });
  return { values, damaged, cut: text !== '' && !text.endsWith('\n') };
}

/** Ends a file that a crash left inside a line: a whole value gets its line break, half a value is removed. */
export async function repairJsonLines(file: string): Promise<void> {
  const { cut } = await readJsonLines(file);
  if (!cut) return;
  const bytes = await readFile(file);
  const lastBreak = bytes.lastIndexOf(0x0a);
  const handle = await open(file, 'r+');
  try {
    if (isJson(bytes.subarray(lastBreak + 1).toString('utf8'))) await handle.write('\n', bytes.length);
    else await handle.truncate(lastBreak + 1);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** SHA-256 of a file's bytes, in hex, reading it piece by piece. */
export async function hashFile(file: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  } catch (error) {
    throw fileError(error, 'read', file);
  }
  return hash.digest('hex');
}
