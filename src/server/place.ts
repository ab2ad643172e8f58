// The private folder of a workspace's server: made, and checked before a token is written into it.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { lstat, mkdir, realpath } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import { isPrivate, runtimeFolderOf, serverPlace, temporaryFolderOf } from '../shared/protocol/lab/place.ts';
import type { ServerPlace } from '../shared/protocol/lab/place.ts';

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

/** Makes the folders of a place. Refuses folders that somebody else made or may enter. */
export async function preparePlace(place: ServerPlace): Promise<void> {
  for (const folder of [place.root, place.folder]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const info = await lstat(folder);
    const seen = { isDirectory: info.isDirectory(), uid: info.uid, mode: info.mode };
    if (isPrivate(seen, process.platform, process.getuid?.())) continue;
    throw new LabError('server-unavailable', phrase('The folder {0} is not private to this user', folder), {
      remedy: phrase('Remove it; it is made anew with the right permissions'),
    });
  }
}
