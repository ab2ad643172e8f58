// The experiment and data files of a workspace, within bounds and in slices.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { slices } from '../../lab/slices.ts';

export interface WorkspaceFiles {
  experiments: string[];
  data: string[];
  /** The bounds were reached. */
  incomplete: boolean;
}

const deepest = 5;
const mostFolders = 2000;
const mostData = 400;
/** Run folders hold thousands of JSON Lines files that are no datasets. */
const skipped = new Set(['node_modules', 'runs', 'dist', 'checkpoints', '__pycache__']);
/** JSON files of tools and models. */
const otherJson =
  /^(package|package-lock|tsconfig|config|generation_config|tokenizer|tokenizer_config|vocab)\b.*\.json$/;

export async function walkFiles(workspace: string, signal?: AbortSignal): Promise<WorkspaceFiles> {
  const pause = slices();
  const found: WorkspaceFiles = { experiments: [], data: [], incomplete: false };
  let level = [workspace];
  let folders = 0;
  for (let depth = 0; depth <= deepest && level.length > 0; depth++) {
    const next: string[] = [];
    for (const folder of level) {
      if (signal?.aborted) return found;
      if (++folders > mostFolders || found.data.length >= mostData) return { ...found, incomplete: true };
      // A folder that cannot be read has nothing to offer.
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const { name, ...entry } of entries.map((one) => ({ name: one.name, folder: one.isDirectory() }))) {
        if (name.startsWith('.')) continue;
        const path = join(folder, name);
        if (entry.folder) {
          if (!skipped.has(name)) next.push(path);
        } else if (/\.experiment\.(ya?ml|json)$/i.test(name)) found.experiments.push(path);
        else if (/\.jsonl$/i.test(name) || (/\.json$/i.test(name) && !otherJson.test(name))) found.data.push(path);
      }
      await pause();
    }
    level = next;
  }
  return found;
}
