// Opens the model that a command or a session names: its text side and an engine that has loaded it.
import { resolve } from 'node:path';
import { loadTextSide } from '../data/textSide.ts';
import type { TextSide } from '../data/textSide.ts';
import { startEngine } from '../engine/client.ts';
import type { Device, Engine, ModelInfo } from '../engine/engine.ts';
import { pocketModelFolder } from '../runs/packageRoot.ts';

export interface ModelOptions {
  model: string;
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

/** Loads a model for inference, does something with it, and ends the engine whatever happens. */
export async function withModel<T>(options: ModelOptions, action: (model: OpenModel) => Promise<T>): Promise<T> {
  const folder = modelFolder(options.model);
  const side = await loadTextSide(folder);
  const engine = await startEngine();
  try {
    const info = await engine.load({
      folder,
      ...(options.device === undefined ? {} : { device: options.device }),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
    });
    return await action({ engine, info, side });
  } finally {
    await engine.dispose().catch(() => undefined); // an engine that died has told so already
  }
}
