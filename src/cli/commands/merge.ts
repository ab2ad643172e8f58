// `merge`: a model between two models.
import type { Command } from 'commander';
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { loadTextSide } from '../../data/textSide.ts';
import { mergeLinear } from '../../recipes/merge.ts';
import { LabError } from '../../shared/errors.ts';
import { createCommand, onAction } from '../command.ts';
import type { Exit } from '../command.ts';
import { modelFolder } from '../../lab/openModel.ts';
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
    const out = resolve(options.out);
    const taken = await access(out).then(
      () => true,
      () => false,
    );
    if (taken) {
      throw new LabError('usage', `${out} is already there`, { remedy: 'Choose another --out, or remove it first' });
    }
    const folders = { base: modelFolder(base), tuned: modelFolder(tuned) };
    await requireSameTokenizer(folders.base, folders.tuned);
    await mergeLinear({ ...folders, lambda: options.lambda, out });
    await output.value({ kind: 'merged', lambda: options.lambda, folder: out });
    await output.text(`Merged with lambda ${options.lambda}: ${out}`);
    return 0;
  });
}

/** Weights of models with different tokens mean different things (methods part 4). */
async function requireSameTokenizer(base: string, tuned: string): Promise<void> {
  const [one, other] = [await loadTextSide(base), await loadTextSide(tuned)];
  if (one.tokenizer.hash === other.tokenizer.hash) return;
  throw new LabError('model-invalid', `${base} and ${tuned} cannot be merged: their tokenizers differ`, {
    remedy: 'Merging needs two models with one tokenizer, one fine-tuned from the other',
  });
}
