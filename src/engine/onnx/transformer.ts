// The decoder-only transformer, written once. Training, scoring and decoding differ only in how attention sees the past
// and in what is read off the logits, so they hand in an `Attend` and take the hidden states.
import type { Graph, Value } from './graph.ts';
import type { ModelSpec } from '../model/config.ts';

/** LoRA on one linear layer: y += scaling * (x A^T) B^T with A [r, in], B [out, r] (2106.09685). */
export interface LoraInputs {
  a: Value;
  b: Value;
  scaling: number;
}

/** Where tensors come from: graph inputs named like the checkpoint's tensors. */
export interface Weights {
  tensor(name: string): Value;
  lora(module: string): LoraInputs | undefined;
}

/** Attention over q [N, H*Dh], k and v [N, KV*Dh] of one layer, N = rows * length; returns [N, H*Dh]. */
export type Attend = (layer: number, q: Value, k: Value, v: Value) => Value;

export interface TransformerInputs {
  spec: ModelSpec;
  weights: Weights;
  /** [R, T] int64 */
  tokens: Value;
  /** [R, T] int64 */
  positions: Value;
  attend: Attend;
}

/** Hidden states before the final norm, [R * T, hidden]. */
export function transformer(g: Graph, inputs: TransformerInputs): Value {
  return inputs.spec.architecture === 'gpt2' ? gpt2(g, inputs) : llama(g, inputs);
}

/** Final norm and output projection: [M, hidden] -> logits [M, V]. */
export function logitsOf(g: Graph, spec: ModelSpec, weights: Weights, hidden: Value): Value {
  if (spec.architecture === 'gpt2') {
    const normed = layerNorm(g, spec, weights, 'ln_f', hidden);
    return g.matmul(normed, weights.tensor(spec.tied ? 'wte.weight' : 'lm_head.weight'), { transposeB: true });
  }
  const normed = rmsNorm(g, spec, weights, 'model.norm', hidden);
  const head = spec.tied ? 'model.embed_tokens.weight' : 'lm_head.weight';
  return g.matmul(normed, weights.tensor(head), { transposeB: true });
}

function llama(g: Graph, { spec, weights, tokens, attend }: TransformerInputs): Value {
  const embedded = g.apply('gather', [weights.tensor('model.embed_tokens.weight'), tokens], {});
  let x = g.reshape(embedded, [-1, spec.hidden]);
  for (let layer = 0; layer < spec.layers; layer++) {
    const prefix = `model.layers.${layer}`;
    const project = (module: string, input: Value, bias: boolean) =>
      linear(g, weights, `${prefix}.${module}`, input, { bias, transposed: true });
    const normed = rmsNorm(g, spec, weights, `${prefix}.input_layernorm`, x);
    const q = headNorm(
      g,
      spec,
      weights,
      `${prefix}.self_attn.q_norm`,
      project('self_attn.q_proj', normed, spec.bias.qkv),
    );
    const k = headNorm(
      g,
      spec,
      weights,
      `${prefix}.self_attn.k_norm`,
      project('self_attn.k_proj', normed, spec.bias.qkv),
    );
    const v = project('self_attn.v_proj', normed, spec.bias.qkv);
    x = g.add(x, project('self_attn.o_proj', attend(layer, q, k, v), spec.bias.output));
    const wide = rmsNorm(g, spec, weights, `${prefix}.post_attention_layernorm`, x);
    const gate = g.apply('silu', [project('mlp.gate_proj', wide, spec.bias.mlp)], {});
    const up = project('mlp.up_proj', wide, spec.bias.mlp);
    x = g.add(x, project('mlp.down_proj', g.mul(gate, up), spec.bias.mlp));
  }
  return x;
}

function gpt2(g: Graph, { spec, weights, tokens, positions, attend }: TransformerInputs): Value {
  const embedded = g.apply('gather', [weights.tensor('wte.weight'), tokens], {});
  const placed = g.add(embedded, g.apply('gather', [weights.tensor('wpe.weight'), positions], {}));
  let x = g.reshape(placed, [-1, spec.hidden]);
  for (let layer = 0; layer < spec.layers; layer++) {
    const prefix = `h.${layer}`;
    const project = (module: string, input: Value) =>
      linear(g, weights, `${prefix}.${module}`, input, { bias: true, transposed: false });
    const qkv = project('attn.c_attn', layerNorm(g, spec, weights, `${prefix}.ln_1`, x));
    const part = (index: number) =>
      g.apply('slice', [qkv], { start: index * spec.hidden, end: (index + 1) * spec.hidden });
    x = g.add(x, project('attn.c_proj', attend(layer, part(0), part(1), part(2))));
    const wide = project('mlp.c_fc', layerNorm(g, spec, weights, `${prefix}.ln_2`, x));
    x = g.add(x, project('mlp.c_proj', geluTanh(g, wide)));
  }
  return x;
}

/** y = x W^T (+ bias) (+ LoRA); `transposed` tells that W is stored as [out, in]. */
function linear(
  g: Graph,
  weights: Weights,
  module: string,
  x: Value,
  o: { bias: boolean; transposed: boolean },
): Value {
  let y = g.matmul(x, weights.tensor(`${module}.weight`), { transposeB: o.transposed });
  if (o.bias) y = g.add(y, weights.tensor(`${module}.bias`));
  const lora = weights.lora(module);
  if (!lora) return y;
  const low = g.matmul(x, lora.a, { transposeB: true });
  return g.add(y, g.matmul(low, lora.b, { transposeB: true, alpha: lora.scaling }));
}

const rmsNorm = (g: Graph, spec: ModelSpec, weights: Weights, module: string, x: Value): Value =>
  g.apply('rmsNorm', [x, weights.tensor(`${module}.weight`)], { epsilon: spec.epsilon });

const layerNorm = (g: Graph, spec: ModelSpec, weights: Weights, module: string, x: Value): Value =>
  g.apply('layerNorm', [x, weights.tensor(`${module}.weight`), weights.tensor(`${module}.bias`)], {
    epsilon: spec.epsilon,
  });

/** Qwen3 normalises every head of q and k on its own. */
function headNorm(g: Graph, spec: ModelSpec, weights: Weights, module: string, x: Value): Value {
  if (!spec.queryKeyNorm) return x;
  return g.reshape(rmsNorm(g, spec, weights, module, g.reshape(x, [-1, spec.headDim])), x.shape);
}

/** GELU with tanh (1606.08415): 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))). */
function geluTanh(g: Graph, x: Value): Value {
  const cube = g.mul(x, g.mul(x, x));
  const inner = g.scale(g.add(x, g.scale(cube, 0.044715)), Math.sqrt(2 / Math.PI));
  const half = g.scale(x, 0.5);
  return g.add(half, g.mul(half, g.apply('tanh', [inner], {})));
}
