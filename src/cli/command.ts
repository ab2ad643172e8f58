// What all commands share: `--json`, an example in the help, options for the model, and actions that return an exit code.
import { Command, Option } from 'commander';
import { numberBetween, wholeNumber } from './numbers.ts';
import { createOutput } from './output.ts';
import type { Output } from './output.ts';

/** Exit code of the last action; set once per process. */
export interface Exit {
  code: number;
}

/** A command as `forgetting-lab NAME`. `examples` are command lines without the program's name. */
export function createCommand(name: string, description: string, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ forgetting-lab ${example}`).join('\n');
  return new Command(name)
    .description(description)
    .option('--json', 'print JSON Lines instead of text')
    .addHelpText('after', `\nExample:\n${lines}`)
    .helpOption('-h, --help', 'show this help')
    .allowExcessArguments(false);
}

/** Adds `--model`, `--adapter`, `--device` and `--threads`. */
export function withModelOptions(command: Command, required = true): Command {
  const flags = '--model <dir>';
  const text = 'Hugging Face model or LoRA adapter folder, or `pocket` for the bundled model';
  const named = required ? command.requiredOption(flags, text) : command.option(flags, text);
  return withDeviceOptions(named.option('--adapter <dir>', "LoRA adapter in PEFT's layout, on top of the model"));
}

/** Adds `--device` and `--threads`. */
export function withDeviceOptions(command: Command): Command {
  return command
    .addOption(new Option('--device <name>', 'where to compute').choices(['auto', 'cpu', 'webgpu', 'cuda']))
    .option('--threads <n>', 'compute threads', wholeNumber('--threads', 1));
}

/** Adds the options of random sampling. */
export function withSamplingOptions(command: Command, defaults: { temperature: number; maxTokens: number }): Command {
  const { temperature, maxTokens } = defaults;
  return command
    .option('--temperature <t>', '0 takes the most probable token', numberBetween('--temperature', 0, 100), temperature)
    .option(
      '--top-p <p>',
      'sample from the most probable tokens with this total',
      numberBetween('--top-p', 0, 1, true),
      1,
    )
    .option('--max-tokens <n>', 'longest answer', wholeNumber('--max-tokens', 1), maxTokens)
    .option('--seed <n>', 'seed of the sampling', wholeNumber('--seed', 0), 0);
}

/** Gives a command its action; the number it returns becomes the exit code. */
export function onAction<Arguments extends readonly (string | undefined)[], Options extends object>(
  command: Command,
  exit: Exit,
  action: (args: Arguments, options: Options & { json?: boolean }, output: Output) => Promise<number>,
): Command {
  return command.action(async () => {
    const options = command.opts<Options & { json?: boolean }>();
    exit.code = await action(
      command.args as readonly string[] as Arguments,
      options,
      createOutput(options.json === true),
    );
  });
}
