// Finds model folders: a `config.json` with a `model_type`. Bounded in depth and number, in slices, so that a home folder
// as workspace neither blocks nor ends the search of others.
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { slices } from '../../lab/slices.ts';
import { searchDepth } from '../../lab/walkFolders.ts';

export interface ScanBounds {
  /** Levels of folders below each place. */
  depth: number;
  /** Folders that are opened at most. */
  folders: number;
}

const usualBounds: ScanBounds = { depth: searchDepth, folders: 5000 };
/** Models in `runs` are checkpoints: they are shown with their runs. */
const skipped = new Set(['node_modules', 'runs', 'dist', '__pycache__']);
/** A config is small; anything larger is no model's. */
const largestConfig = 1 << 20;

/** Absolute model folders at and below each place, without repetition (links lead to one folder only). */
export async function findModelFolders(
  places: readonly string[],
  signal?: AbortSignal,
  bounds: ScanBounds = usualBounds,
): Promise<string[]> {
  const pause = slices();
  const seen = new Set<string>();
  const found: string[] = [];
  let level = [...places];
  for (let depth = 0; depth <= bounds.depth && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (signal?.aborted || seen.size >= bounds.folders) return found;
      const real = await realpath(folder).catch(() => undefined);
      if (real === undefined || seen.has(real)) continue;
      seen.add(real);
      const { isModel, below } = await look(folder);
      // Folders inside a model hold parts of it.
      if (isModel) found.push(folder);
      else next.push(...below);
      await pause();
    }
    level = next;
  }
  return found;
}

async function look(folder: string): Promise<{ isModel: boolean; below: string[] }> {
  // A folder that cannot be read holds no model for this person.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  if (entries.some((entry) => entry.name === 'config.json') && (await namesModelType(join(folder, 'config.json')))) {
    return { isModel: true, below: [] };
  }
  const below: string[] = [];
  for (const entry of entries) {
    if (entry.name.startsWith('.') || skipped.has(entry.name)) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory() || (entry.isSymbolicLink() && (await isFolder(path)))) below.push(path);
  }
  return { isModel: false, below };
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );

async function namesModelType(file: string): Promise<boolean> {
  try {
    if ((await stat(file)).size > largestConfig) return false;
    const config: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof config === 'object' && config !== null && 'model_type' in config;
  } catch {
    // Unreadable or not JSON: with a name like this it may belong to anything.
    return false;
  }
}

/** What people call a model: the last part of its folder, with the part before it where that says nothing. */
export function labelOf(folder: string): string {
  const parts = folder.split(/[\\/]/).filter((part) => part !== '');
  const last = basename(folder);
  return /^(model|final|checkpoint|hf|weights|snapshots?|[0-9a-f]{40})$/i.test(last) && parts.length > 1
    ? parts.slice(-2).join('/')
    : last;
}
