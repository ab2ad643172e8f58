// Finds the server of a workspace: its lock file, read only from a folder that nobody else can write to.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, readFile, realpath } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import {
  isPrivate,
  parseServerLock,
  runtimeFolderOf,
  serverPlace,
  temporaryFolderOf,
} from '../../shared/protocol/lab/place.ts';
import type { ServerLock, ServerPlace } from '../../shared/protocol/lab/place.ts';

/** The place of a workspace's server on this machine. */
export async function placeOf(workspace: string): Promise<ServerPlace> {
  const { platform } = process;
  const runtimeFolder = runtimeFolderOf(platform, process.getuid?.());
  return serverPlace({
    platform,
    runtimeFolder: runtimeFolder !== undefined && existsSync(runtimeFolder) ? runtimeFolder : undefined,
    temporaryFolder: temporaryFolderOf(platform, tmpdir()),
    user: String(process.getuid?.() ?? userInfo().username),
    workspaceHash: createHash('sha256')
      .update(await realpath(workspace))
      .digest('hex'),
  });
}

/** The lock of a place, or undefined when no server has written one. Throws when the folder is not private. */
export async function readLock(place: ServerPlace): Promise<ServerLock | undefined> {
  for (const folder of [place.root, place.folder]) {
    const info = await lstat(folder).catch(() => undefined);
    if (!info) return undefined;
    const seen = { isDirectory: info.isDirectory(), uid: info.uid, mode: info.mode };
    if (isPrivate(seen, process.platform, process.getuid?.())) continue;
    throw new LabError('server-unavailable', phrase('The folder {0} is not private to this user', folder), {
      remedy: phrase('Remove it; it is made anew with the right permissions'),
    });
  }
  const text = await readFile(place.lockFile, 'utf8').catch(() => undefined); // nobody serves
  return text === undefined ? undefined : parseServerLock(text);
}
