// Where a server is found: its place, its socket and its lock. Somebody may clear the place away (a logout, a cleaner of
// temporary files); then all three are made anew, for what the server carries out must go on.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import { join } from 'node:path';
import { endpointOf } from '../shared/protocol/lab/place.ts';
import type { ServerLock, ServerPlace } from '../shared/protocol/lab/place.ts';
import { takeServerLock } from './lock.ts';
import type { HeldLock } from './lock.ts';
import { placeOf, preparePlace } from './place.ts';

/** What a server says of itself wherever it sits. */
export type Identity = Omit<ServerLock, 'endpoint' | 'heartbeatAt'>;

interface Post {
  place: ServerPlace;
  endpoint: string;
  listener: Server;
  held: HeldLock;
}

/** Takes the seat of a workspace. Gives the other server's lock when one serves already. */
export async function takeSeat(
  workspace: string,
  who: Identity,
  onConnection: (socket: Socket) => void,
): Promise<{ seat: Seat } | { other: ServerLock }> {
  const occupy = (): Promise<Post | { other: ServerLock }> => takePost(workspace, who, onConnection);
  const post = await occupy();
  return 'other' in post ? post : { seat: new Seat(workspace, post, occupy) };
}

export class Seat {
  private readonly workspace: string;
  private readonly occupy: () => Promise<Post | { other: ServerLock }>;
  /** Undefined while the seat is lost. */
  private post: Post | undefined;
  private keeping: Promise<boolean> | undefined;

  constructor(workspace: string, post: Post, occupy: Seat['occupy']) {
    this.workspace = workspace;
    this.post = post;
    this.occupy = occupy;
  }

  /** Renews the heartbeat, and the seat where it has gone. False: another server has it, and this one must end. */
  keep(): Promise<boolean> {
    this.keeping ??= this.keepNow().finally(() => (this.keeping = undefined));
    return this.keeping;
  }

  async leave(): Promise<void> {
    this.post?.listener.close();
    await this.post?.held.release();
  }

  private async keepNow(): Promise<boolean> {
    const { post } = this;
    if (post) {
      // The folder that lives as long as a user is logged in comes and goes, and editors look where it tells them.
      const place = await placeOf(this.workspace).catch(() => post.place);
      const holder = await post.held.beat();
      if (holder === 'other') return false;
      if (holder === 'ours' && place.lockFile === post.place.lockFile && isThere(post.endpoint)) return true;
      this.post = undefined;
      post.listener.close();
      await post.held.release();
    }
    const taken = await this.occupy();
    if ('other' in taken) return false;
    this.post = taken;
    return true;
  }
}

async function takePost(
  workspace: string,
  who: Identity,
  onConnection: (socket: Socket) => void,
): Promise<Post | { other: ServerLock }> {
  const place = await placeOf(workspace);
  await preparePlace(place);
  const endpoint = endpointOf(place, process.platform, randomBytes(8).toString('hex'));
  const listener = createServer(onConnection);
  // Listening comes before the lock, so that an endpoint in a lock always accepts.
  await listen(listener, endpoint);
  const taken = await takeServerLock(place, { ...who, endpoint, heartbeatAt: new Date().toISOString() });
  if ('other' in taken) {
    listener.close();
    return taken;
  }
  await removeOldSockets(place, endpoint);
  return { place, endpoint, listener, held: taken.held };
}

/** Whether editors can still find an endpoint. A pipe of Windows has no file that somebody could remove. */
const isThere = (endpoint: string): boolean => process.platform === 'win32' || existsSync(endpoint);

function listen(listener: Server, endpoint: string): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(endpoint, () => {
      listener.off('error', reject);
      resolve();
    });
  });
}

/** Sockets of servers that were killed. */
async function removeOldSockets(place: ServerPlace, endpoint: string): Promise<void> {
  for (const name of await readdir(place.folder)) {
    const file = join(place.folder, name);
    if (name.endsWith('.sock') && file !== endpoint) await rm(file, { force: true });
  }
}
