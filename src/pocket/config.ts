// The shape of the pocket model and its untrained weights.
import { createRandom, hashSeed } from '../shared/random.ts';
import { bosToken, endToken, padToken, specialTokens } from './chatFormat.ts';

export const pocketShape = {
  vocabularySize: 1024,
  hiddenSize: 128,
  intermediateSize: 384,
  layers: 5,
  heads: 4,
  contextLength: 256,
} as const;

const idOf = (token: string): number => specialTokens.indexOf(token as (typeof specialTokens)[number]);

/** The content of `config.json`: a Llama with tied embeddings. */
export function modelConfig(): object {
  return {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    vocab_size: pocketShape.vocabularySize,
    hidden_size: pocketShape.hiddenSize,
    intermediate_size: pocketShape.intermediateSize,
    num_hidden_layers: pocketShape.layers,
    num_attention_heads: pocketShape.heads,
    num_key_value_heads: pocketShape.heads,
    head_dim: pocketShape.hiddenSize / pocketShape.heads,
    max_position_embeddings: pocketShape.contextLength,
    hidden_act: 'silu',
    rms_norm_eps: 1e-5,
    rope_theta: 10000.0,
    rope_scaling: null,
    attention_bias: false,
    attention_dropout: 0.0,
    mlp_bias: false,
    initializer_range: 0.02,
    tie_word_embeddings: true,
    use_cache: true,
    torch_dtype: 'float32',
    bos_token_id: idOf(bosToken),
    eos_token_id: idOf(endToken),
    pad_token_id: idOf(padToken),
  };
}

/** The content of `generation_config.json`. */
export function generationConfig(): object {
  return {
    bos_token_id: idOf(bosToken),
    eos_token_id: idOf(endToken),
    pad_token_id: idOf(padToken),
    do_sample: false,
    max_new_tokens: 64,
  };
}

/** A named tensor in row-major order. */
export interface NamedTensor {
  name: string;
  shape: number[];
  data: Float32Array;
}

/**
 * Untrained weights: normal, norms at one. Matrices that read the residual stream have the deviation 1/sqrt(width), which
 * keeps the scale of their input; 0.02, usual for models eight times as wide, would start this one with almost flat
 * attention. Those that write into the stream have 0.02/sqrt(2L), as in GPT-2, so that its variance does not grow with
 * depth.
 */
export function initialTensors(seed: number): NamedTensor[] {
  const { vocabularySize, hiddenSize, intermediateSize, layers } = pocketShape;
  const reading = 1 / Math.sqrt(hiddenSize);
  const writing = 0.02 / Math.sqrt(2 * layers);
  const tensors: NamedTensor[] = [];
  const normal = (name: string, rows: number, columns: number, deviation: number): void => {
    tensors.push({ name, shape: [rows, columns], data: normalValues(seed, name, rows * columns, deviation) });
  };
  const ones = (name: string): void => {
    tensors.push({ name, shape: [hiddenSize], data: new Float32Array(hiddenSize).fill(1) });
  };
  normal('model.embed_tokens.weight', vocabularySize, hiddenSize, 0.04);
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}.`;
    ones(`${prefix}input_layernorm.weight`);
    for (const part of ['q_proj', 'k_proj', 'v_proj'])
      normal(`${prefix}self_attn.${part}.weight`, hiddenSize, hiddenSize, reading);
    normal(`${prefix}self_attn.o_proj.weight`, hiddenSize, hiddenSize, writing);
    ones(`${prefix}post_attention_layernorm.weight`);
    normal(`${prefix}mlp.gate_proj.weight`, intermediateSize, hiddenSize, reading);
    normal(`${prefix}mlp.up_proj.weight`, intermediateSize, hiddenSize, reading);
    normal(`${prefix}mlp.down_proj.weight`, hiddenSize, intermediateSize, writing);
  }
  ones('model.norm.weight');
  return tensors;
}

/** Box-Muller pairs from a stream of the tensor's own, so that a tensor does not depend on its neighbours. */
function normalValues(seed: number, name: string, count: number, deviation: number): Float32Array {
  const random = createRandom(hashSeed('weights', seed, name));
  const values = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    values[i] = deviation * radius * Math.cos(angle);
    if (i + 1 < count) values[i + 1] = deviation * radius * Math.sin(angle);
  }
  return values;
}
