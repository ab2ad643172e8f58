// Linear merge of two models (methods 4.1, arXiv 2412.19512; WiSE-FT 2109.01903 is the same operation), tensor by
// tensor in fp32, so that memory holds two tensors and not two models.
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openSafetensors, writeSafetensors } from '../engine/safetensors.ts';
import { LabError } from '../shared/errors.ts';
import { joined, phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';

/** (1 - lambda) * base + lambda * tuned, element by element. 0 gives the base's exact values and 1 the tuned one's. */
export function interpolate(base: Float32Array, tuned: Float32Array, lambda: number): Float32Array {
  if (lambda === 0) return base;
  if (lambda === 1) return tuned;
  return base.map((value, index) => (1 - lambda) * value + lambda * (tuned[index] as number));
}

/** Tensors that some exports contain and others leave out without any change of the model. */
const optionalTensors = /(\.attn\.(masked_)?bias|rotary_emb\.inv_freq|^lm_head\.weight)$/;

/** GPT-2 checkpoints come with and without this prefix. */
const plainName = (name: string): string => name.replace(/^transformer\./, '');

/** Writes a model folder with the interpolated weights; everything but the weights comes from the tuned folder. */
export async function mergeLinear(request: {
  base: string;
  tuned: string;
  lambda: number;
  out: string;
}): Promise<void> {
  const { lambda, out } = request;
  const base = await openSafetensors(request.base);
  const tuned = await openSafetensors(request.tuned);
  try {
    const baseNames = new Map(base.names.map((name) => [plainName(name), name]));
    const pairs = tuned.names
      .filter((name) => baseNames.has(plainName(name)) || !optionalTensors.test(name))
      .sort()
      .map((name) => ({ name, baseName: baseNames.get(plainName(name)) }));
    const tunedNames = new Set(tuned.names.map(plainName));
    const missing = [
      ...pairs
        .filter((pair) => pair.baseName === undefined)
        .map((pair) => phrase('{0} (missing in the base)', pair.name)),
      ...[...baseNames.keys()]
        .filter((name) => !tunedNames.has(name) && !optionalTensors.test(name))
        .map((name) => phrase('{0} (missing in the tuned model)', name)),
    ];
    if (missing.length > 0) throw mismatch(request, phrase('different tensors: {0}', joined(missing.slice(0, 3))));
    for (const { name, baseName } of pairs) {
      const shapes = [base.entries.get(baseName ?? '')?.shape ?? [], tuned.entries.get(name)?.shape ?? []];
      if (String(shapes[0]) !== String(shapes[1])) {
        throw mismatch(
          request,
          phrase(
            '{0} has shape [{1}] in the base and [{2}] in the tuned model',
            name,
            String(shapes[0]),
            String(shapes[1]),
          ),
        );
      }
    }
    await mkdir(out, { recursive: true });
    await copyOtherFiles(request.tuned, out);
    await writeSafetensors(
      join(out, 'model.safetensors'),
      pairs.map(({ name, baseName }) => ({
        name,
        shape: tuned.entries.get(name)?.shape ?? [],
        data: async () => interpolate((await base.read(baseName ?? '')).data, (await tuned.read(name)).data, lambda),
      })),
    );
  } finally {
    await base.close();
    await tuned.close();
  }
}

async function copyOtherFiles(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const weights = /\.(safetensors|bin|pt|pth|ckpt|h5|msgpack)$|\.safetensors\.index\.json$/.test(entry.name);
    if (entry.isFile() && !weights)
      await copyFile(join(from, entry.name), join(to, entry.name), constants.COPYFILE_FICLONE);
  }
}

function mismatch(request: { base: string; tuned: string }, what: Phrase): LabError {
  return new LabError('model-invalid', phrase('{0} and {1} cannot be merged: {2}', request.base, request.tuned, what), {
    remedy: phrase('Merging needs two models of the same architecture and vocabulary, one fine-tuned from the other'),
  });
}
