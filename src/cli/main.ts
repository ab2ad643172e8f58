// The command line `forgetting-lab`: parses, calls one command, prints errors with their remedy, and ends with the
// command's exit code.
import { Command, CommanderError } from 'commander';
import { packageVersion } from '../runs/packageRoot.ts';
import { LabError } from '../shared/errors.ts';
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
import { endQuietlyOnClosedPipe, printError } from './output.ts';

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

function createProgram(exit: Exit): Command {
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

/** Errors of the parser become ours; asking for help is no error. */
function toLabError(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  const message = error.message.replace(/^error: /, '');
  return new LabError('usage', message, { remedy: '`forgetting-lab --help` lists the commands and their options' });
}

async function main(args: readonly string[]): Promise<number> {
  const exit: Exit = { code: 0 };
  endQuietlyOnClosedPipe();
  try {
    const program = createProgram(exit);
    if (args.length === 0) {
      program.outputHelp();
      return 1;
    }
    await program.parseAsync([...args], { from: 'user' });
    return exit.code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    await printError(toLabError(error), args.includes('--json'));
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
