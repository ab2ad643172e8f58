// Reads a Hugging Face config.json into one description of the architectures we know: Llama, Mistral, Qwen2, Qwen3, GPT-2.
import { z } from 'zod';
import { LabError } from '../../shared/errors.ts';
import { phrase, type Words } from '../../shared/phrase.ts';

export type Architecture = 'llama' | 'mistral' | 'qwen2' | 'qwen3' | 'gpt2';

/** Rotary frequency scaling: `llama3` (long-context Llama 3) or `linear` (position interpolation). */
export type RopeScaling =
  | { kind: 'none' }
  | { kind: 'linear'; factor: number }
  | { kind: 'llama3'; factor: number; lowFrequency: number; highFrequency: number; originalContext: number };

/** Everything the graphs need to know about a decoder-only transformer. */
export interface ModelSpec {
  architecture: Architecture;
  hidden: number;
  layers: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  ffn: number;
  vocabulary: number;
  context: number;
  epsilon: number;
  tied: boolean;
  /** Learned position table (GPT-2) instead of rotary embeddings. */
  learnedPositions: boolean;
  ropeTheta: number;
  ropeScaling: RopeScaling;
  /** Biases on q, k, v; on the attention output; on the MLP. */
  bias: { qkv: boolean; output: boolean; mlp: boolean };
  /** RMS norm on each head's query and key (Qwen3). */
  queryKeyNorm: boolean;
  /** Per layer: how many tokens it sees, itself included; undefined where it sees all before it. */
  windows: readonly (number | undefined)[];
}

const positive = z.number().int().positive();

const ropeSchema = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  factor: z.number().positive().optional(),
  low_freq_factor: z.number().optional(),
  high_freq_factor: z.number().optional(),
  original_max_position_embeddings: z.number().optional(),
  rope_theta: z.number().positive().optional(),
});

const llamaSchema = z.looseObject({
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  num_key_value_heads: positive.nullish(),
  head_dim: positive.nullish(),
  vocab_size: positive,
  max_position_embeddings: positive,
  rms_norm_eps: z.number().positive().default(1e-6),
  rope_theta: z.number().positive().optional(),
  rope_scaling: ropeSchema.nullish(),
  rope_parameters: ropeSchema.nullish(),
  hidden_act: z.string().default('silu'),
  tie_word_embeddings: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  sliding_window: positive.nullish(),
  use_sliding_window: z.boolean().optional(),
  max_window_layers: z.number().int().nonnegative().default(28),
  layer_types: z.array(z.string()).nullish(),
});

const gpt2Schema = z.looseObject({
  n_embd: positive,
  n_layer: positive,
  n_head: positive,
  n_inner: positive.nullish(),
  n_positions: positive.default(1024),
  vocab_size: positive,
  layer_norm_epsilon: z.number().positive().default(1e-5),
  activation_function: z.string().default('gelu_new'),
  tie_word_embeddings: z.boolean().default(true),
  scale_attn_weights: z.boolean().default(true),
  scale_attn_by_inverse_layer_idx: z.boolean().default(false),
});

const KNOWN: readonly Architecture[] = ['llama', 'mistral', 'qwen2', 'qwen3', 'gpt2'];

/**
 * @param config parsed config.json; `place` is its path, for messages.
 * @throws LabError model-unsupported for an architecture or feature we do not have, model-invalid for missing fields.
 */
export function parseModelConfig(config: unknown, place: string): ModelSpec {
  const type = (config as { model_type?: unknown } | null)?.model_type;
  const architecture = KNOWN.find((known) => known === type);
  if (!architecture) {
    unsupported(place, `model_type ${JSON.stringify(type)}`, phrase('Supported are {0}.', KNOWN.join(', ')));
  }
  return architecture === 'gpt2' ? parseGpt2(config, place) : parseLlamaLike(architecture, config, place);
}

function parseWith<T>(schema: z.ZodType<T>, config: unknown, place: string): T {
  const parsed = schema.safeParse(config);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new LabError('model-invalid', phrase('{0}: {1}', place, problems), {
    remedy: phrase('Is this the config.json of the model?'),
  });
}

function unsupported(place: string, what: Words, remedy?: Words): never {
  throw new LabError('model-unsupported', phrase('{0}: {1} is not supported', place, what), { remedy });
}

function parseLlamaLike(architecture: Exclude<Architecture, 'gpt2'>, config: unknown, place: string): ModelSpec {
  const c = parseWith(llamaSchema, config, place);
  if (c.hidden_act !== 'silu') unsupported(place, `hidden_act ${c.hidden_act}`);
  return {
    architecture,
    hidden: c.hidden_size,
    layers: c.num_hidden_layers,
    heads: c.num_attention_heads,
    kvHeads: c.num_key_value_heads ?? c.num_attention_heads,
    headDim: c.head_dim ?? c.hidden_size / c.num_attention_heads,
    ffn: c.intermediate_size,
    vocabulary: c.vocab_size,
    context: c.max_position_embeddings,
    epsilon: c.rms_norm_eps,
    tied: c.tie_word_embeddings,
    learnedPositions: false,
    ropeTheta: c.rope_theta ?? c.rope_parameters?.rope_theta ?? 10000,
    ropeScaling: parseRopeScaling(c.rope_scaling ?? c.rope_parameters, place),
    bias: biasesOf(architecture, c),
    queryKeyNorm: architecture === 'qwen3',
    windows: windowsOf(architecture, c, place),
  };
}

type LlamaConfig = z.infer<typeof llamaSchema>;

/** Which layers carry biases is fixed for Mistral and Qwen2 whatever the config says, as in `transformers`. */
function biasesOf(architecture: Architecture, c: LlamaConfig): ModelSpec['bias'] {
  if (architecture === 'mistral') return { qkv: false, output: false, mlp: false };
  if (architecture === 'qwen2') return { qkv: true, output: false, mlp: false };
  return { qkv: c.attention_bias, output: c.attention_bias, mlp: architecture === 'llama' && c.mlp_bias };
}

/** Mistral's window holds in every layer; Qwen's, when switched on, from `max_window_layers` on or where `layer_types` says. */
function windowsOf(architecture: Architecture, c: LlamaConfig, place: string): ModelSpec['windows'] {
  const all = Array.from({ length: c.num_hidden_layers }, (_, layer) => layer);
  const window = c.sliding_window ?? undefined;
  if (architecture === 'mistral') return all.map(() => window);
  if (architecture === 'llama' || c.use_sliding_window !== true) return all.map(() => undefined);
  const types =
    c.layer_types ?? all.map((layer) => (layer >= c.max_window_layers ? 'sliding_attention' : 'full_attention'));
  return all.map((layer) => {
    if (types[layer] === 'full_attention') return undefined;
    return types[layer] === 'sliding_attention' ? window : unsupported(place, `layer_types[${layer}] ${types[layer]}`);
  });
}

function parseRopeScaling(scaling: z.infer<typeof ropeSchema> | null | undefined, place: string): RopeScaling {
  const kind = scaling?.rope_type ?? scaling?.type ?? 'default';
  if (!scaling || kind === 'default') return { kind: 'none' };
  const factor = scaling.factor ?? 1;
  if (kind === 'linear') return { kind, factor };
  if (kind !== 'llama3') return unsupported(place, phrase('rope scaling {0}', kind));
  return {
    kind,
    factor,
    lowFrequency: scaling.low_freq_factor ?? 1,
    highFrequency: scaling.high_freq_factor ?? 4,
    originalContext: scaling.original_max_position_embeddings ?? 8192,
  };
}

function parseGpt2(config: unknown, place: string): ModelSpec {
  const c = parseWith(gpt2Schema, config, place);
  if (c.activation_function !== 'gelu_new') unsupported(place, `activation_function ${c.activation_function}`);
  if (!c.scale_attn_weights || c.scale_attn_by_inverse_layer_idx)
    unsupported(place, phrase('unusual attention scaling'));
  return {
    architecture: 'gpt2',
    hidden: c.n_embd,
    layers: c.n_layer,
    heads: c.n_head,
    kvHeads: c.n_head,
    headDim: c.n_embd / c.n_head,
    ffn: c.n_inner ?? 4 * c.n_embd,
    vocabulary: c.vocab_size,
    context: c.n_positions,
    epsilon: c.layer_norm_epsilon,
    tied: c.tie_word_embeddings,
    learnedPositions: true,
    ropeTheta: 10000,
    ropeScaling: { kind: 'none' },
    bias: { qkv: true, output: true, mlp: true },
    queryKeyNorm: false,
    windows: new Array<undefined>(c.n_layer).fill(undefined),
  };
}
