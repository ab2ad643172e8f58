// The tensors of a model by their Hugging Face names, with shape, layer and role (methods 3.1). One list per architecture.
import type { LoraTarget, TensorRole, TrainableSet } from '../engine.ts';
import type { ModelSpec } from './config.ts';

export interface ParameterInfo {
  name: string;
  shape: readonly number[];
  role: TensorRole;
  /** Layer index, undefined outside the layers (embeddings, final norm, head). */
  layer: number | undefined;
}

/** A linear layer that LoRA can adapt. `fanIn` inputs to `fanOut` outputs. */
export interface AdaptableLayer {
  /** Weight name without `.weight`. */
  module: string;
  target: LoraTarget;
  fanIn: number;
  fanOut: number;
}

/** GPT-2 checkpoints come with and without this prefix; names here never carry it. */
export const GPT2_PREFIX = 'transformer.';

/** All tensors of the architecture, in forward order. A tied head has no tensor of its own. */
export function listParameters(spec: ModelSpec): ParameterInfo[] {
  return spec.architecture === 'gpt2' ? gpt2Parameters(spec) : llamaParameters(spec);
}

function llamaParameters(spec: ModelSpec): ParameterInfo[] {
  const { hidden, ffn, vocabulary } = spec;
  const outside = (name: string, shape: number[], role: TensorRole): ParameterInfo => ({
    name,
    shape,
    role,
    layer: undefined,
  });
  const list = [outside('model.embed_tokens.weight', [vocabulary, hidden], 'embeddings')];
  for (let layer = 0; layer < spec.layers; layer++) list.push(...llamaLayer(spec, layer, ffn));
  list.push(outside('model.norm.weight', [hidden], 'norm'));
  if (!spec.tied) list.push(outside('lm_head.weight', [vocabulary, hidden], 'embeddings'));
  return list;
}

function llamaLayer(spec: ModelSpec, layer: number, ffn: number): ParameterInfo[] {
  const { hidden, heads, kvHeads, headDim, bias } = spec;
  const prefix = `model.layers.${layer}`;
  const entry = (name: string, shape: number[], role: TensorRole): ParameterInfo => ({
    name: `${prefix}.${name}`,
    shape,
    role,
    layer,
  });
  const linear = (name: string, out: number, into: number, role: TensorRole, withBias: boolean): ParameterInfo[] => [
    entry(`${name}.weight`, [out, into], role),
    ...(withBias ? [entry(`${name}.bias`, [out], role)] : []),
  ];
  return [
    entry('input_layernorm.weight', [hidden], 'norm'),
    ...linear('self_attn.q_proj', heads * headDim, hidden, 'attention', bias.qkv),
    ...linear('self_attn.k_proj', kvHeads * headDim, hidden, 'attention', bias.qkv),
    ...linear('self_attn.v_proj', kvHeads * headDim, hidden, 'attention', bias.qkv),
    ...(spec.queryKeyNorm
      ? [
          entry('self_attn.q_norm.weight', [headDim], 'attention'),
          entry('self_attn.k_norm.weight', [headDim], 'attention'),
        ]
      : []),
    ...linear('self_attn.o_proj', hidden, heads * headDim, 'attention', bias.output),
    entry('post_attention_layernorm.weight', [hidden], 'norm'),
    ...linear('mlp.gate_proj', ffn, hidden, 'mlp', bias.mlp),
    ...linear('mlp.up_proj', ffn, hidden, 'mlp', bias.mlp),
    ...linear('mlp.down_proj', hidden, ffn, 'mlp', bias.mlp),
  ];
}

function gpt2Parameters(spec: ModelSpec): ParameterInfo[] {
  const { hidden, ffn, vocabulary, context } = spec;
  const outside = (name: string, shape: number[], role: TensorRole): ParameterInfo => ({
    name,
    shape,
    role,
    layer: undefined,
  });
  const list = [
    outside('wte.weight', [vocabulary, hidden], 'embeddings'),
    outside('wpe.weight', [context, hidden], 'embeddings'),
  ];
  for (let layer = 0; layer < spec.layers; layer++) {
    const entry = (name: string, shape: number[], role: TensorRole): ParameterInfo => ({
      name: `h.${layer}.${name}`,
      shape,
      role,
      layer,
    });
    // GPT-2 stores its linear layers as [in, out].
    const linear = (name: string, into: number, out: number, role: TensorRole) => [
      entry(`${name}.weight`, [into, out], role),
      entry(`${name}.bias`, [out], role),
    ];
    const norm = (name: string) => [entry(`${name}.weight`, [hidden], 'norm'), entry(`${name}.bias`, [hidden], 'norm')];
    list.push(...norm('ln_1'), ...linear('attn.c_attn', hidden, 3 * hidden, 'attention'));
    list.push(...linear('attn.c_proj', hidden, hidden, 'attention'), ...norm('ln_2'));
    list.push(...linear('mlp.c_fc', hidden, ffn, 'mlp'), ...linear('mlp.c_proj', ffn, hidden, 'mlp'));
  }
  list.push(outside('ln_f.weight', [hidden], 'norm'), outside('ln_f.bias', [hidden], 'norm'));
  if (!spec.tied) list.push(outside('lm_head.weight', [vocabulary, hidden], 'embeddings'));
  return list;
}

const LLAMA_MODULES: Record<LoraTarget, string> = {
  q_proj: 'self_attn.q_proj',
  k_proj: 'self_attn.k_proj',
  v_proj: 'self_attn.v_proj',
  o_proj: 'self_attn.o_proj',
  gate_proj: 'mlp.gate_proj',
  up_proj: 'mlp.up_proj',
  down_proj: 'mlp.down_proj',
};

const GPT2_MODULES: Partial<Record<LoraTarget, string>> = {
  q_proj: 'attn.c_attn',
  o_proj: 'attn.c_proj',
  up_proj: 'mlp.c_fc',
  down_proj: 'mlp.c_proj',
};

/** Every target that the architecture has, with its module below a layer; GPT-2's c_attn stands for q, k and v together. */
export function adaptableModules(spec: ModelSpec): ReadonlyMap<LoraTarget, string> {
  return new Map(Object.entries(spec.architecture === 'gpt2' ? GPT2_MODULES : LLAMA_MODULES) as [LoraTarget, string][]);
}

/** The linear layers that the named LoRA targets stand for (targets an architecture lacks are left out). */
export function listAdaptableLayers(spec: ModelSpec, targets: readonly LoraTarget[]): AdaptableLayer[] {
  const gpt2 = spec.architecture === 'gpt2';
  const modules = adaptableModules(spec);
  const shapes = new Map(listParameters(spec).map((parameter) => [parameter.name, parameter.shape]));
  const layers: AdaptableLayer[] = [];
  for (let layer = 0; layer < spec.layers; layer++) {
    for (const target of targets) {
      if (!modules.has(target)) continue;
      const module = `${gpt2 ? 'h' : 'model.layers'}.${layer}.${modules.get(target)!}`;
      const [a, b] = shapes.get(`${module}.weight`) as [number, number];
      layers.push({ module, target, fanIn: gpt2 ? a : b, fanOut: gpt2 ? b : a });
    }
  }
  return layers;
}

/** Names of the base tensors that a trainable set trains (none for LoRA, which has matrices of its own). */
export function selectTrainable(spec: ModelSpec, set: TrainableSet): string[] {
  if (set.kind === 'lora') return [];
  const parameters = listParameters(spec);
  if (set.kind === 'full') return parameters.map((parameter) => parameter.name);
  const chosen = parameters.filter((parameter) => isSelected(parameter, set)).map((parameter) => parameter.name);
  if (set.kind === 'only') return chosen;
  const frozen = new Set(chosen);
  return parameters.map((parameter) => parameter.name).filter((name) => !frozen.has(name));
}

/** Roles and layer range both have to match; a range leaves out what stands outside the layers. */
function isSelected(parameter: ParameterInfo, set: Extract<TrainableSet, { kind: 'freeze' | 'only' }>): boolean {
  const roleFits = !set.roles || set.roles.includes(parameter.role);
  if (!set.layers) return roleFits;
  const [start, end] = set.layers;
  return roleFits && parameter.layer !== undefined && parameter.layer >= start && parameter.layer < end;
}
