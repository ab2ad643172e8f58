// Data files and model folders near an experiment file, as paths that can be written into it.
import { access, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

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
  const found: string[] = [];
  const visit = async (at: string, written: string, depth: number): Promise<void> => {
    // A folder that cannot be read has nothing to offer.
    const entries = await readdir(at, { withFileTypes: true }).catch(() => []);
    const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
    for (const name of await choose(at, names)) found.push(written + name);
    for (const entry of entries) {
      if (found.length >= most) return;
      if (!entry.isDirectory() || entry.name.startsWith('.') || skipped.has(entry.name)) continue;
      if (depth < deepest) await visit(join(at, entry.name), `${written}${entry.name}/`, depth + 1);
    }
  };
  await visit(resolve(folder, outside), outside, 0);
  return found.slice(0, most).sort((a, b) => a.localeCompare(b));
}

/** `NAME.experiment.yaml` in a folder, with a number behind the name while one of that name is there. */
export async function freeFile(folder: string, name: string): Promise<string> {
  for (let number = 1; ; number++) {
    const file = join(folder, `${name}${number === 1 ? '' : `-${number}`}.experiment.yaml`);
    const taken = await access(file).then(
      () => true,
      () => false,
    );
    if (!taken) return file;
  }
}

/** Name of a file without folder and `.experiment.yaml`. */
export const experimentNameOf = (file: string): string => basename(file).replace(/\.experiment\.(ya?ml|json)$/i, '');
