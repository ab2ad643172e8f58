// Models that can be selected: found in the workspace, named in the settings, and the bundled pocket model.
import type { Words } from '../../phrase.ts';
import { notification, request } from './message.ts';

export interface ModelSummary {
  /** Absolute folder, or `pocket` for the bundled model: what an experiment file's `model` takes. */
  name: string;
  folder: string;
  label: string;
  /** `LlamaForCausalLM` in short: Llama, Qwen3, GPT-2... */
  architecture: string;
  parameters: number;
  contextLength: number;
  /** Of the weights on disk, bytes. */
  sizeBytes: number;
  bundled: boolean;
  /** Why it cannot be used, with the remedy. Parameters and lengths that are not known are 0. */
  problem?: Words;
}

/** `folders`: further places from the settings. */
export const listModels = request<{ folders?: string[] }, ModelSummary[]>('models/list');
export const modelsChanged = notification<Record<string, never>>('models/changed');
