// Where the server of a workspace is found: a folder that only this user can enter, with a lock file that says who
// listens where. The editor and the server compute the same place from the same words.

/**
 * What the place depends on; callers read it from their system, never from variables such as XDG_RUNTIME_DIR: two shells
 * that set them differently would have two servers for one workspace.
 */
export interface PlaceInput {
  /** As `process.platform`. */
  platform: string;
  /** `runtimeFolderOf`, if it is there. */
  runtimeFolder: string | undefined;
  /** `temporaryFolderOf`. */
  temporaryFolder: string;
  /** User id, or name where there are no ids. */
  user: string;
  /** Hexadecimal SHA-256 of the real path of the workspace. */
  workspaceHash: string;
}

export interface ServerPlace {
  /** Folder of all servers of this user; 0700. */
  root: string;
  /** Folder of this workspace's server; 0700. */
  folder: string;
  lockFile: string;
}

/** Paths of sockets are limited to 104 bytes on macOS and 108 on Linux. */
const longestSocketPath = 100;
const socketName = '/0123456789abcdef.sock';

/** The place of a workspace's server. */
export function serverPlace(input: PlaceInput): ServerPlace {
  const separator = input.platform === 'win32' ? '\\' : '/';
  const name = input.workspaceHash.slice(0, 16);
  const roots = [
    ...(input.runtimeFolder ? [`${input.runtimeFolder}${separator}forgetting-lab`] : []),
    `${input.temporaryFolder}${separator}forgetting-lab-${input.user}`,
  ];
  const fits = (root: string): boolean =>
    input.platform === 'win32' || utf8Length(`${root}/${name}${socketName}`) <= longestSocketPath;
  const root = roots.find(fits) ?? `/tmp/forgetting-lab-${input.user}`;
  const folder = `${root}${separator}${name}`;
  return { root, folder, lockFile: `${folder}${separator}lock.json` };
}

/** Where Linux keeps what lives as long as a user is logged in. */
export function runtimeFolderOf(platform: string, uid: number | undefined): string | undefined {
  return platform === 'linux' && uid !== undefined ? `/run/user/${uid}` : undefined;
}

/** `own`: the folder that the system gives every user. On Linux all users share one, and only a variable can say otherwise. */
export function temporaryFolderOf(platform: string, own: string): string {
  return platform === 'linux' ? '/tmp' : own;
}

/** A name for a server's socket or pipe. `id`: 16 random hexadecimal digits, so that no server meets another's remains. */
export function endpointOf(place: ServerPlace, platform: string, id: string): string {
  return platform === 'win32' ? `\\\\.\\pipe\\forgetting-lab-${id}` : `${place.folder}/${id}.sock`;
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** Whether a folder can be trusted with a token: a real folder that nobody else owns or may enter. */
export function isPrivate(
  folder: { isDirectory: boolean; uid: number; mode: number },
  platform: string,
  uid: number | undefined,
): boolean {
  if (!folder.isDirectory) return false;
  // Windows has no such bits; the temporary folder belongs to the user there.
  return platform === 'win32' || (folder.uid === uid && (folder.mode & 0o077) === 0);
}

/** lock.json of a server. */
export interface ServerLock {
  pid: number;
  /** Start of the process as the system tells it; '' where it does not. Guards against reused process ids. */
  processStart: string;
  /** Version of forgetting-lab. */
  version: string;
  protocolVersion: number;
  /** Random; whoever says hello must know it. */
  token: string;
  /** Path of the socket or pipe. */
  endpoint: string;
  startedAt: string;
  /** ISO time, renewed every `heartbeatMs`. */
  heartbeatAt: string;
}

/** How often a server renews its heartbeat, and after how long without one it counts as hung. */
export const heartbeatMs = 5_000;
export const staleAfterMs = 30_000;

/** A lock as it was read, or undefined when it is damaged. */
export function parseServerLock(text: string): ServerLock | undefined {
  let value: Partial<ServerLock> | null;
  try {
    value = JSON.parse(text) as Partial<ServerLock> | null;
  } catch {
    return undefined;
  }
  const words = ['processStart', 'version', 'token', 'endpoint', 'startedAt', 'heartbeatAt'] as const;
  const whole =
    typeof value?.pid === 'number' &&
    typeof value.protocolVersion === 'number' &&
    words.every((word) => typeof value[word] === 'string');
  return whole ? (value as ServerLock) : undefined;
}
