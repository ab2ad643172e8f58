// The experiment and data files of a workspace, within bounds and in slices.
import { join } from 'node:path';
import { isExperimentFile } from '../../lab/findRuns.ts';
import { searchDepth, walkFolders } from '../../lab/walkFolders.ts';
import { isRunFolder } from '../../runs/runFolder.ts';

export interface WorkspaceFiles {
  experiments: string[];
  data: string[];
  /** The bounds were reached. */
  incomplete: boolean;
}

const mostFolders = 2000;
const mostData = 400;
/** Run folders hold thousands of JSON Lines files that are no datasets. */
const skipped = new Set(['node_modules', 'runs', 'dist', 'checkpoints', '__pycache__']);
/** JSON files of tools and models. */
const otherJson =
  /^(package|package-lock|tsconfig|config|generation_config|tokenizer|tokenizer_config|vocab)\b.*\.json$/;

export async function walkFiles(workspace: string, signal?: AbortSignal): Promise<WorkspaceFiles> {
  const found: WorkspaceFiles = { experiments: [], data: [], incomplete: false };
  let folders = 0;
  const walk = walkFolders(workspace, {
    skipped,
    enter: (_, depth) => depth <= searchDepth,
    isLeaf: (path, depth) => depth > 0 && isRunFolder(path),
  });
  for await (const { path, entries } of walk) {
    if (signal?.aborted) return found;
    if (++folders > mostFolders || found.data.length >= mostData) return { ...found, incomplete: true };
    for (const entry of entries) {
      const { name } = entry;
      if (name.startsWith('.') || entry.isDirectory()) continue;
      if (isExperimentFile(name)) found.experiments.push(join(path, name));
      else if (/\.jsonl$/i.test(name) || (/\.json$/i.test(name) && !otherJson.test(name))) {
        found.data.push(join(path, name));
      }
    }
  }
  return found;
}
