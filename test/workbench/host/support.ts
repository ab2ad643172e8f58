// What tests in the extension host share: the extension's own view of itself, waiting, and run folders to look at.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ForgettingLabApi } from '../../../src/extension/main.ts';
import { syntheticRun } from '../../../src/report/testing/syntheticRun.ts';

export const workspaceFolder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';

/** The activated extension. */
export async function extension(): Promise<vscode.Extension<ForgettingLabApi>> {
  const found = vscode.extensions.getExtension<ForgettingLabApi>('forgetting-lab.forgetting-lab');
  if (!found) throw new Error('the extension is not installed');
  await found.activate();
  return found;
}

export const api = async (): Promise<ForgettingLabApi> => (await extension()).exports;

/** Looks until there is something. */
export async function until<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  ms = 20_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`${what} did not come within ${ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Writes a finished run of the experiment `synthetic`, which has a hostile arm, below the workspace; its folder. */
export async function writeSyntheticRun(id: string): Promise<string> {
  const folder = join(workspaceFolder, 'runs', id);
  const { run, readItems } = syntheticRun();
  const file = async (name: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  };
  const lines = (records: readonly object[]): string => records.map((one) => `${JSON.stringify(one)}\n`).join('');
  for (const cell of run.cells) await file(cell.items, lines(await readItems(cell)));
  const { cells, metrics, targets, checkpoints, drift, log } = run;
  for (const [name, records] of Object.entries({ cells, metrics, targets, checkpoints, drift, log })) {
    if (records.length > 0) await file(`${name}.jsonl`, lines(records));
  }
  await file('status.jsonl', lines(run.status ? [run.status] : []));
  await file('config.json', JSON.stringify({ ...run.config, id }));
  return folder;
}

export const removeRuns = (): Promise<void> => rm(join(workspaceFolder, 'runs'), { recursive: true, force: true });
