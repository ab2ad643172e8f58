// `resume`: continues a run where it ended.
import type { Command } from 'commander';
import { resumeRun } from '../../runs/startRun.ts';
import { createCommand, onAction } from '../command.ts';
import type { Exit } from '../command.ts';
import { resolveRun } from '../../lab/findRuns.ts';
import { carryOutAndShow } from '../runCommandParts.ts';

export function resumeCommand(exit: Exit): Command {
  const command = createCommand('resume', 'Continues a stopped, failed or killed run, bit for bit on the CPU', [
    'resume pocket-20261121-1530-ab12',
    'resume examples/pocket/runs/ID --json',
  ])
    .argument('<run>', 'run folder or id')
    .option('--force', 'also with other versions, although the result may differ in its last bits');
  return onAction<[string], { force?: boolean }>(command, exit, async ([name], options, output) => {
    const folder = await resolveRun(name);
    return carryOutAndShow(output, (run) => resumeRun({ ...run, folder, force: options.force === true }));
  });
}
