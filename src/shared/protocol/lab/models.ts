// Models that can be selected: found in the workspace, named in the settings, and the bundled pocket model.
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
  bundled: boolean;
  /** Why it cannot be used. */
  problem?: string;
}

/** `folders`: further places from the settings. */
export const listModels = request<{ folders?: string[] }, ModelSummary[]>('models/list');
export const modelsChanged = notification<Record<string, never>>('models/changed');
