// The models of a workspace, kept current: a folder is read again only when its files have changed.
import { pocketModelFolder } from '../../runs/packageRoot.ts';
import type { ModelSummary } from '../../shared/protocol/lab/models.ts';
import { findModelFolders } from './scan.ts';
import { stampOf, summarizeModel } from './summarize.ts';

export class ModelIndex {
  private readonly known = new Map<string, { stamp: string; summary: ModelSummary }>();

  constructor(private readonly workspace: string) {}

  /** The bundled model first, then by label. `folders` are further places. */
  async list(folders: readonly string[], signal?: AbortSignal): Promise<ModelSummary[]> {
    const found = await findModelFolders([this.workspace, ...folders], signal);
    const others = found.filter((folder) => folder !== pocketModelFolder);
    const models = [await this.summaryOf(pocketModelFolder, true)];
    for (const folder of others) models.push(await this.summaryOf(folder, false));
    for (const folder of this.known.keys()) {
      if (folder !== pocketModelFolder && !others.includes(folder)) this.known.delete(folder);
    }
    const [pocket, ...rest] = models;
    return [...(pocket ? [pocket] : []), ...rest.sort((a, b) => a.label.localeCompare(b.label))];
  }

  private async summaryOf(folder: string, bundled: boolean): Promise<ModelSummary> {
    const stamp = await stampOf(folder);
    const known = this.known.get(folder);
    if (known?.stamp === stamp) return known.summary;
    const summary = await summarizeModel(folder, bundled);
    this.known.set(folder, { stamp, summary });
    return summary;
  }
}
