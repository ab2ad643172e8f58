// The command line `forgetting-lab`: parses, calls one command, prints errors with their remedy, and ends with the
// command's exit code.
import { CommanderError } from 'commander';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { Exit } from './command.ts';
import { endQuietlyOnClosedPipe, printError } from './output.ts';
import { createProgram } from './program.ts';

/** Errors of the parser become ours; asking for help is no error. */
function toLabError(error: unknown): unknown {
  if (!(error instanceof CommanderError)) return error;
  const message = error.message.replace(/^error: /, '');
  return new LabError('usage', message, {
    remedy: phrase('`forgetting-lab --help` lists the commands and their options'),
  });
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
