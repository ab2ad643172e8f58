// Opens the model that a command or a session names: its text side and an engine that has loaded it.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { loadTextSide } from '../data/textSide.ts';
import type { TextFacts, TextSide } from '../data/textSide.ts';
import { startEngine } from '../engine/client.ts';
import type { Device, Engine, ModelInfo } from '../engine/engine.ts';
import { pocketModelFolder } from '../runs/packageRoot.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import { exists } from './exists.ts';

export interface ModelOptions {
  /** A model folder, `pocket`, or a folder with a LoRA adapter in PEFT's layout. */
  model: string;
  /** LoRA adapter folder to put on top of the model. */
  adapter?: string;
  device?: Device;
  threads?: number;
}

export interface OpenModel {
  engine: Engine;
  info: ModelInfo;
  side: TextSide;
}

/** The folder of a model as a person names it; `pocket` is the bundled one. */
export function modelFolder(name: string): string {
  return name === 'pocket' ? pocketModelFolder : resolve(name);
}

/** The base and the adapter: an adapter folder that is named alone says what its base is. */
async function findWeights({ model, adapter }: ModelOptions): Promise<{ folder: string; adapter?: string }> {
  const folder = modelFolder(model);
  if (adapter !== undefined) return { folder, adapter: resolve(adapter) };
  const base = await baseOfAdapter(folder);
  return base === undefined ? { folder } : { folder: base, adapter: folder };
}

/** The base model's folder when `folder` holds an adapter and no model. Throws when that base is not on this machine. */
async function baseOfAdapter(folder: string): Promise<string | undefined> {
  if (await exists(join(folder, 'config.json'))) return undefined;
  const text = await readFile(join(folder, 'adapter_config.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { base_model_name_or_path: named } = parseJson(text);
  const base = typeof named === 'string' && named !== '' ? resolve(folder, named) : undefined;
  if (base !== undefined && (await exists(join(base, 'config.json')))) return base;
  throw new LabError(
    'model-invalid',
    typeof named === 'string'
      ? phrase('{0} holds a LoRA adapter, and its base model "{1}" is not a folder here', folder, named)
      : phrase('{0} holds a LoRA adapter, and its base model is not a folder here', folder),
    { remedy: phrase('Name the folder of the base model with --model and this folder with --adapter') },
  );
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {}; // the error names the folder
  }
}

/** Reads the textual side of a model folder, perhaps in another thread. Throws what is wrong with it. */
export type ReadFacts = (folder: string) => Promise<TextFacts>;

/** What can be said of a model before it is loaded: it is there, with its tokenizer and an adapter's base. */
export async function requireModel(
  options: Pick<ModelOptions, 'model'>,
  readFacts: ReadFacts = loadTextSide,
): Promise<void> {
  await readFacts((await findWeights(options)).folder);
}

/** Loads a model for inference, does something with it, and ends the engine whatever happens. */
export async function withModel<T>(options: ModelOptions, action: (model: OpenModel) => Promise<T>): Promise<T> {
  const { folder, adapter } = await findWeights(options);
  const side = await loadTextSide(folder);
  const engine = await startEngine();
  try {
    const info = await engine.load({
      folder,
      ...(adapter === undefined ? {} : { adapter }),
      ...(options.device === undefined ? {} : { device: options.device }),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
    });
    return await action({ engine, info, side });
  } finally {
    await engine.dispose().catch(() => undefined); // an engine that died has told so already
  }
}
