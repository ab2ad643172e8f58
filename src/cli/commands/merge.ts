// `merge`: a model between two models.
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { describeMerge, mergeModels } from '../../lab/mergeModels.ts';
import { inEnglish } from '../../shared/phrase.ts';
import { createCommand, onAction } from '../command.ts';
import type { Exit } from '../command.ts';
import { numberBetween } from '../numbers.ts';

interface Options {
  lambda: number;
  out: string;
}

export function mergeCommand(exit: Exit): Command {
  const command = createCommand(
    'merge',
    'Linear merge: (1 - lambda) * BASE + lambda * TUNED (methods 4.1, arXiv 2412.19512)',
    ['merge pocket runs/ID/checkpoints/TRIAL/stage-1 --lambda 0.5 --out merged'],
  )
    .argument('<base>', 'model folder before fine-tuning, or `pocket`')
    .argument('<tuned>', 'model folder after fine-tuning')
    .requiredOption('--lambda <x>', '0 is the base, 1 the tuned model', numberBetween('--lambda', -Infinity, Infinity))
    .requiredOption('--out <dir>', 'folder of the merged model');
  return onAction<[string, string], Options>(command, exit, async ([base, tuned], options, output) => {
    const request = { base, tuned, lambda: options.lambda, out: resolve(options.out) };
    await mergeModels(request);
    await output.value({ kind: 'merged', lambda: request.lambda, folder: request.out });
    await output.text(inEnglish(describeMerge(request)));
    return 0;
  });
}
