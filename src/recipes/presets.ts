// The published methods as named points over the independent choices of an arm. This list is the menu: the command
// line, the report and the validation of experiment files read it, and nothing else defines a preset.
import { z } from 'zod';
import { maskSchema, mixSchema, targetsSchema, trainableSchema, weightStepSchema } from '../shared/experiment.ts';
import type { Arm, ArmChoices, armChoicesShape, Experiment, ResolvedArm } from '../shared/experiment.ts';
import { LabError } from '../shared/errors.ts';
import { nearest } from '../shared/nearest.ts';
import { phrase } from '../shared/phrase.ts';

/** Choices as a person writes them: defaults may be left out. */
export type ChoicesInput = {
  [Choice in keyof typeof armChoicesShape]?: z.input<(typeof armChoicesShape)[Choice]>;
};

/** A published method (or a control) by name. */
export interface Preset {
  id: string;
  title: string;
  /** arXiv id of the source; absent for baselines and controls of our own. */
  arxiv?: string;
  description: string;
  /** What differs from plain fine-tuning on the ground truth. */
  choices: ChoicesInput;
}

const replay = (rate: number): ChoicesInput => ({ mix: { kind: 'replay', rate, dataset: '' } });

export const presets: readonly Preset[] = [
  {
    id: 'sft',
    title: 'SFT on ground truth',
    description: "Plain fine-tuning on the dataset's own answers, the reference arm (methods 1.2, 2.1).",
    choices: {},
  },
  {
    id: 'self-output',
    title: 'Self-output',
    arxiv: '2501.14315',
    description:
      "Trains on the base model's own verified answers, the one with the lowest perplexity of 32 samples; prompts without a correct sample are dropped (methods 2.2).",
    choices: {
      targets: { kind: 'self-output', samples: 32, temperature: 0.7, topP: 0.95, fallback: 'drop' },
    },
  },
  {
    id: 'rephrase-sdft',
    title: 'Self-distillation fine-tuning (rephrase, else ground truth)',
    arxiv: '2402.13669',
    description:
      'The base model rewrites the ground truth in its own words; a rejected rewrite is replaced by the ground truth (methods 2.3).',
    choices: { targets: { kind: 'rephrase', fallback: 'ground-truth' } },
  },
  {
    id: 'rephrase',
    title: 'Rephrase (rejected rewrites dropped)',
    arxiv: '2501.14315',
    description:
      'The base model rewrites the ground truth at temperature 0.7; rewrites with a wrong answer are dropped (methods 2.3, variant).',
    choices: { targets: { kind: 'rephrase', temperature: 0.7, fallback: 'drop' } },
  },
  {
    id: 'stm',
    title: 'Selective token masking',
    arxiv: '2501.14315',
    description:
      'Trains on the ground truth without the tokens whose perplexity under the base model is above 2.5 (methods 2.11).',
    choices: { mask: { kind: 'stm', tau: 2.5 } },
  },
  {
    id: 'random-mask',
    title: 'Random masking (control)',
    arxiv: '2501.14315',
    description: 'Control for STM: masks as many tokens, drawn at random (methods 2.11).',
    choices: { mask: { kind: 'random', rate: 'stm' } },
  },
  {
    id: 'replay',
    title: 'Experience replay 10 %',
    description: 'Mixes one old example into every ten new ones; name the old examples in mix.dataset (methods 2.6).',
    choices: replay(0.1),
  },
  {
    id: 'replay-lamol-5',
    title: 'Real-sample replay 5 %',
    arxiv: '1909.03329',
    description:
      "LAMOL's real-sample baseline with gamma 0.05; name the old examples in mix.dataset (methods 2.6, 2.8).",
    choices: replay(0.05),
  },
  {
    id: 'replay-lamol-20',
    title: 'Real-sample replay 20 %',
    arxiv: '1909.03329',
    description:
      "LAMOL's real-sample baseline with gamma 0.2; name the old examples in mix.dataset (methods 2.6, 2.8).",
    choices: replay(0.2),
  },
  {
    id: 'lora',
    title: 'LoRA',
    arxiv: '2106.09685',
    description:
      'Trains low-rank updates of every linear layer; needs learning rates of its own, about ten times higher (methods 3.2).',
    choices: { trainable: { kind: 'lora', rank: 8, alpha: 16 } },
  },
  {
    id: 'lora-qv',
    title: 'LoRA on queries and values',
    arxiv: '2402.13669',
    description: 'The adapter of the SDFT experiments: low-rank updates of q_proj and v_proj only (methods 1.2, 3.2).',
    choices: { trainable: { kind: 'lora', rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'] } },
  },
  {
    id: 'freeze-attention',
    title: 'Freeze attention',
    arxiv: '2401.03129',
    description: 'Trains everything but the attention of every layer (methods 3.1).',
    choices: { trainable: { kind: 'freeze', roles: ['attention'] } },
  },
  {
    id: 'only-attention',
    title: 'Only attention',
    arxiv: '2401.03129',
    description: 'Trains nothing but the attention of every layer (methods 3.1).',
    choices: { trainable: { kind: 'only', roles: ['attention'] } },
  },
  {
    id: 'freeze-mlp',
    title: 'Freeze MLP',
    arxiv: '2401.03129',
    description: 'Trains everything but the MLP of every layer (methods 3.1).',
    choices: { trainable: { kind: 'freeze', roles: ['mlp'] } },
  },
  {
    id: 'only-mlp',
    title: 'Only MLP',
    arxiv: '2401.03129',
    description: 'Trains nothing but the MLP of every layer (methods 3.1).',
    choices: { trainable: { kind: 'only', roles: ['mlp'] } },
  },
  {
    id: 'linear-merge',
    title: 'Merge before and after',
    arxiv: '2412.19512',
    description: 'Fine-tunes, then takes half way between the base and the fine-tuned weights (methods 4.1).',
    choices: { weightStep: { kind: 'linear-merge', lambda: 0.5 } },
  },
];

/** The preset with this id, or a LabError that names the nearest one. */
export function findPreset(id: string): Preset {
  const preset = presets.find((candidate) => candidate.id === id);
  if (preset) return preset;
  const ids = presets.map((candidate) => candidate.id);
  throw new LabError('experiment-invalid', phrase('There is no preset "{0}"', id), {
    remedy: phrase('Did you mean "{0}"? Presets: {1}', nearest(id, ids), ids.join(', ')),
  });
}

const choicesSchema = z.strictObject({
  targets: targetsSchema,
  mask: maskSchema,
  mix: mixSchema,
  trainable: trainableSchema,
  weightStep: weightStepSchema,
});

const plain: Required<ChoicesInput> = {
  targets: { kind: 'ground-truth' },
  mask: { kind: 'none' },
  mix: { kind: 'none' },
  trainable: { kind: 'full' },
  weightStep: { kind: 'none' },
};

/** All choices of an arm filled in: its own keys first, then its preset's, then plain fine-tuning. */
export function resolveChoices(preset: Preset | undefined, own: ChoicesInput): ArmChoices {
  return choicesSchema.parse({ ...plain, ...preset?.choices, ...withoutUndefined(own) });
}

/** An arm of an experiment with its preset applied and its learning rates known. */
export function resolveArm(arm: Arm, experiment: Pick<Experiment, 'learningRates'>): ResolvedArm {
  const { name, preset: presetId, learningRates, ...own } = arm;
  const preset = presetId === undefined ? undefined : findPreset(presetId);
  return {
    name,
    preset: presetId,
    ...resolveChoices(preset, own as ChoicesInput),
    learningRates: learningRates ?? experiment.learningRates,
  };
}

function withoutUndefined(choices: ChoicesInput): ChoicesInput {
  return Object.fromEntries(Object.entries(choices).filter(([, value]) => value !== undefined));
}
