// The names that experiment files declare, as far as they can be read. A name tells an experiment apart in every view, so
// two files of one workspace should not share it.
import { readFile, realpath } from 'node:fs/promises';
import { findLabFiles } from '../../lab/findRuns.ts';
import { fileStamp } from '../runs/stamp.ts';
import { outline } from './outline.ts';

/** The workspace is searched again after this time, or more rarely when that takes long, milliseconds. */
const searchMs = 2000;
const searchShare = 20;
/** Nobody waits longer than this for a search, milliseconds. */
const waitMs = 200;

/** The names that files on disk declare. */
export async function namesIn(files: readonly string[]): Promise<Set<string>> {
  const names = await Promise.all(files.map(declaredIn));
  return new Set(names.filter((name) => name !== undefined));
}

export class DeclaredNames {
  private readonly workspace: string;
  private readonly names = new Map<string, { stamp: string; name: string | undefined }>();
  private files: string[] = [];
  private runs = new Set<string>();
  private searching: Promise<void> | undefined;
  private dueAt = 0;

  constructor(workspace: string) {
    this.workspace = workspace;
  }

  /** The other files of the workspace that declare a name, and all names there are. */
  async of(file: string, name: string): Promise<{ others: string[]; taken: Set<string> }> {
    await this.search();
    const others: string[] = [];
    const taken = new Set<string>();
    const own = await realpath(file).catch(() => file);
    for (const candidate of this.files) {
      const declared = await this.nameOf(candidate);
      if (declared === undefined) continue;
      taken.add(declared);
      // The editor may know the file by another path.
      if (declared === name && (await realpath(candidate).catch(() => candidate)) !== own) others.push(candidate);
    }
    return { others, taken };
  }

  private async search(): Promise<void> {
    if (Date.now() >= this.dueAt) {
      this.searching ??= this.searchNow().finally(() => {
        this.searching = undefined;
      });
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise((resolve) => {
      timer = setTimeout(resolve, waitMs);
    });
    await Promise.race([this.searching, late]);
    clearTimeout(timer);
  }

  private async searchNow(): Promise<void> {
    const begunAt = Date.now();
    const { experiments, runs } = await findLabFiles(this.workspace, { isKnownRun: (folder) => this.runs.has(folder) });
    this.files = experiments;
    this.runs = new Set(runs);
    this.dueAt = Date.now() + Math.max(searchMs, searchShare * (Date.now() - begunAt));
  }

  private async nameOf(file: string): Promise<string | undefined> {
    const stamp = fileStamp(file);
    const known = this.names.get(file);
    if (known?.stamp === stamp) return known.name;
    const name = stamp === '' ? undefined : await declaredIn(file);
    this.names.set(file, { stamp, name });
    return name;
  }
}

/** A file that cannot be read declares nothing. */
async function declaredIn(file: string): Promise<string | undefined> {
  return outline(file, await readFile(file, 'utf8').catch(() => '')).name;
}
