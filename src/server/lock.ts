// One server per workspace: its lock, with a heartbeat, in the shared manner of `runs/lockFile.ts`.
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLockFile, takeLockFile } from '../runs/lockFile.ts';
import type { HeldLockFile, LockKind, LockOwner } from '../runs/lockFile.ts';
import { isSameProcess } from '../runs/processes.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import { hello } from '../shared/protocol/lab/lifecycle.ts';
import { parseServerLock, staleAfterMs } from '../shared/protocol/lab/place.ts';
import type { ServerLock, ServerPlace } from '../shared/protocol/lab/place.ts';

/** How long a server that hangs is waited for. */
const answerMs = 3_000;

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
  await endHung(place.lockFile);
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
  return !isBeating(lock) && (await ask(lock.endpoint)) === 'gone';
}

/** Ends a server that has not beaten for long, whose process is there and which says nothing. Its sessions go on. */
async function endHung(file: string): Promise<void> {
  const lock = await readServerLock(file);
  if (!lock || isBeating(lock) || !isSameProcess(lock.pid, lock.processStart)) return;
  // Only a server that still listens is surely the process of its lock.
  if ((await ask(lock.endpoint)) !== 'silent') return;
  process.kill(lock.pid, 'SIGKILL');
  for (let tries = 0; tries < 50 && isSameProcess(lock.pid, lock.processStart); tries++) await sleep(20);
}

const isBeating = ({ heartbeatAt }: ServerLock): boolean => Date.now() - Date.parse(heartbeatAt) <= staleAfterMs;

/** How a listener takes a message that every server answers, even to a stranger. */
function ask(endpoint: string): Promise<'gone' | 'silent' | 'answers'> {
  return new Promise((resolve) => {
    const socket = connect(endpoint);
    let connected = false;
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(socket.bytesRead > 0 ? 'answers' : connected ? 'silent' : 'gone');
    };
    const timer = setTimeout(end, answerMs);
    const message = JSON.stringify({ jsonrpc: '2.0', id: 1, method: hello.method, params: {} });
    socket
      .on('connect', () => {
        connected = true;
        socket.write(`Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`);
      })
      .on('data', end)
      .on('error', end)
      .on('close', end);
  });
}
