// One process per run folder. A small file names the process that owns the folder; a lock whose process is gone is
// taken over, so that a killed run can be resumed at once.
import { open, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { LabError } from '../shared/errors.ts';
import { fileError } from './files.ts';
import { isSameProcess, processStart } from './processes.ts';

const lockName = 'lock.json';

interface Lock {
  pid: number;
  host: string;
  /** Start of the process as the system tells it; '' where it does not. Guards against reused process ids. */
  processStart: string;
}

/** Takes the lock of a run folder or throws `run-invalid`. Returns the function that gives it back. */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, lockName);
  const mine: Lock = { pid: process.pid, host: hostname(), processStart: processStart(process.pid) };
  for (let attempt = 0; attempt < 3; attempt++) {
    if (await create(file, JSON.stringify(mine))) return () => rm(file, { force: true });
    const holder = await readLock(file);
    if (holder && isHeld(holder)) throw heldError(folder, holder, file);
    await takeAway(file, holder);
  }
  throw new LabError('run-invalid', `Cannot lock the run folder ${folder}`, { remedy: `Remove ${file} and try again` });
}

/** The process that works in a run folder now, or undefined. */
export async function lockHolder(folder: string): Promise<number | undefined> {
  const holder = await readLock(join(folder, lockName));
  return holder && isHeld(holder) ? holder.pid : undefined;
}

/** Throws what `lockRun` would throw when somebody works in the folder. */
export async function requireUnlocked(folder: string): Promise<void> {
  const file = join(folder, lockName);
  const holder = await readLock(file);
  if (holder && isHeld(holder)) throw heldError(folder, holder, file);
}

/** Whether the process that works in a run folder is one of this machine, so that it can be stopped from here. */
export async function isHeldHere(folder: string): Promise<boolean> {
  const holder = await readLock(join(folder, lockName));
  return holder?.host === hostname() && isHeld(holder);
}

async function create(file: string, text: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    try {
      await handle.write(text);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw fileError(error, 'write', file);
  }
}

async function readLock(file: string): Promise<Lock | undefined> {
  try {
    const value = JSON.parse(await readFile(file, 'utf8')) as Partial<Lock>;
    if (typeof value.pid !== 'number') return undefined;
    return { pid: value.pid, host: String(value.host ?? ''), processStart: String(value.processStart ?? '') };
  } catch {
    // Absent, or cut by a crash while it was written: in both cases nobody holds it.
    return undefined;
  }
}

/** Two processes may find the same stale lock: the rename succeeds for one, and what it moved is checked again. */
async function takeAway(file: string, expected: Lock | undefined): Promise<void> {
  const aside = `${file}.${process.pid}.stale`;
  try {
    await rename(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw fileError(error, 'write', file);
  }
  const moved = await readLock(aside);
  if (moved && moved.pid !== expected?.pid && isHeld(moved)) await rename(aside, file);
  else await rm(aside, { force: true });
}

function isHeld(lock: Lock): boolean {
  if (lock.host !== hostname()) return true;
  return isSameProcess(lock.pid, lock.processStart);
}

function heldError(folder: string, holder: Lock, file: string): LabError {
  const here = holder.host === hostname();
  return new LabError(
    'run-invalid',
    `The run ${folder} is being worked on by process ${holder.pid} on ${holder.host}`,
    {
      remedy: here ? 'Wait until it has finished, or stop it first' : `If that process is gone, remove ${file}`,
    },
  );
}
