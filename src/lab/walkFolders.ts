// Walks through folders, level by level and in slices. Links to folders are followed when everything else has been
// seen, so that what can be reached without a link keeps its own path; no folder is looked at twice, so that links in a
// circle end.
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { slices } from './slices.ts';

/** How deep below a folder experiments, runs, datasets and models are looked for: what one list shows, the others find. */
export const searchDepth = 8;

export interface WalkedFolder {
  /** As it is reached from the root, links included. */
  path: string;
  /** Levels below the root. */
  depth: number;
  entries: Dirent[];
}

export interface WalkOptions {
  /** Names of folders that hold nothing of interest; dot folders never do. */
  skipped: ReadonlySet<string>;
  /** Whether a folder is within the bounds of the walk. */
  enter: (path: string, depth: number) => boolean;
  /** Whether a folder says enough by itself and is not opened. */
  isLeaf?: (path: string, depth: number) => boolean;
  /** Default: links are followed. */
  links?: boolean;
}

interface Waiting {
  path: string;
  depth: number;
}

/** A folder whose real path is known: below the root it is put together, and only links have to be asked. */
interface Reached extends Waiting {
  real: string;
}

/** The folders at and below `root`. */
export async function* walkFolders(root: string, options: WalkOptions): AsyncGenerator<WalkedFolder> {
  const { skipped, enter, isLeaf, links: follows = true } = options;
  const pause = slices();
  const seen = new Set<string>();
  const folders: Reached[] = [{ path: root, depth: 0, real: await realpath(root).catch(() => root) }];
  const links: Waiting[] = [];
  let behindLinks: Reached[] = [];
  for (;;) {
    if (folders.length === 0) behindLinks = [...behindLinks, ...(await foldersBehind(links.splice(0)))];
    const next = folders.shift() ?? behindLinks.shift();
    if (!next) return;
    const { path, depth, real } = next;
    await pause();
    if (seen.has(real) || !enter(path, depth)) continue;
    seen.add(real);
    if (isLeaf?.(path, depth) === true) continue;
    // A folder that cannot be read holds nothing for this person.
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    yield { path, depth, entries };
    for (const entry of entries) {
      if (entry.name.startsWith('.') || skipped.has(entry.name)) continue;
      const below = { path: join(path, entry.name), depth: depth + 1 };
      if (entry.isDirectory()) folders.push({ ...below, real: join(real, entry.name) });
      else if (follows && entry.isSymbolicLink()) links.push(below);
    }
  }
}

/**
 * The folders that links lead to. A folder comes before those in it: of a link to all runs and one to the newest, the
 * first gives the newest its path.
 */
async function foldersBehind(links: readonly Waiting[]): Promise<Reached[]> {
  const reached: Reached[] = [];
  for (const link of links) {
    const isFolder = await stat(link.path).then(
      (info) => info.isDirectory(),
      () => false,
    );
    const real = isFolder ? await realpath(link.path).catch(() => undefined) : undefined;
    if (real !== undefined) reached.push({ ...link, real });
  }
  return reached.sort((a, b) => a.real.length - b.real.length);
}
