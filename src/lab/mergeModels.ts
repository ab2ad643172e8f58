// A model between two models: checked, then merged tensor by tensor (methods 4.1).
import { access } from 'node:fs/promises';
import { loadTextSide } from '../data/textSide.ts';
import { mergeLinear } from '../recipes/merge.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import { modelFolder } from './openModel.ts';

export interface MergeRequest {
  /** Model folder before fine-tuning, or `pocket`. */
  base: string;
  /** Model folder after fine-tuning. */
  tuned: string;
  /** 0 is the base, 1 the tuned model. */
  lambda: number;
  /** Folder of the merged model, absolute; must not be there. */
  out: string;
}

/** Throws `usage` when the folder to write is there already. */
async function requireFree(out: string): Promise<void> {
  const taken = await access(out).then(
    () => true,
    () => false,
  );
  if (!taken) return;
  throw new LabError('usage', phrase('{0} is already there', out), {
    remedy: phrase('Choose another --out, or remove it first'),
  });
}

/** Writes the merged model. Throws `model-invalid` when the two do not belong together. */
export async function mergeModels(request: MergeRequest): Promise<void> {
  await requireMergeable(request);
  const { base, tuned, lambda, out } = request;
  await mergeLinear({ base: modelFolder(base), tuned: modelFolder(tuned), lambda, out });
}

/** What can be said of a merge before it begins: both models are there and belong together, and its folder is free. */
export async function requireMergeable({ base, tuned, out }: Omit<MergeRequest, 'lambda'>): Promise<void> {
  await requireFree(out);
  await requireSameTokenizer(modelFolder(base), modelFolder(tuned));
}

/** The result in words. */
export const describeMerge = ({ lambda, out }: MergeRequest): Phrase =>
  phrase('Merged with lambda {0}: {1}', lambda, out);

/** Weights of models with different tokens mean different things (methods part 4). */
async function requireSameTokenizer(base: string, tuned: string): Promise<void> {
  const [one, other] = [await loadTextSide(base), await loadTextSide(tuned)];
  if (one.tokenizer.hash === other.tokenizer.hash) return;
  throw new LabError('model-invalid', phrase('{0} and {1} cannot be merged: their tokenizers differ', base, tuned), {
    remedy: phrase('Merging needs two models with one tokenizer, one fine-tuned from the other'),
  });
}
