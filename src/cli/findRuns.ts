// Finds run folders: a run is named by its path or by its id (or the unambiguous beginning of it).
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { isRunFolder } from '../runs/runFolder.ts';
import { packageRoot } from '../runs/packageRoot.ts';
import { LabError } from '../shared/errors.ts';

/** How deep below a folder `runs/` is looked for. */
const searchDepth = 3;
const skipped = new Set(['node_modules', 'dist', 'checkpoints', 'items', 'state', 'targets']);

/** All run folders below a folder: inside folders called `runs`, newest name first. */
export async function findRuns(root: string): Promise<string[]> {
  const found: string[] = [];
  await search(resolve(root), 0, found);
  return found.sort((a, b) => basename(b).localeCompare(basename(a)));
}

async function search(folder: string, depth: number, found: string[]): Promise<void> {
  if (await isRunFolder(folder)) {
    found.push(folder);
    return;
  }
  // A folder that cannot be read holds no runs for this person.
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!entry.isDirectory() || entry.name.startsWith('.') || skipped.has(entry.name)) continue;
    const inRuns = basename(folder) === 'runs';
    if (inRuns || depth < searchDepth) await search(join(folder, entry.name), depth + 1, found);
  }
}

/** Where runs are looked for when nothing else is said: here, and in the package's examples. */
export async function findRunsEverywhere(): Promise<string[]> {
  const here = await findRuns(process.cwd());
  const examples = await findRuns(join(packageRoot, 'examples'));
  return [...new Set([...here, ...examples])].sort((a, b) => basename(b).localeCompare(basename(a)));
}

/** The folder of a run named by path or id. */
export async function resolveRun(name: string): Promise<string> {
  const folder = resolve(name);
  if (await isRunFolder(folder)) return folder;
  const runs = await findRunsEverywhere();
  const matching = runs.filter((run) => basename(run) === name);
  const beginning = matching.length > 0 ? matching : runs.filter((run) => basename(run).startsWith(name));
  if (beginning.length === 1) return beginning[0] as string;
  if (beginning.length > 1) {
    throw new LabError('run-invalid', `"${name}" could be ${beginning.map((run) => basename(run)).join(' or ')}`, {
      remedy: 'Write more of the name, or the path',
    });
  }
  throw new LabError('run-invalid', `There is no run "${name}"`, {
    remedy: '`forgetting-lab list` shows the runs there are',
  });
}
