// One server per workspace: its lock, with a heartbeat, in the shared manner of `runs/lockFile.ts`.
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { connect } from 'node:net';
import { readLockFile, takeLockFile } from '../runs/lockFile.ts';
import type { HeldLockFile, LockKind, LockOwner } from '../runs/lockFile.ts';
import { isSameProcess } from '../runs/processes.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import { parseServerLock, staleAfterMs } from '../shared/protocol/lab/place.ts';
import type { ServerLock, ServerPlace } from '../shared/protocol/lab/place.ts';

export interface HeldLock {
  /** Renews the heartbeat, and tells whose the lock is by now. */
  beat(): Promise<LockOwner>;
  release(): Promise<void>;
}

const serverLock: LockKind<ServerLock> = {
  // It holds the token.
  mode: 0o600,
  parse: parseServerLock,
  isStale,
  isSame: (one, other) => one.token === other.token,
};

/** Takes the lock of a place. Gives the other server's lock when one serves already. */
export async function takeServerLock(
  place: Pick<ServerPlace, 'folder' | 'lockFile'>,
  mine: ServerLock,
): Promise<{ held: HeldLock } | { other: ServerLock }> {
  const taken = await takeLockFile(place.lockFile, mine, serverLock);
  if (!taken) {
    throw new LabError('server-unavailable', phrase('Cannot lock {0} for the lab server', place.folder), {
      remedy: phrase('Remove {0} and try again', place.lockFile),
    });
  }
  if ('other' in taken) return taken;
  return { held: new Held(mine, taken.held, await open(place.lockFile, 'r+')) };
}

/** The lock of a place, or undefined when there is none that can be read. */
export function readServerLock(file: string): Promise<ServerLock | undefined> {
  return readLockFile(file, serverLock);
}

/** Writes through its open file, so that a beat can never reach a lock that has taken this one's place. */
class Held implements HeldLock {
  private readonly lock: ServerLock;
  private readonly file: HeldLockFile;
  private readonly handle: FileHandle;

  constructor(lock: ServerLock, file: HeldLockFile, handle: FileHandle) {
    this.lock = lock;
    this.file = file;
    this.handle = handle;
  }

  async beat(): Promise<LockOwner> {
    // ISO times have one length, so the text is overwritten exactly.
    const text = JSON.stringify({ ...this.lock, heartbeatAt: new Date().toISOString() });
    await this.handle.write(text, 0);
    return this.file.owner();
  }

  async release(): Promise<void> {
    await this.handle.close();
    await this.file.release();
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
