// LoRA adapters in PEFT's layout: adapter_config.json and adapter_model.safetensors.
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { loraNames, type LoraConfig } from './weights.ts';
import type { LoadedModel } from './loadedModel.ts';
import { toCpu } from './transfer.ts';
import type { ModelSpec } from '../model/config.ts';
import { adaptableModules, GPT2_PREFIX, listAdaptableLayers } from '../model/parameters.ts';
import { Safetensors, writeSafetensors, type TensorSource } from '../safetensors.ts';
import type { LoraTarget } from '../engine.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import { createRandom, hashSeed } from '../../shared/random.ts';

const CONFIG_FILE = 'adapter_config.json';
const WEIGHTS_FILE = 'adapter_model.safetensors';
const PEFT_PREFIX = 'base_model.model.';

type Tensors = Map<string, { shape: readonly number[]; data: Float32Array }>;

const configSchema = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.number().int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.union([z.array(z.string()), z.string()]).nullish(),
  use_rslora: z.boolean().nullish(),
  use_dora: z.boolean().nullish(),
  bias: z.string().nullish(),
  rank_pattern: z.record(z.string(), z.unknown()).nullish(),
  alpha_pattern: z.record(z.string(), z.unknown()).nullish(),
  modules_to_save: z.array(z.string()).nullish(),
});

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

/** Reads a PEFT folder for a model of the given architecture. Which layers it adapts is told by its tensors. */
export async function readAdapter(folder: string, spec: ModelSpec): Promise<{ lora: LoraConfig; tensors: Tensors }> {
  const scale = await readAdapterConfig(path.join(folder, CONFIG_FILE));
  const file = path.join(folder, WEIGHTS_FILE);
  const files = await Safetensors.open([file]);
  try {
    const lora = { ...scale, targets: targetsIn(files.names, spec, file) };
    const tensors: Tensors = new Map();
    for (const { module, fanIn, fanOut } of listAdaptableLayers(spec, lora.targets)) {
      const names = loraNames(module);
      for (const [name, shape] of [
        [names.a, [lora.rank, fanIn]],
        [names.b, [fanOut, lora.rank]],
      ] as const) {
        const tensor = await files.read(peftName(spec, name));
        if (tensor.shape.join() !== shape.join()) {
          throw new LabError(
            'model-invalid',
            phrase('{0}: {1} has shape [{2}], expected [{3}]', file, name, tensor.shape.join(', '), shape.join(', ')),
          );
        }
        tensors.set(name, { shape, data: tensor.data });
      }
    }
    return { lora, tensors };
  } finally {
    await files.close();
  }
}

/** The targets that the adapter has matrices for. Any tensor with no place in a model adapted like that is refused. */
function targetsIn(names: readonly string[], spec: ModelSpec, file: string): LoraTarget[] {
  const present = new Set(names);
  const tensorsOf = (target: LoraTarget): string[] =>
    listAdaptableLayers(spec, [target]).flatMap(({ module }) =>
      Object.values(loraNames(module)).map((name) => peftName(spec, name)),
    );
  const all = [...adaptableModules(spec).keys()];
  const targets = all.filter((target) => tensorsOf(target).some((name) => present.has(name)));
  const wanted = new Set(targets.flatMap(tensorsOf));
  const unknown = names.find((name) => !wanted.has(name));
  if (unknown !== undefined)
    throw new LabError('model-unsupported', phrase('{0}: no place for tensor {1}', file, unknown), {
      remedy: phrase(
        'LoRA is read on {0} of a {1} model with {2} layers.',
        [...adaptableModules(spec).values()].join(', '),
        spec.architecture,
        spec.layers,
      ),
    });
  const missing = [...wanted].find((name) => !present.has(name));
  if (missing !== undefined)
    throw new LabError('model-unsupported', phrase('{0}: tensor {1} is missing', file, missing), {
      remedy: phrase('An adapter has to cover the same modules in every layer of the model.'),
    });
  if (targets.length === 0) throw new LabError('model-invalid', phrase('{0}: holds no tensors', file));
  return targets;
}

/** Rank and alpha. The scale in use is always alpha / rank: rsLoRA's alpha / sqrt(rank) (2312.03732) becomes a larger alpha. */
async function readAdapterConfig(file: string): Promise<{ rank: number; alpha: number }> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LabError('file-not-found', phrase('{0}: cannot be read', file), {
      cause,
      remedy: phrase('An adapter folder needs adapter_config.json and adapter_model.safetensors.'),
    });
  });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new LabError('model-invalid', phrase('{0}: is not JSON', file), { cause });
  }
  const parsed = configSchema.safeParse(json);
  if (!parsed.success)
    throw new LabError(
      'model-invalid',
      phrase('{0}: {1}', file, `${parsed.error.issues[0]!.path.join('.')}: ${parsed.error.issues[0]!.message}`),
      { remedy: phrase('LoRA adapters as written by PEFT are read.') },
    );
  const config = parsed.data;
  const extra = [
    config.use_dora && 'DoRA',
    config.bias && config.bias !== 'none' && phrase('trained biases'),
    config.modules_to_save?.length && 'modules_to_save',
    Object.keys(config.rank_pattern ?? {}).length > 0 && 'rank_pattern',
    Object.keys(config.alpha_pattern ?? {}).length > 0 && 'alpha_pattern',
  ].find(Boolean);
  if (extra) throw new LabError('model-unsupported', phrase('{0}: {1} is not supported', file, extra));
  const alpha = config.use_rslora ? config.lora_alpha * Math.sqrt(config.r) : config.lora_alpha;
  return { rank: config.r, alpha };
}

const peftName = (spec: ModelSpec, name: string): string =>
  `${PEFT_PREFIX}${spec.architecture === 'gpt2' ? GPT2_PREFIX : ''}${name}`;

/** The adapter's tensors under PEFT's names. */
export async function adapterTensors(model: LoadedModel): Promise<TensorSource[]> {
  if (!model.lora) throw new LabError('usage', phrase('the model has no adapter to save'));
  return [...newAdapterTensors(model.spec, model.lora, 0).keys()].map((name) => ({
    name: peftName(model.spec, name),
    shape: model.shapeOf(name),
    data: () => toCpu(model.executor, model.slot(name)),
  }));
}

/** Writes a folder that `PeftModel.from_pretrained` reads. */
export async function writeAdapter(
  folder: string,
  model: LoadedModel,
  tensors: readonly TensorSource[],
): Promise<void> {
  const { spec } = model;
  const lora = model.lora!;
  // With their parent (attn.c_proj), because GPT-2 has two modules called c_proj.
  const modules = adaptableModules(spec);
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: model.folder,
    r: lora.rank,
    lora_alpha: lora.alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: spec.architecture === 'gpt2',
    target_modules: lora.targets.flatMap((target) => modules.get(target) ?? []),
    inference_mode: true,
  };
  await writeFile(path.join(folder, CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
  await writeSafetensors(path.join(folder, WEIGHTS_FILE), tensors);
}
