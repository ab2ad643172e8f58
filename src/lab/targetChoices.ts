// The names of target recipes and what they stand for.
import { presets, resolveChoices } from '../recipes/presets.ts';
import type { Preset } from '../recipes/presets.ts';
import { LabError } from '../shared/errors.ts';
import type { ArmChoices } from '../shared/experiment.ts';
import { nearest } from '../shared/nearest.ts';
import { phrase } from '../shared/phrase.ts';

/** Presets that change what is trained on; the others only matter in a run. */
export const recipeNames = [
  'ground-truth',
  'self-output',
  'rephrase',
  'rephrase-sdft',
  'stm',
  'random-mask',
  'column:FIELD',
];

/** A recipe with what a person may change about it. */
export interface RecipeRequest {
  recipe: string;
  /** Samples per prompt (self-output). */
  samples?: number;
  temperature?: number;
  topP?: number;
  /** Perplexity above which STM masks. */
  tau?: number;
  /** What happens to prompts without an accepted answer. */
  fallback?: 'drop' | 'ground-truth';
  /** Instruction of rephrase; may hold {question} and {reference}. */
  instruction?: string;
}

/** The choices a recipe name stands for, with the request's changes on top. Throws `usage` for an unknown name. */
export function recipeChoices(request: RecipeRequest): ArmChoices {
  const { recipe } = request;
  if (recipe === 'ground-truth' || recipe === 'sft') return resolveChoices(undefined, {});
  if (recipe.startsWith('column:')) {
    return resolveChoices(undefined, { targets: { kind: 'column', field: recipe.slice('column:'.length) } });
  }
  const preset = presets.find(({ id, choices }) => id === recipe && (choices.targets ?? choices.mask) !== undefined);
  if (!preset) {
    throw new LabError('usage', phrase('There is no target recipe "{0}"', recipe), {
      remedy: phrase('Did you mean "{0}"? Recipes: {1}', nearest(recipe, recipeNames), recipeNames.join(', ')),
    });
  }
  return withChanges(preset, request);
}

function withChanges(preset: Preset, request: RecipeRequest): ArmChoices {
  const { samples, temperature, topP, tau, fallback, instruction } = request;
  const given = (entries: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
  const { targets, mask } = preset.choices;
  const sampling = given({ temperature, topP, fallback });
  const own: Record<string, unknown> = {};
  if (targets?.kind === 'self-output') own['targets'] = { ...targets, samples: samples ?? 8, ...sampling };
  if (targets?.kind === 'rephrase') own['targets'] = { ...targets, ...sampling, ...given({ instruction }) };
  if (mask) own['mask'] = { ...mask, ...given({ tau }) };
  return resolveChoices(preset, own);
}
