// LoRA adapters in PEFT's layout: adapter_config.json and adapter_model.safetensors.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { loraNames, type LoraConfig } from './graphs.ts';
import type { LoadedModel } from './loadedModel.ts';
import { toCpu } from './transfer.ts';
import type { ModelSpec } from '../model/config.ts';
import { GPT2_PREFIX, listAdaptableLayers } from '../model/parameters.ts';
import { Safetensors, writeSafetensors, type TensorSource } from '../safetensors.ts';
import type { LoraTarget } from '../engine.ts';
import { LabError } from '../../shared/errors.ts';
import { createRandom, hashSeed } from '../../shared/random.ts';

const CONFIG_FILE = 'adapter_config.json';
const WEIGHTS_FILE = 'adapter_model.safetensors';
const PEFT_PREFIX = 'base_model.model.';

type Tensors = Map<string, { shape: readonly number[]; data: Float32Array }>;

const configSchema = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.number().int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.array(z.string()).min(1),
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  bias: z.string().nullish(),
  rank_pattern: z.record(z.string(), z.unknown()).nullish(),
  modules_to_save: z.array(z.string()).nullish(),
});

/** GPT-2's names for the layers that LoRA targets address. */
const GPT2_NAMES: Partial<Record<LoraTarget, string>> = { q_proj: 'c_attn', o_proj: 'c_proj', up_proj: 'c_fc', down_proj: 'c_proj' };

/** A ~ Kaiming-uniform (bound 1/sqrt(fan in), as PEFT), B = 0: an untrained adapter changes nothing. */
export function newAdapterTensors(spec: ModelSpec, lora: LoraConfig, seed: number): Tensors {
  const tensors: Tensors = new Map();
  for (const { module, fanIn, fanOut } of listAdaptableLayers(spec, lora.targets)) {
    const names = loraNames(module);
    const random = createRandom(hashSeed(seed, module));
    const bound = 1 / Math.sqrt(fanIn);
    const a = Float32Array.from({ length: lora.rank * fanIn }, () => (2 * random() - 1) * bound);
    tensors.set(names.a, { shape: [lora.rank, fanIn], data: a });
    tensors.set(names.b, { shape: [fanOut, lora.rank], data: new Float32Array(fanOut * lora.rank) });
  }
  return tensors;
}

/** Reads a PEFT folder for a model of the given architecture. */
export async function readAdapter(folder: string, spec: ModelSpec): Promise<{ lora: LoraConfig; tensors: Tensors }> {
  const lora = await readAdapterConfig(path.join(folder, CONFIG_FILE), spec);
  const file = path.join(folder, WEIGHTS_FILE);
  const files = await Safetensors.open([file]);
  try {
    const tensors: Tensors = new Map();
    for (const { module, fanIn, fanOut } of listAdaptableLayers(spec, lora.targets)) {
      const names = loraNames(module);
      for (const [name, shape] of [[names.a, [lora.rank, fanIn]], [names.b, [fanOut, lora.rank]]] as const) {
        const tensor = await files.read(peftName(spec, name));
        if (tensor.shape.join() !== shape.join()) {
          throw new LabError('model-invalid', `${file}: ${name} has shape [${tensor.shape.join(', ')}], expected [${shape.join(', ')}]`);
        }
        tensors.set(name, { shape, data: tensor.data });
      }
    }
    return { lora, tensors };
  } finally {
    await files.close();
  }
}

async function readAdapterConfig(file: string, spec: ModelSpec): Promise<LoraConfig> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LabError('file-not-found', `${file}: cannot be read`, { cause, remedy: 'An adapter folder needs adapter_config.json and adapter_model.safetensors.' });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new LabError('model-invalid', `${file}: is not JSON`, { cause });
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success) throw new LabError('model-invalid', `${file}: ${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}`, { remedy: 'LoRA adapters as written by PEFT are read.' });
  const config = parsed.data;
  const extra = [config.use_dora && 'DoRA', config.bias && config.bias !== 'none' && 'trained biases', config.modules_to_save?.length && 'modules_to_save', config.rank_pattern && Object.keys(config.rank_pattern).length > 0 && 'rank_pattern'].find(Boolean);
  if (extra) throw new LabError('model-unsupported', `${file}: ${extra} is not supported`);
  const alpha = config.use_rslora ? config.lora_alpha * Math.sqrt(config.r) : config.lora_alpha;
  return { rank: config.r, alpha, targets: targetsOf(spec, config.target_modules, file) };
}

function targetsOf(spec: ModelSpec, modules: readonly string[], file: string): LoraTarget[] {
  const known = Object.keys(spec.architecture === 'gpt2' ? GPT2_NAMES : { q_proj: 1, k_proj: 1, v_proj: 1, o_proj: 1, gate_proj: 1, up_proj: 1, down_proj: 1 }) as LoraTarget[];
  const nameOf = (target: LoraTarget) => (spec.architecture === 'gpt2' ? GPT2_NAMES[target]! : target);
  const unknown = modules.find((module) => !known.some((target) => nameOf(target) === module));
  if (unknown) throw new LabError('model-unsupported', `${file}: target module ${unknown} is not one we can adapt`, { remedy: `Known: ${known.map(nameOf).join(', ')}.` });
  return known.filter((target) => modules.includes(nameOf(target)));
}

const peftName = (spec: ModelSpec, name: string): string =>
  `${PEFT_PREFIX}${spec.architecture === 'gpt2' ? GPT2_PREFIX : ''}${name}`;

/** The adapter's tensors under PEFT's names. */
export async function adapterTensors(model: LoadedModel): Promise<TensorSource[]> {
  if (!model.lora) throw new LabError('usage', 'the model has no adapter to save');
  return [...newAdapterTensors(model.spec, model.lora, 0).keys()].map((name) => ({
    name: peftName(model.spec, name),
    shape: model.shapeOf(name),
    data: () => toCpu(model.executor, model.slot(name)),
  }));
}

/** Writes a folder that `PeftModel.from_pretrained` reads. */
export async function writeAdapter(folder: string, model: LoadedModel, tensors: readonly TensorSource[]): Promise<void> {
  const { spec } = model;
  const lora = model.lora!;
  const gpt2 = spec.architecture === 'gpt2';
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: model.folder,
    r: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: gpt2,
    target_modules: [...new Set(lora.targets.flatMap((target) => (gpt2 ? (GPT2_NAMES[target] ?? []) : target)))],
    inference_mode: true,
  };
  await writeFile(path.join(folder, CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
  await writeSafetensors(path.join(folder, WEIGHTS_FILE), tensors);
}
