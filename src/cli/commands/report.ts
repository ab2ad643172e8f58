// `report`: writes the report of a run.
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { readRun } from '../../runs/runFolder.ts';
import { createCommand, onAction } from '../command.ts';
import type { Exit } from '../command.ts';
import { resolveRun } from '../../lab/findRuns.ts';
import { writeRunReport } from '../../lab/runReport.ts';

export function reportCommand(exit: Exit): Command {
  const command = createCommand(
    'report',
    'Writes a self-contained HTML report of a run, and its data as CSV and Markdown',
    ['report pocket-20261121-1530-ab12', 'report examples/pocket/runs/ID --out reports'],
  )
    .argument('<run>', 'run folder or id')
    .option('--out <dir>', 'folder of the files; default: the run folder');
  return onAction<[string], { out?: string }>(command, exit, async ([name], options, output) => {
    const run = await readRun(await resolveRun(name));
    const folder = options.out === undefined ? run.folder : resolve(options.out);
    for (const { label, path } of await writeRunReport(run, folder)) {
      await output.value({ kind: 'file', label, path });
      await output.text(`${label.padEnd(9)} ${path}`);
    }
    return 0;
  });
}
