// One server per workspace. The lock appears whole (a link to a finished file, never a half-written one), and a lock of a
// server that is gone is removed by one process only, so of any number that start at once exactly one serves.
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSameProcess } from '../runs/processes.ts';
import { LabError } from '../shared/errors.ts';
import { parseServerLock, staleAfterMs } from '../shared/protocol/lab/place.ts';
import type { ServerLock, ServerPlace } from '../shared/protocol/lab/place.ts';

/** How long a process may take to remove a stale lock before others believe that it died over it. */
const takeoverMs = 10_000;
const attempts = 100;

export interface HeldLock {
  /** Renews the heartbeat. False: the lock is no longer ours, and this server must end. */
  beat(): Promise<boolean>;
  release(): Promise<void>;
}

/** Takes the lock of a place. Gives the other server's lock when one serves already. */
export async function takeServerLock(
  place: ServerPlace,
  mine: ServerLock,
): Promise<{ held: HeldLock } | { other: ServerLock }> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    const held = await create(place.lockFile, mine);
    if (held) return { held };
    const other = await readServerLock(place.lockFile);
    if (other && !(await isStale(other))) return { other };
    if (!(await removeStale(place.lockFile))) await sleep(50);
  }
  throw new LabError('server-unavailable', `Cannot lock ${place.folder} for the lab server`, {
    remedy: `Remove ${place.lockFile} and try again`,
  });
}

/** The lock of a place, or undefined when there is none that can be read. */
export async function readServerLock(file: string): Promise<ServerLock | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined); // absent: nobody serves
  return text === undefined ? undefined : parseServerLock(text);
}

async function create(file: string, lock: ServerLock): Promise<HeldLock | undefined> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, JSON.stringify(lock), { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return new Held(file, lock, await open(file, 'r+'));
}

/** Writes through its open file, so that a beat can never reach a lock that has taken this one's place. */
class Held implements HeldLock {
  private readonly file: string;
  private readonly lock: ServerLock;
  private readonly handle: FileHandle;

  constructor(file: string, lock: ServerLock, handle: FileHandle) {
    this.file = file;
    this.lock = lock;
    this.handle = handle;
  }

  async beat(): Promise<boolean> {
    // ISO times have one length, so the text is overwritten exactly.
    const text = JSON.stringify({ ...this.lock, heartbeatAt: new Date().toISOString() });
    await this.handle.write(text, 0);
    return this.isOurs();
  }

  async release(): Promise<void> {
    const ours = await this.isOurs();
    await this.handle.close();
    if (ours) await rm(this.file, { force: true });
  }

  private async isOurs(): Promise<boolean> {
    const there = await readServerLock(this.file);
    return there?.token === this.lock.token;
  }
}

/** Removes the lock if it is still stale; false when somebody else is just doing that. */
async function removeStale(file: string): Promise<boolean> {
  const mutex = `${file}.takeover`;
  try {
    await mkdir(mutex);
  } catch {
    const since = await stat(mutex).catch(() => undefined);
    // Whoever began to remove the lock has died over it.
    if (since && Date.now() - since.mtimeMs > takeoverMs) await rmdir(mutex).catch(() => undefined);
    return false;
  }
  try {
    const text = await readFile(file, 'utf8').catch(() => undefined);
    // Where there is no lock now, anybody may put one in the next moment; one that is there stays until it is removed here.
    if (text === undefined) return true;
    const there = parseServerLock(text);
    if (!there || (await isStale(there))) await rm(file, { force: true });
    return true;
  } finally {
    await rmdir(mutex).catch(() => undefined); // removed by one who believed us dead
  }
}

/** Whether the server of a lock is gone: its process is, or it has not beaten for long and its endpoint refuses. */
async function isStale(lock: ServerLock): Promise<boolean> {
  if (!isSameProcess(lock.pid, lock.processStart)) return true;
  const age = Date.now() - Date.parse(lock.heartbeatAt);
  return !(age <= staleAfterMs) && !(await accepts(lock.endpoint));
}

function accepts(endpoint: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(endpoint);
    const answer = (value: boolean): void => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
    socket.setTimeout(2000, () => answer(false));
  });
}
