// A model folder in one line: architecture, size and context, from config.json and the headers of the weights.
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { inspectModelFolder } from '../../engine/model/modelFolder.ts';
import { errorLine, onOneLine } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { ModelSummary } from '../../shared/protocol/lab/models.ts';
import { labelOf } from './scan.ts';

const names: Record<string, string> = {
  llama: 'Llama',
  mistral: 'Mistral',
  qwen2: 'Qwen2',
  qwen3: 'Qwen3',
  gpt2: 'GPT-2',
};

/** Never throws: what cannot be used says why. */
export async function summarizeModel(folder: string, bundled: boolean): Promise<ModelSummary> {
  const identity = { name: bundled ? 'pocket' : folder, folder, label: bundled ? 'pocket' : labelOf(folder), bundled };
  try {
    const { spec, parameters, sizeBytes } = await inspectModelFolder(folder);
    const { architecture, context: contextLength } = spec;
    const known = { architecture: names[architecture] ?? architecture, parameters, contextLength, sizeBytes };
    const hasTokenizer = await stat(join(folder, 'tokenizer.json')).then(
      () => true,
      () => false,
    );
    if (hasTokenizer) return { ...identity, ...known };
    return { ...identity, ...known, problem: noTokenizer(join(folder, 'tokenizer.json')) };
  } catch (error) {
    const architecture = await declaredType(folder);
    return {
      ...identity,
      architecture,
      parameters: 0,
      contextLength: 0,
      sizeBytes: 0,
      problem: errorLine(error),
    };
  }
}

const noTokenizer = (file: string): Words =>
  onOneLine({
    message: phrase('{0}: cannot be read', file),
    remedy: phrase('A model folder needs config.json, tokenizer.json and safetensors weights.'),
  });

async function declaredType(folder: string): Promise<string> {
  try {
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as { model_type?: unknown };
    return typeof config.model_type === 'string' ? (names[config.model_type] ?? config.model_type) : 'unknown';
  } catch {
    return 'unknown';
  }
}

/** Changes whenever a file of the folder does: names, sizes and times. */
export async function stampOf(folder: string): Promise<string> {
  const entries = await readdir(folder).catch(() => []);
  const parts = await Promise.all(
    entries
      .filter((name) => /\.(json|safetensors)$/.test(name))
      .sort()
      .map(async (name) => {
        const info = await stat(join(folder, name)).catch(() => undefined);
        return `${name} ${info?.size ?? ''} ${info?.mtimeMs ?? ''}`;
      }),
  );
  return parts.join('\n');
}
