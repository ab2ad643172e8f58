// Writes tiny random models for tests: a few layers, fixed seed, Hugging Face layout.
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseModelConfig } from '../../src/engine/model/config.ts';
import { listParameters } from '../../src/engine/model/parameters.ts';
import { writeSafetensors } from '../../src/engine/safetensors.ts';
import { createRandom, hashSeed } from '../../src/shared/random.ts';

/** Two layers, grouped heads, tied embeddings: every path of the Llama family in a few kilobytes. */
export const TINY_CONFIG = {
  model_type: 'llama',
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 8,
  vocab_size: 40,
  max_position_embeddings: 64,
  tie_word_embeddings: true,
};

/** Writes the model and returns its folder. */
export async function writeTinyModel(
  config: Record<string, unknown> = TINY_CONFIG,
  folder = mkdtempSync(path.join(os.tmpdir(), 'tiny-')),
  /** Name of a tensor whose values are not numbers. */
  broken?: string,
): Promise<string> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
  const parameters = listParameters(parseModelConfig(config, 'config.json'));
  const tensors = parameters.map(({ name, shape }) => ({
    name,
    shape,
    data: () =>
      name === broken ? new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(NaN) : randomTensor(name, shape),
  }));
  await writeSafetensors(path.join(folder, 'model.safetensors'), tensors);
  return folder;
}

function randomTensor(name: string, shape: readonly number[]): Float32Array {
  const random = createRandom(hashSeed('tiny', name));
  const size = shape.reduce((a, b) => a * b, 1);
  const norm = shape.length === 1 && !name.endsWith('bias');
  return Float32Array.from({ length: size }, () => (norm ? 1 : 0) + (2 * random() - 1) * 0.3);
}
