// A run as text for a person: the matrix of every arm, the target table and the verdict.
import { buildMatrix } from '../report/matrix.ts';
import { readItems } from '../runs/runFolder.ts';
import type { RunData } from '../shared/records.ts';
import type { Output } from './output.ts';

/** Prints a run. */
export async function presentRun(run: RunData, output: Output): Promise<void> {
  const view = await buildMatrix(run, (cell) => readItems(run.folder, cell));
  await output.text(JSON.stringify(view, null, 1));
}
