// A file that one process at a time holds. It appears whole (a link to a finished file, never a half-written one), and one
// that is stale is removed by one process only, so of any number that come at once exactly one gets it. Knows nothing of
// what stands in the file: who may hold it, and when it is stale, is the caller's.
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a process may take over a stale lock before others believe that it died over it. */
const guardMs = 10_000;
const attempts = 100;
/** How the systems say that a folder knows no hard links: memory cards, some network shares. */
const noLinks: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** What stands in a kind of lock file. */
export interface LockKind<Lock> {
  /** Who may read the file. */
  mode: number;
  /** Undefined when the text is damaged; nobody holds such a lock. */
  parse(text: string): Lock | undefined;
  /** Whether the holder of a lock is gone. */
  isStale(lock: Lock): boolean | Promise<boolean>;
  /** Whether two texts are of one holder. */
  isSame(one: Lock, other: Lock): boolean;
}

/** `nobody`: there is no lock that can be read. */
export type LockOwner = 'ours' | 'other' | 'nobody';

export interface HeldLockFile {
  /** Whose the file is now: somebody may have removed it, and another may have taken it then. */
  owner(): Promise<LockOwner>;
  /** Removes the file if it is ours. */
  release(): Promise<void>;
}

/** Takes a lock file. Gives the other's lock when somebody holds it, and undefined when that cannot be settled. */
export async function takeLockFile<Lock>(
  file: string,
  mine: Lock,
  kind: LockKind<Lock>,
): Promise<{ held: HeldLockFile } | { other: Lock } | undefined> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if (await create(file, JSON.stringify(mine), kind.mode)) return { held: heldLock(file, mine, kind) };
    const other = await readLockFile(file, kind);
    if (other && !(await kind.isStale(other))) return { other };
    const removed = await guarded(file, () => removeStale(file, kind));
    if (!removed) await sleep(50);
  }
  return undefined;
}

/** What stands in a lock file, or undefined when there is none that can be read. */
export async function readLockFile<Lock>(file: string, kind: Pick<LockKind<Lock>, 'parse'>): Promise<Lock | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined); // absent: nobody holds it
  return text === undefined ? undefined : kind.parse(text);
}

function heldLock<Lock>(file: string, mine: Lock, kind: LockKind<Lock>): HeldLockFile {
  const owner = async (): Promise<LockOwner> => {
    const there = await readLockFile(file, kind);
    if (there === undefined) return 'nobody';
    return kind.isSame(there, mine) ? 'ours' : 'other';
  };
  return {
    owner,
    release: async () => {
      if ((await owner()) === 'ours') await rm(file, { force: true });
    },
  };
}

async function create(file: string, text: string, mode: number): Promise<boolean> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, text, { mode, flag: 'wx' });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (noLinks.includes(code)) return (await guarded(file, () => renameToFree(draft, file))) ?? false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Where there are no links, everybody comes through the guard, and under it nobody can come between look and rename. */
async function renameToFree(draft: string, file: string): Promise<boolean> {
  if (await stat(file).catch(() => undefined)) return false;
  await rename(draft, file);
  return true;
}

/** Removes the lock if it is still stale. */
async function removeStale<Lock>(file: string, kind: LockKind<Lock>): Promise<true> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  // Where there is no lock now, anybody may put one in the next moment; one that is there stays until it is removed here.
  if (text === undefined) return true;
  const there = kind.parse(text);
  if (!there || (await kind.isStale(there))) await rm(file, { force: true });
  return true;
}

/** Does something that one process at a time may do with a lock; undefined when somebody else is just doing that. */
async function guarded<T>(file: string, action: () => Promise<T>): Promise<T | undefined> {
  const guard = `${file}.takeover`;
  try {
    await mkdir(guard);
  } catch {
    const since = await stat(guard).catch(() => undefined);
    // Whoever began has died over it.
    if (since && Date.now() - since.mtimeMs > guardMs) await rmdir(guard).catch(() => undefined);
    return undefined;
  }
  try {
    return await action();
  } finally {
    await rmdir(guard).catch(() => undefined); // removed by one who believed us dead
  }
}
