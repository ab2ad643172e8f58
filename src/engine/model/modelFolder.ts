// A Hugging Face model folder as the engine sees it: the parsed config and the tensors under their canonical names.
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseModelConfig, type ModelSpec } from './config.ts';
import { GPT2_PREFIX, listParameters } from './parameters.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import { openSafetensors, writeSafetensors, type Safetensors, type TensorSource } from '../safetensors.ts';

/** Small files that make a folder complete besides the weights; copied along when a model is saved. */
const SIDE_FILES =
  /^(config|generation_config|tokenizer|tokenizer_config|special_tokens_map|added_tokens|vocab|merges|chat_template)\.(json|txt|jinja)$/;

export interface ModelFolder {
  folder: string;
  spec: ModelSpec;
  tensors: Map<string, { shape: readonly number[]; data: Float32Array }>;
  /** SHA-256 over names, shapes and widened values. */
  weightsHash: string;
}

/** Reads config.json. */
export async function readModelSpec(folder: string): Promise<ModelSpec> {
  const file = path.join(folder, 'config.json');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new LabError('file-not-found', phrase('{0}: cannot be read', file), {
      cause,
      remedy: phrase('A model folder needs config.json, tokenizer.json and safetensors weights.'),
    });
  });
  try {
    return parseModelConfig(JSON.parse(text), file);
  } catch (error) {
    if (error instanceof LabError) throw error;
    throw new LabError('model-invalid', phrase('{0}: is not JSON', file), { cause: error });
  }
}

/** Loads every tensor that the architecture needs, checking shapes. Extra tensors are ignored (rotary buffers, tied heads). */
export async function readModelFolder(folder: string): Promise<ModelFolder> {
  const spec = await readModelSpec(folder);
  const files = await openSafetensors(folder);
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  const hash = createHash('sha256');
  try {
    for (const { name, shape } of listParameters(spec)) {
      const tensor = await files.read(storedName(files, name, folder));
      requireShape(folder, name, tensor.shape, shape);
      hash.update(`${name} ${shape.join('x')} `).update(bytesOf(tensor.data));
      tensors.set(name, { shape, data: tensor.data });
    }
  } finally {
    await files.close();
  }
  return { folder, spec, tensors, weightsHash: hash.digest('hex') };
}

/** What a folder holds without its weights: config.json and the headers of the weight files are checked as for loading. */
export async function inspectModelFolder(
  folder: string,
): Promise<{ spec: ModelSpec; parameters: number; sizeBytes: number }> {
  const spec = await readModelSpec(folder);
  const files = await openSafetensors(folder);
  let parameters = 0;
  for (const { name, shape } of listParameters(spec)) {
    const stored = files.entries.get(storedName(files, name, folder));
    requireShape(folder, name, stored?.shape ?? [], shape);
    parameters += shape.reduce((product, size) => product * size, 1);
  }
  const sizeBytes = [...files.entries.values()].reduce((sum, { start, end }) => sum + end - start, 0);
  return { spec, parameters, sizeBytes };
}

function requireShape(folder: string, name: string, stored: readonly number[], wanted: readonly number[]): void {
  if (stored.join() === wanted.join()) return;
  throw new LabError(
    'model-invalid',
    phrase(
      '{0}: tensor {1} has shape [{2}], config.json asks for [{3}]',
      folder,
      name,
      stored.join(', '),
      wanted.join(', '),
    ),
    { remedy: phrase('Weights and config.json belong to different models.') },
  );
}

/** The name under which a tensor is stored: GPT-2 checkpoints may carry a prefix, an untied copy of a tied head is ignored. */
function storedName(files: Safetensors, name: string, folder: string): string {
  const found = [name, `${GPT2_PREFIX}${name}`].find((candidate) => files.entries.has(candidate));
  if (found) return found;
  throw new LabError('model-invalid', phrase('{0}: tensor {1} is missing from the weights', folder, name), {
    remedy: phrase('The download is incomplete, or config.json belongs to another model.'),
  });
}

const bytesOf = (data: Float32Array): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Writes a complete folder: weights as one F32 safetensors file, config and tokenizer files copied from `source`.
 * @param tensors canonical names; GPT-2 gets the prefix that `transformers` writes.
 */
export async function writeModelFolder(
  folder: string,
  source: string,
  spec: ModelSpec,
  tensors: readonly TensorSource[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(source)) {
    if (SIDE_FILES.test(name)) await copyFile(path.join(source, name), path.join(folder, name));
  }
  await writeFloat32Config(folder);
  const stored = tensors.map((tensor) => ({ ...tensor, name: exportedName(spec, tensor.name) }));
  await writeSafetensors(path.join(folder, 'model.safetensors'), stored);
}

const exportedName = (spec: ModelSpec, name: string): string =>
  spec.architecture === 'gpt2' && name !== 'lm_head.weight' ? `${GPT2_PREFIX}${name}` : name;

/** The copied config must tell the type that is really in the file. */
async function writeFloat32Config(folder: string): Promise<void> {
  const file = path.join(folder, 'config.json');
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  for (const key of ['torch_dtype', 'dtype']) if (key in config) config[key] = 'float32';
  await writeFile(file, `${JSON.stringify(config, null, 2)}\n`);
}
