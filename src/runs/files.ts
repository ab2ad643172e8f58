// Writing and reading plain files so that a crash, a full disk or a missing permission never damages what was there:
// whole files appear at once, JSON Lines grow by single writes, and errors name the file and the remedy.
import { readFileSync, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError as describeFileError } from '../data/fileErrors.ts';

/** Turns an operating system error into one that a person can mend; anything else passes through. */
export function fileError(error: unknown, doing: 'read' | 'write', file: string): unknown {
  const isSystemError = error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
  return isSystemError ? describeFileError(error, file, doing) : error;
}

/** Writes text as a whole file or not at all: a temporary file beside it is flushed to disk and renamed. */
export async function writeTextAtomically(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(temporary, 'w');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined); // the first error is the one to report
    throw fileError(error, 'write', file);
  }
}

/** Appends one line with a single write. */
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
  return parseJsonLines(text);
}

/** The values in the text of a JSON Lines file. */
export function parseJsonLines(text: string): JsonLines {
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

/**
 * The text of a small file at once; undefined when there is none to read. Whoever looks through a thousand of them waits 15
 * microseconds for each, and would wait 400 through a promise.
 */
export function readSmallFile(file: string): string | undefined {
  try {
    // What is no plain file (a pipe, say) could keep the process waiting for ever.
    return statSync(file, { throwIfNoEntry: false })?.isFile() ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined; // not for this person to read
  }
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
