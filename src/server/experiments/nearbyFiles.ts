// Data files and model folders near an experiment file, as paths that can be written into it.
import { join, relative, resolve, sep } from 'node:path';
import { exists } from '../../lab/exists.ts';
import { walkFolders } from '../../lab/walkFolders.ts';

/** Bounds of a search: a home folder as workspace must not keep anybody waiting. */
const deepest = 3;
const most = 300;
const skipped = new Set(['node_modules', 'runs', 'dist', 'checkpoints']);

/** JSON and JSON Lines files: below `folder`, or in the folder that `typed` leads out to (`../`, `/data/`). */
export async function filesNear(folder: string, typed: string): Promise<string[]> {
  return find(folder, typed, async (_, names) =>
    names.filter((name) => /\.jsonl?$/i.test(name) && !/\.experiment\.json$/i.test(name)),
  );
}

/** Folders with a `config.json` and tokenizer or weights: they look like models. */
export async function foldersNear(folder: string, typed: string): Promise<string[]> {
  const found = await find(folder, typed, async (parent, names) => {
    if (!names.includes('config.json') || parent === folder) return [];
    const isModel = names.some((name) => name === 'tokenizer.json' || name.endsWith('.safetensors'));
    return isModel ? ['.'] : [];
  });
  return found.map((name) => name.replace(/\/\.$/, ''));
}

async function find(
  folder: string,
  typed: string,
  choose: (folder: string, names: string[]) => Promise<string[]>,
): Promise<string[]> {
  const outside = /^(\.\.?\/|\/|[A-Za-z]:[\\/])/.test(typed) ? typed.slice(0, typed.lastIndexOf('/') + 1) : '';
  const root = resolve(folder, outside);
  const found: string[] = [];
  for await (const { path, entries } of walkFolders(root, { skipped, enter: (_, depth) => depth <= deepest })) {
    const written = path === root ? outside : `${outside}${relative(root, path).split(sep).join('/')}/`;
    const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
    for (const name of await choose(path, names)) found.push(written + name);
    if (found.length >= most) break;
  }
  return found.slice(0, most).sort((a, b) => a.localeCompare(b));
}

/** The first of `NAME-2`, `NAME-3`... that is not taken and that no experiment file in a folder is called. */
export async function nextName(folder: string, name: string, taken: ReadonlySet<string>): Promise<string> {
  const stem = name.replace(/-\d+$/, '').slice(0, 70);
  for (let number = 2; ; number++) {
    const next = `${stem}-${number}`;
    if (!taken.has(next) && !(await exists(experimentFile(folder, next)))) return next;
  }
}

/** Where an experiment of a name lies; signs that a file system refuses become dashes. */
export const experimentFile = (folder: string, name: string): string =>
  join(folder, `${name.replace(/[<>:"|?*]/g, '-')}.experiment.yaml`);
