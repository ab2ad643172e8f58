// Finds experiment files and run folders below a folder; a run is named by its path or by its id (or the unambiguous
// beginning of it).
import { basename, dirname, join, resolve } from 'node:path';
import { isRunFolder } from '../runs/runFolder.ts';
import { packageRoot } from '../runs/packageRoot.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { Words } from '../shared/phrase.ts';
import { searchDepth, walkFolders } from './walkFolders.ts';

/** Folders looked into at most: a search that was begun in a home folder must end. */
const folderLimit = 20_000;

const skipped = new Set(['node_modules', 'dist', 'checkpoints', 'items', 'state', 'targets']);

const experimentName = /\.experiment\.(ya?ml|json)$/i;

/** Whether a file is an experiment by its name. */
export function isExperimentFile(file: string): boolean {
  return experimentName.test(file);
}

export interface Found {
  /** Experiment files, absolute, sorted. */
  experiments: string[];
  /** Run folders, absolute, newest name first. */
  runs: string[];
  /** Folders in which experiments or runs lie, and folders called `runs`: where new ones can appear. */
  places: string[];
}

export interface SearchOptions {
  /** Says that a folder is a run, so that its configuration need not be read again. */
  isKnownRun?: (folder: string) => boolean;
  /** Default: the depth of a search through a workspace. */
  depth?: number;
  /**
   * Default: links to folders are followed. A search of a part would find what lies elsewhere in the workspace a second
   * time, by the path of a link.
   */
  links?: boolean;
}

/** Everything of the lab below a folder. Runs lie anywhere but in dot folders, packages and inside other runs. */
export async function findLabFiles(root: string, options: SearchOptions = {}): Promise<Found> {
  const { isKnownRun, depth: deepest = searchDepth, links = true } = options;
  const experiments: string[] = [];
  const runs: string[] = [];
  const places = new Set<string>();
  let visited = 0;
  const folders = walkFolders(resolve(root), {
    skipped,
    links,
    enter: (path, depth) => (depth <= deepest || isRuns(dirname(path))) && ++visited <= folderLimit,
    isLeaf: (path) => {
      if (isKnownRun?.(path) !== true && !isRunFolder(path)) return false;
      runs.push(path);
      places.add(dirname(path));
      return true;
    },
  });
  for await (const { path, depth, entries } of folders) {
    if (depth === 0 || isRuns(path)) places.add(path);
    for (const entry of entries) {
      if (!entry.isFile() || !isExperimentFile(entry.name)) continue;
      experiments.push(join(path, entry.name));
      places.add(path);
    }
  }
  return {
    experiments: experiments.sort(),
    runs: runs.sort((a, b) => basename(b).localeCompare(basename(a))),
    places: [...places],
  };
}

const isRuns = (path: string): boolean => basename(path) === 'runs';

/** All run folders below a folder, newest name first. */
export async function findRuns(root: string): Promise<string[]> {
  return (await findLabFiles(root)).runs;
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
  if (isRunFolder(folder)) return folder;
  const runs = await findRunsEverywhere();
  const matching = runs.filter((run) => basename(run) === name);
  const beginning = matching.length > 0 ? matching : runs.filter((run) => basename(run).startsWith(name));
  if (beginning.length === 1) return beginning[0] as string;
  if (beginning.length > 1) {
    const candidates = beginning
      .map((run): Words => basename(run))
      .reduce((before, next) => phrase('{0} or {1}', before, next));
    throw new LabError('run-invalid', phrase('"{0}" could be {1}', name, candidates), {
      remedy: phrase('Write more of the name, or the path'),
    });
  }
  throw new LabError('run-invalid', phrase('There is no run "{0}"', name), {
    remedy: phrase('`forgetting-lab list` shows the runs there are'),
  });
}
