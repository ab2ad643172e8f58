// The table of target recipes: one entry per kind in the experiment file.
import type { Example } from '../../shared/dataset.ts';
import type { Targets } from '../../shared/experiment.ts';
import { column, groundTruth } from './groundTruth.ts';
import type { RecipeContext, TargetEvent } from './recipe.ts';
import { rephrase } from './rephrase.ts';
import { selfOutput } from './selfOutput.ts';

/** Turns dataset rows into rows to train on. */
export function makeTargets(
  examples: AsyncIterable<Example>,
  choice: Targets,
  context: RecipeContext,
): AsyncGenerator<TargetEvent> {
  switch (choice.kind) {
    case 'ground-truth':
      return groundTruth(examples);
    case 'column':
      return column(examples, choice.field);
    case 'self-output':
      return selfOutput(examples, choice, context);
    case 'rephrase':
      return rephrase(examples, choice, context);
    default:
      return choice satisfies never;
  }
}

/** Whether a choice of targets makes the model write: then it needs an engine, and a verifier to be trusted. */
export function isGenerated(choice: Targets): boolean {
  return choice.kind === 'self-output' || choice.kind === 'rephrase';
}
