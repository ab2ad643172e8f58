// One process per run folder. A small file names the process that owns the folder; a lock whose process is gone is
// taken over, so that a killed run can be resumed at once.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import { fileError } from './files.ts';
import { readLockFile, takeLockFile } from './lockFile.ts';
import type { LockKind } from './lockFile.ts';
import { isSameProcess, processStart } from './processes.ts';

const lockName = 'lock.json';

interface Lock {
  pid: number;
  host: string;
  /** Start of the process as the system tells it; '' where it does not. Guards against reused process ids. */
  processStart: string;
}

const runLock: LockKind<Lock> = {
  // Whoever can see the run sees who works on it.
  mode: 0o644,
  parse: parseLock,
  isStale: (lock) => !isHeld(lock),
  isSame: (one, other) => one.pid === other.pid && one.host === other.host && one.processStart === other.processStart,
};

/** Takes the lock of a run folder or throws `run-invalid`. Returns the function that gives it back. */
export async function lockRun(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, lockName);
  const mine: Lock = { pid: process.pid, host: hostname(), processStart: processStart(process.pid) };
  const taken = await takeLockFile(file, mine, runLock).catch((error: unknown) => {
    throw fileError(error, 'write', file);
  });
  if (!taken) {
    const remedy = phrase('Remove {0} and try again', file);
    throw new LabError('run-invalid', phrase('Cannot lock the run folder {0}', folder), { remedy });
  }
  if ('other' in taken) throw heldError(folder, taken.other, file);
  return () => taken.held.release();
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

const readLock = (file: string): Promise<Lock | undefined> => readLockFile(file, runLock);

function parseLock(text: string): Lock | undefined {
  let value: Partial<Lock> | null;
  try {
    value = JSON.parse(text) as Partial<Lock> | null;
  } catch {
    return undefined;
  }
  if (typeof value?.pid !== 'number') return undefined;
  return { pid: value.pid, host: String(value.host ?? ''), processStart: String(value.processStart ?? '') };
}

function isHeld(lock: Lock): boolean {
  if (lock.host !== hostname()) return true;
  return isSameProcess(lock.pid, lock.processStart);
}

function heldError(folder: string, holder: Lock, file: string): LabError {
  const here = holder.host === hostname();
  return new LabError(
    'run-invalid',
    phrase('The run {0} is being worked on by process {1} on {2}', folder, String(holder.pid), holder.host),
    {
      remedy: here
        ? phrase('Wait until it has finished, or stop it first')
        : phrase('If that process is gone, remove {0}', file),
    },
  );
}
