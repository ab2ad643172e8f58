// The experiment file (*.experiment.yaml): what a person declares. One zod declaration gives the types, the validation
// and the published JSON Schema. An arm is a point in independent choices; presets (presets.ts) are named points.
import { z } from 'zod';

const positiveInteger = z.number().int().positive();
const fraction = z.number().min(0).max(1);

/** Names become folder names and table headings: printable, no path separators. */
export const nameSchema = z
  .string()
  .min(1)
  .max(80)
  .regex(/^[^/\\\u0000-\u001f]+$/u, 'must not contain slashes or control characters')
  .refine((name) => !/^\.+$/.test(name), 'must not be only dots');

/** Where the trained-on answers come from (methods part 2). */
export const targetsSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ground-truth') }).describe("The dataset's own answers (methods 2.1)."),
  z
    .strictObject({
      kind: z.literal('column'),
      field: z.string().describe('Dataset column that holds the answer to train on.'),
    })
    .describe('Another column of the dataset, for instance an answer written in the style of the model.'),
  z
    .strictObject({
      kind: z.literal('self-output'),
      samples: positiveInteger.default(8).describe('Samples per prompt (the paper draws 32).'),
      temperature: z.number().positive().default(0.7).describe('Temperature of sampling.'),
      topP: fraction.default(0.95).describe('Nucleus of sampling.'),
      maxTokens: positiveInteger.optional().describe("Default: the stage's maxTokens."),
      select: z
        .enum(['lowest-perplexity', 'random-correct', 'shortest-correct'])
        .default('lowest-perplexity')
        .describe('Which of the samples that the verifier accepts becomes the target.'),
      perplexityContext: z
        .enum(['prompt', 'none'])
        .default('prompt')
        .describe('Whether the perplexity that selects is that of the answer after the prompt, or alone.'),
      fallback: z
        .enum(['drop', 'ground-truth'])
        .default('drop')
        .describe('What happens to a prompt without a correct sample.'),
    })
    .describe("The model's own verified answers (methods 2.2, arXiv 2501.14315)."),
  z
    .strictObject({
      kind: z.literal('rephrase'),
      temperature: z.number().min(0).default(0.7).describe('Temperature of sampling; 0 is greedy.'),
      topP: fraction.default(0.95).describe('Nucleus of sampling.'),
      maxTokens: positiveInteger.optional().describe("Default: the stage's maxTokens."),
      instruction: z.string().optional().describe('System instruction placed before question and reference answer.'),
      fallback: z
        .enum(['ground-truth', 'drop'])
        .default('ground-truth')
        .describe('SDFT keeps the ground truth for a rejected rewrite; arXiv 2501.14315 drops the row.'),
    })
    .describe('The model rewrites the ground truth in its own words (methods 2.3, arXiv 2402.13669).'),
]);

/** Which answer tokens are trained on (methods 2.11). */
export const maskSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }).describe('Every answer token is trained on.'),
  z
    .strictObject({
      kind: z.literal('stm'),
      tau: z.number().positive().default(2.5).describe('Tokens with a perplexity above this are masked.'),
      protectEos: z.boolean().default(true).describe('Never mask the end-of-turn token (pitfall 5).'),
    })
    .describe('Selective token masking: hard tokens stay in the context but are not trained on (arXiv 2501.14315).'),
  z
    .strictObject({
      kind: z.literal('random'),
      rate: z
        .union([fraction, z.literal('stm')])
        .default('stm')
        .describe("Share of tokens to mask; 'stm' uses the share that STM would mask on the same targets."),
      tau: z.number().positive().default(2.5).describe('The tau that rate: stm refers to.'),
      protectEos: z.boolean().default(true).describe('Never mask the end-of-turn token (pitfall 5).'),
    })
    .describe('Control: masks random tokens.'),
]);

/** Old data mixed into the new (methods 2.6). */
export const mixSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }).describe('Only the new data.'),
  z
    .strictObject({
      kind: z.literal('replay'),
      rate: z.number().positive().max(1).default(0.1).describe('Replayed examples per new example.'),
      dataset: z.string().describe('Dataset of old examples.'),
    })
    .describe('Experience replay (methods 2.6).'),
]);

const loraTargetSchema = z.enum(['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']);
const roleSchema = z.enum(['attention', 'mlp', 'norm', 'embeddings']);
const layerRange = z
  .tuple([z.number().int().min(0), z.number().int().positive()])
  .describe('Half-open range of layer indices, for instance [0, 2].');

/** Which weights are trained (methods 3.1, 3.2). */
export const trainableSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('full') }).describe('All weights.'),
  z.strictObject({
    kind: z.literal('lora').describe('Low-rank updates of linear layers (methods 3.2, arXiv 2106.09685).'),
    rank: positiveInteger.default(8).describe('Rank of the update.'),
    alpha: z.number().positive().default(16).describe('The update is scaled by alpha / rank.'),
    targets: z
      .array(loraTargetSchema)
      .min(1)
      .default(['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'])
      .describe('Linear layers that get an update.'),
  }),
  z.strictObject({
    kind: z.enum(['freeze', 'only']).describe('freeze: these weights stay; only: nothing but these is trained.'),
    roles: z.array(roleSchema).min(1).optional().describe('Kinds of weights. Default: all.'),
    layers: layerRange.optional(),
  }),
]);

/** What happens to the weights after training (methods part 4). */
export const weightStepSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }).describe('The trained weights as they are.'),
  z
    .strictObject({
      kind: z.literal('linear-merge'),
      lambda: z.number().default(0.5).describe('(1 - lambda) * base + lambda * tuned (methods 4.1, arXiv 2412.19512).'),
    })
    .describe('Linear interpolation with the base model.'),
]);

export const trainingSchema = z.strictObject({
  batchSize: positiveInteger.default(32).describe('Examples per optimizer step.'),
  microBatchSize: positiveInteger.optional().describe('Examples per forward and backward; default: the whole batch.'),
  warmup: fraction.default(0.05).describe('Share of the steps with a rising learning rate.'),
  schedule: z.enum(['constant', 'linear', 'cosine']).default('cosine').describe('Learning rate after the warmup.'),
  weightDecay: z.number().min(0).default(0).describe('Decoupled weight decay of AdamW.'),
  maxGradNorm: z.number().positive().default(1).describe('Gradients are scaled down to this norm.'),
  beta1: fraction.default(0.9).describe('Decay of the first moment of AdamW.'),
  beta2: fraction.default(0.999).describe('Decay of the second moment of AdamW.'),
  epsilon: z.number().positive().default(1e-8).describe('Added to the denominator of AdamW.'),
  checkpointEvery: positiveInteger.default(50).describe('Steps between resumable checkpoints.'),
});

export const verifierSchema = z
  .strictObject({
    scorer: z.string().describe('Scorer that accepts or rejects an answer, as in benchmarks.'),
    field: z.string().default('answer').describe('Dataset column with the reference the scorer needs.'),
  })
  .describe('Decides whether a generated target is correct.');

export const stageSchema = z.strictObject({
  name: nameSchema.describe('Names the stage in charts and tables.'),
  dataset: z.string().describe('JSONL or JSON file, relative to the experiment file.'),
  format: z
    .enum(['text', 'messages', 'prompt-completion', 'alpaca', 'sharegpt', 'question-answer'])
    .optional()
    .describe('Default: detected from the rows.'),
  benchmark: z.string().optional().describe('The benchmark of the skill this stage teaches.'),
  steps: z.number().int().min(0).describe('Optimizer steps.'),
  limit: positiveInteger.optional().describe('Use only the first rows.'),
  verifier: verifierSchema.optional(),
  maxTokens: positiveInteger.default(128).describe('Longest generated target.'),
});

export const armChoicesShape = {
  targets: targetsSchema,
  mask: maskSchema,
  mix: mixSchema,
  trainable: trainableSchema,
  weightStep: weightStepSchema,
} as const;

export const armSchema = z.strictObject({
  name: nameSchema.describe('Names the arm in charts and tables.'),
  preset: z.string().optional().describe('A published method; the other keys override its choices.'),
  targets: targetsSchema.optional().describe('Where the answers to train on come from. Default: the ground truth.'),
  mask: maskSchema.optional().describe('Which answer tokens are trained on. Default: all.'),
  mix: mixSchema.optional().describe('Old data mixed into the new. Default: none.'),
  trainable: trainableSchema.optional().describe('Which weights are trained. Default: all.'),
  weightStep: weightStepSchema.optional().describe('What happens to the weights after training. Default: nothing.'),
  learningRates: z.array(z.number().min(0)).min(1).optional().describe("Default: the experiment's learning rates."),
});

export const benchmarkSchema = z.strictObject({
  name: nameSchema.describe('Column of the heatmap.'),
  data: z.string().describe('JSONL file of items, relative to the experiment file.'),
  scorer: z.string().describe('How an answer is judged; `forgetting-lab eval --help` lists the scorers.'),
  group: z
    .enum(['target', 'skill', 'safety', 'format'])
    .default('skill')
    .describe('target: taught by a stage; skill, safety, format: old abilities that should stay.'),
  maxTokens: positiveInteger.default(64).describe('Longest answer.'),
  limit: positiveInteger.optional().describe('Use only the first items.'),
  chance: z
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe('Score of guessing; a base below chance + 5 points is marked insensitive.'),
  openers: z
    .strictObject({
      refusal: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe('How a refusal begins. Default: English and Chinese.'),
      compliance: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe('How an answer that complies begins. Default: English and Chinese.'),
    })
    .optional()
    .describe('Openers of the first-token refusal margin (methods 5.8.4); only for the scorer `refusal`.'),
  guard: z.boolean().optional().describe('Counts towards the forgetting budget. Default: every group but target.'),
});

export const probesSchema = z
  .strictObject({
    every: positiveInteger.describe('Optimizer steps between two probes.'),
    items: positiveInteger.default(8).describe('Items of every benchmark, and texts, that are scored.'),
  })
  .describe(
    'Small measurements during training: how much less probable right answers have become, and the cross-entropy to the base. Default: none.',
  );

export const experimentSchema = z.strictObject({
  $schema: z.string().optional(),
  name: nameSchema.describe('Names the runs and the experiment in every view.'),
  description: z.string().optional().describe('What the experiment asks, for reports.'),
  model: z.string().describe('Hugging Face model folder, relative to this file, or `pocket` for the bundled model.'),
  device: z
    .enum(['auto', 'cpu', 'webgpu', 'cuda'])
    .default('auto')
    .describe('Where the model computes; auto takes the fastest device that works.'),
  threads: positiveInteger.optional().describe('Processor threads. Default: all.'),
  seeds: z
    .array(z.number().int().min(0))
    .min(1)
    .default([0])
    .describe('Every arm is trained once for each seed; several seeds show how far results scatter.'),
  learningRates: z
    .array(z.number().min(0))
    .min(1)
    .default([3e-4])
    .describe('Every arm is trained at each peak learning rate; a sweep shows gain against forgetting.'),
  training: trainingSchema.prefault({}).describe('Optimizer settings that all arms share.'),
  stages: z
    .array(stageSchema)
    .min(1)
    .describe('Tasks taught one after another, each from the model of the one before.'),
  arms: z.array(armSchema).min(1).describe('Ways to train that are compared.'),
  benchmarks: z.array(benchmarkSchema).min(1).describe('Skills measured before training and after every stage.'),
  forgettingBudget: fraction
    .default(0.05)
    .describe('Largest tolerated drop of a guarded benchmark against the base; a clear breach exits with code 2.'),
  neutralText: z.string().optional().describe('Dataset of general text for the cross-entropy to the base.'),
  probes: probesSchema.optional(),
});

export type Targets = z.infer<typeof targetsSchema>;
export type TokenMask = z.infer<typeof maskSchema>;
export type Mix = z.infer<typeof mixSchema>;
export type Trainable = z.infer<typeof trainableSchema>;
export type WeightStep = z.infer<typeof weightStepSchema>;
export type Training = z.infer<typeof trainingSchema>;
export type Stage = z.infer<typeof stageSchema>;
export type Arm = z.infer<typeof armSchema>;
export type ProbeSettings = z.infer<typeof probesSchema>;
export type BenchmarkConfig = z.infer<typeof benchmarkSchema>;
export type Experiment = z.infer<typeof experimentSchema>;

/** The independent choices that make an arm, all filled in. */
export interface ArmChoices {
  targets: Targets;
  mask: TokenMask;
  mix: Mix;
  trainable: Trainable;
  weightStep: WeightStep;
}

/** An arm after its preset has been applied. */
export interface ResolvedArm extends ArmChoices {
  name: string;
  preset: string | undefined;
  learningRates: number[];
}

/** The published JSON Schema (draft 2020-12) of experiment files. */
export function experimentJsonSchema(): object {
  return { title: 'Forgetting Lab experiment', ...z.toJSONSchema(experimentSchema, { io: 'input' }) };
}
