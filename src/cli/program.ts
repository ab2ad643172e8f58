// The commands of `forgetting-lab` in one parser.
import { Command } from 'commander';
import { packageVersion } from '../runs/packageRoot.ts';
import type { Exit } from './command.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { evalCommand } from './commands/eval.ts';
import { generateCommand } from './commands/generate.ts';
import { listCommand } from './commands/list.ts';
import { mergeCommand } from './commands/merge.ts';
import { reportCommand } from './commands/report.ts';
import { resumeCommand } from './commands/resume.ts';
import { runCommand } from './commands/run.ts';
import { scoreCommand } from './commands/score.ts';
import { showCommand } from './commands/show.ts';
import { startCommand } from './commands/start.ts';
import { targetsCommand } from './commands/targets.ts';

/** The commands, in the order of the help. */
const commands = [
  startCommand,
  runCommand,
  resumeCommand,
  listCommand,
  showCommand,
  reportCommand,
  scoreCommand,
  generateCommand,
  targetsCommand,
  diffCommand,
  evalCommand,
  mergeCommand,
  doctorCommand,
];

/** The whole command line. An action writes its exit code into `exit`; errors of the parser are thrown. */
export function createProgram(exit: Exit): Command {
  const program = new Command('forgetting-lab')
    .description('Post-train, measure every skill before and after, and show what was forgotten.')
    .version(packageVersion)
    .helpOption('-h, --help', 'show this help')
    .addHelpText('after', '\nExample:\n  $ forgetting-lab run examples/pocket/pocket.experiment.yaml');
  for (const create of commands) program.addCommand(create(exit));
  for (const command of [program, ...program.commands]) {
    command.exitOverride().configureOutput({ outputError: () => undefined });
  }
  return program;
}
