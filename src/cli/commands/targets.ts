// `targets`: writes training targets by a recipe, with where each came from, and prints their statistics (methods 5.3).
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { scorers } from '../../evals/scorers.ts';
import { buildTargets, describeTargets } from '../../lab/buildTargets.ts';
import type { TargetsRequest } from '../../lab/buildTargets.ts';
import { describeDrops } from '../../data/dropCounter.ts';
import { withModel } from '../../lab/openModel.ts';
import type { ModelOptions, OpenModel } from '../../lab/openModel.ts';
import { recipeChoices, recipeNames } from '../../lab/targetChoices.ts';
import { inEnglish } from '../../shared/phrase.ts';
import { createCommand, onAction, withModelOptions } from '../command.ts';
import type { Exit } from '../command.ts';
import { countRows } from '../countRows.ts';
import { numberBetween, wholeNumber } from '../numbers.ts';
import type { Output } from '../output.ts';
import { createProgress } from '../progress.ts';
import { formatOption } from './formatOption.ts';

type Options = ModelOptions & TargetsRequest;

export function targetsCommand(exit: Exit): Command {
  const command = withModelOptions(
    createCommand('targets', 'Training targets by a recipe, as JSONL with provenance, and their statistics', [
      'targets --model pocket --data train.jsonl --recipe stm --out stm.jsonl',
      'targets --model pocket --data train.jsonl --recipe self-output --scorer last_number --out own.jsonl',
    ]),
  )
    .requiredOption('--data <file>', 'dataset with prompts and answers')
    .requiredOption('--recipe <name>', recipeNames.join(', '))
    .requiredOption('--out <file>', 'JSONL file to write')
    .addOption(formatOption())
    .option('--limit <n>', 'only the first rows', wholeNumber('--limit', 1))
    .option('--scorer <id>', `verifier of written answers: ${scorers.map(({ id }) => id).join(', ')}`)
    .option('--field <name>', "column with the verifier's reference", 'answer')
    .option('--seed <n>', 'seed of sampling and random masks', wholeNumber('--seed', 0), 0)
    .option('--samples <n>', 'samples per prompt (self-output)', wholeNumber('--samples', 1))
    .option('--temperature <t>', 'temperature of sampling', numberBetween('--temperature', 0, 100))
    .option('--top-p <p>', 'nucleus of sampling', numberBetween('--top-p', 0, 1))
    .option('--max-tokens <n>', 'longest written answer', wholeNumber('--max-tokens', 1), 128)
    .option('--tau <x>', 'perplexity above which STM masks', numberBetween('--tau', 0, Infinity))
    .option('--fallback <what>', 'drop or ground-truth: what happens to prompts without an accepted answer')
    .option('--instruction <text>', 'instruction of rephrase; may hold {question} and {reference}');
  return onAction<[], Options>(command, exit, (_, options, output) => {
    // An unknown recipe is said before a model is loaded.
    recipeChoices(options);
    return withModel(options, (model) => writeTargets(model, options, output));
  });
}

async function writeTargets(model: OpenModel, options: Options, output: Output): Promise<number> {
  const total = await countRows(options.data, options.limit);
  const progress = createProgress('Writing targets', 'rows');
  const built = await buildTargets(
    model,
    { ...options, out: resolve(options.out) },
    { onProgress: (rows) => progress.update(rows, total), onNote: (line) => output.note(inEnglish(line)) },
  );
  progress.end();
  await output.value({ kind: 'targets', ...built });
  for (const line of describeTargets(built, options.scorer)) await output.text(inEnglish(line));
  describeDrops(built.dropped).map(inEnglish).forEach(output.note);
  return 0;
}
