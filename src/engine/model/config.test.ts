// What transformers makes of config.json beyond the obvious: which layers have a window, which projections a bias.
import { describe, expect, it } from 'vitest';
import { parseModelConfig } from './config.ts';

const base = {
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  vocab_size: 40,
  max_position_embeddings: 64,
};
const parse = (config: object) => parseModelConfig({ ...base, ...config }, 'config.json');

describe('sliding windows', () => {
  it('hold in every layer of Mistral, and nowhere without a size', () => {
    expect(parse({ model_type: 'mistral', sliding_window: 8 }).windows).toEqual([8, 8, 8]);
    expect(parse({ model_type: 'mistral', sliding_window: null }).windows).toEqual([undefined, undefined, undefined]);
  });

  it('hold in Qwen from max_window_layers on, only when switched on', () => {
    const qwen = { model_type: 'qwen2', sliding_window: 8, max_window_layers: 1 };
    expect(parse({ ...qwen, use_sliding_window: true }).windows).toEqual([undefined, 8, 8]);
    expect(parse({ ...qwen, use_sliding_window: false }).windows).toEqual([undefined, undefined, undefined]);
    expect(parse(qwen).windows).toEqual([undefined, undefined, undefined]);
  });

  it('follow layer_types where it is given', () => {
    const qwen = { model_type: 'qwen3', sliding_window: 8, use_sliding_window: true };
    const layer_types = ['sliding_attention', 'full_attention', 'sliding_attention'];
    expect(parse({ ...qwen, layer_types }).windows).toEqual([8, undefined, 8]);
    expect(() => parse({ ...qwen, layer_types: ['linear_attention', 'a', 'b'] })).toThrow(
      'config.json: layer_types[0] linear_attention is not supported',
    );
  });
});

describe('biases', () => {
  const all = { attention_bias: true, mlp_bias: true };

  it.each([
    ['llama', { qkv: true, output: true, mlp: true }],
    ['mistral', { qkv: false, output: false, mlp: false }],
    ['qwen2', { qkv: true, output: false, mlp: false }],
    ['qwen3', { qkv: true, output: true, mlp: false }],
  ])('of %s when the config asks for all', (model_type, expected) => {
    expect(parse({ model_type, ...all }).bias).toEqual(expected);
  });

  it('of Qwen2 on q, k and v without asking', () => {
    expect(parse({ model_type: 'qwen2' }).bias).toEqual({ qkv: true, output: false, mlp: false });
    expect(parse({ model_type: 'qwen3' }).bias).toEqual({ qkv: false, output: false, mlp: false });
  });
});
