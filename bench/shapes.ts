// What is measured: three Llama shapes with random weights, and the token ids both sides work on.
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseModelConfig } from '../src/engine/model/config.ts';
import { listParameters } from '../src/engine/model/parameters.ts';
import { writeSafetensors } from '../src/engine/safetensors.ts';
import { modelConfig as pocketConfig } from '../src/pocket/config.ts';
import { createRandom } from '../src/shared/random.ts';

export const SHAPE_NAMES = ['pocket', '6m', '135m'] as const;
export type ShapeName = (typeof SHAPE_NAMES)[number];

export interface Shape {
  name: ShapeName;
  config: Record<string, unknown>;
  /** Sequences and tokens per sequence of a training step and of a scoring call. */
  batch: { sequences: number; tokens: number };
}

/** Decoding is the same for every shape: sequences, tokens of each prompt, new tokens for each. */
export const DECODING = { sequences: 32, promptTokens: 32, newTokens: 64 };

/** No end token: both sides then always decode the full number of tokens. */
const COMMON = {
  model_type: 'llama',
  architectures: ['LlamaForCausalLM'],
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  bos_token_id: null,
  eos_token_id: null,
  pad_token_id: null,
};

const SIX_MILLION = {
  ...COMMON,
  hidden_size: 256,
  intermediate_size: 704,
  num_hidden_layers: 6,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  vocab_size: 4096,
  max_position_embeddings: 512,
  rope_theta: 10000,
  tie_word_embeddings: true,
};

/** HuggingFaceTB/SmolLM2-135M. */
const SMOL = {
  ...COMMON,
  hidden_size: 576,
  intermediate_size: 1536,
  num_hidden_layers: 30,
  num_attention_heads: 9,
  num_key_value_heads: 3,
  vocab_size: 49152,
  max_position_embeddings: 8192,
  rope_theta: 100000,
  tie_word_embeddings: true,
};

/** @param root the repository: the pocket shape is that of its model when it has been built. */
export function shapeOf(name: ShapeName, root: string): Shape {
  const batch = { sequences: name === '135m' ? 4 : 16, tokens: 128 };
  if (name !== 'pocket') return { name, batch, config: name === '6m' ? SIX_MILLION : SMOL };
  const file = path.join(root, 'media/pocket/config.json');
  const config = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as object) : pocketConfig();
  return { name, batch, config: { ...config, bos_token_id: null, eos_token_id: null, pad_token_id: null } };
}

/** Writes config.json and weights uniform with deviation 0.02 (norms at one). Returns the number of parameters. */
export async function writeShape(shape: Shape, folder: string): Promise<number> {
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'config.json'), JSON.stringify(shape.config));
  const parameters = listParameters(parseModelConfig(shape.config, 'config.json'));
  const random = createRandom(1);
  const sizeOf = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);
  const bound = 0.02 * Math.sqrt(3);
  const tensors = parameters.map(({ name, shape: dims }) => ({
    name,
    shape: dims,
    data: () => {
      const values = new Float32Array(sizeOf(dims)).fill(1);
      return dims.length === 1 ? values : values.map(() => (2 * random() - 1) * bound);
    },
  }));
  await writeSafetensors(path.join(folder, 'model.safetensors'), tensors);
  return parameters.reduce((sum, parameter) => sum + sizeOf(parameter.shape), 0);
}

/** Random token ids. */
export function randomSequences(
  seed: number,
  count: number,
  length: (index: number) => number,
  vocabulary: number,
): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: count }, (_, index) =>
    Array.from({ length: length(index) }, () => Math.floor(random() * vocabulary)),
  );
}

/** Every token after the first counts. */
export const fullWeights = (tokens: readonly number[]): number[] =>
  tokens.map((_, position) => (position === 0 ? 0 : 1));
