// A model between two models: checked, then merged tensor by tensor (methods 4.1).
import { access } from 'node:fs/promises';
import { loadTextSide } from '../data/textSide.ts';
import { mergeLinear } from '../recipes/merge.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import { modelFolder } from './openModel.ts';
import type { ReadFacts } from './openModel.ts';

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
export async function requireMergeable(
  { out, ...pair }: Omit<MergeRequest, 'lambda'>,
  readFacts?: ReadFacts,
): Promise<void> {
  await requireFree(out);
  await requireSameTokenizer(pair, readFacts);
}

/** The result in words. */
export const describeMerge = ({ lambda, out }: MergeRequest): Phrase =>
  phrase('Merged with lambda {0}: {1}', lambda, out);

/** Weights of models with different tokens mean different things (methods part 4). Throws `model-invalid` of such. */
export async function requireSameTokenizer(
  pair: Pick<MergeRequest, 'base' | 'tuned'>,
  readFacts: ReadFacts = loadTextSide,
): Promise<void> {
  const [base, tuned] = [modelFolder(pair.base), modelFolder(pair.tuned)];
  const [one, other] = [await readFacts(base), await readFacts(tuned)];
  if (one.tokenizer.hash === other.tokenizer.hash) return;
  // What is wrong comes before the paths: a list of models has room for the beginning only.
  throw new LabError('model-invalid', phrase('Different tokenizers: {0} and {1} cannot be merged', base, tuned), {
    remedy: phrase('Merging needs two models with one tokenizer, one fine-tuned from the other'),
  });
}
