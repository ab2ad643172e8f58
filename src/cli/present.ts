// A run as text for a person: the matrix of every arm, the verdict, the target table and the files to open.
import { renderRun } from '../report/terminal.ts';
import { terminalStyle } from '../report/terminalText.ts';
import { readItems } from '../runs/runFolder.ts';
import type { RunData } from '../shared/records.ts';
import type { Output } from './output.ts';

/** Prints a run. `paths` are shown last, to be copied. */
export async function presentRun(
  run: RunData,
  output: Output,
  paths: readonly { label: string; path: string }[] = [],
): Promise<void> {
  const style = terminalStyle(process.stdout, process.env);
  const all = [...paths, { label: 'Run', path: run.folder }];
  const lines = await renderRun(run, (cell) => readItems(run.folder, cell), style, all);
  for (const line of lines) await output.text(line);
}
