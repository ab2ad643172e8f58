// Data files and model folders near an experiment file, as paths that can be written into it.
import { access, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';

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

/** The first of `NAME-2`, `NAME-3`... that no experiment file in a folder is called. */
export async function nextName(folder: string, name: string): Promise<string> {
  const stem = name.replace(/-\d+$/, '').slice(0, 70);
  for (let number = 2; ; number++) {
    const next = `${stem}-${number}`;
    const taken = await access(experimentFile(folder, next)).then(
      () => true,
      () => false,
    );
    if (!taken) return next;
  }
}

/** Where an experiment of a name lies; signs that a file system refuses become dashes. */
export const experimentFile = (folder: string, name: string): string =>
  join(folder, `${name.replace(/[<>:"|?*]/g, '-')}.experiment.yaml`);
