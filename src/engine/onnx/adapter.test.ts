// PEFT folders that cannot be carried out in full are refused by name: nothing in an adapter is ignored.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readAdapter } from './adapter.ts';
import { parseModelConfig } from '../model/config.ts';
import { writeSafetensors } from '../safetensors.ts';

const root = mkdtempSync(path.join(os.tmpdir(), 'adapter-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const spec = parseModelConfig(
  {
    model_type: 'llama',
    hidden_size: 4,
    intermediate_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 1,
    vocab_size: 10,
    max_position_embeddings: 16,
  },
  'config.json',
);

const settings = { peft_type: 'LORA', r: 1, lora_alpha: 2, target_modules: ['q_proj'] };
const query = (layer: number) => `base_model.model.model.layers.${layer}.self_attn.q_proj`;
const complete = [0, 1].flatMap((layer) => [
  { name: `${query(layer)}.lora_A.weight`, shape: [1, 4] },
  { name: `${query(layer)}.lora_B.weight`, shape: [4, 1] },
]);

let count = 0;
async function write(tensors: { name: string; shape: number[] }[], config: object = {}): Promise<string> {
  const folder = path.join(root, String(count++));
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'adapter_config.json'), JSON.stringify({ ...settings, ...config }));
  const filled = tensors.map((tensor) => ({
    ...tensor,
    data: () => new Float32Array(tensor.shape[0]! * tensor.shape[1]!),
  }));
  await writeSafetensors(path.join(folder, 'adapter_model.safetensors'), filled);
  return folder;
}

describe('readAdapter', () => {
  it('takes the targets from the tensors, however target_modules addresses them', async () => {
    for (const target_modules of [['q_proj'], ['self_attn.q_proj'], '.*q_proj']) {
      const { lora } = await readAdapter(await write(complete, { target_modules }), spec);
      expect(lora).toEqual({ rank: 1, alpha: 2, targets: ['q_proj'] });
    }
  });

  it('turns the scale of rsLoRA into an alpha', async () => {
    // alpha / sqrt(r) = 6 / 2 = 3 = 12 / 4
    const tensors = complete.map(({ name, shape }) => ({ name, shape: shape.map((size) => (size === 1 ? 4 : size)) }));
    const { lora } = await readAdapter(await write(tensors, { r: 4, lora_alpha: 6, use_rslora: true }), spec);
    expect(lora).toMatchObject({ rank: 4, alpha: 12 });
  });

  it('refuses tensors it has no place for', async () => {
    const name = 'base_model.model.lm_head.lora_A.weight';
    await expect(readAdapter(await write([...complete, { name, shape: [1, 4] }]), spec)).rejects.toThrow(
      `no place for tensor ${name}`,
    );
    const dora = `${query(0)}.lora_magnitude_vector`;
    await expect(readAdapter(await write([...complete, { name: dora, shape: [4, 1] }]), spec)).rejects.toThrow(dora);
  });

  it('refuses adapters of some layers only', async () => {
    await expect(readAdapter(await write(complete.slice(0, 2)), spec)).rejects.toThrow(
      `tensor ${query(1)}.lora_A.weight is missing`,
    );
  });

  it.each([
    [{ use_dora: true }, 'DoRA'],
    [{ bias: 'all' }, 'trained biases'],
    [{ modules_to_save: ['lm_head'] }, 'modules_to_save'],
    [{ rank_pattern: { q_proj: 2 } }, 'rank_pattern'],
    [{ alpha_pattern: { q_proj: 2 } }, 'alpha_pattern'],
  ])('refuses %j', async (config, name) => {
    await expect(readAdapter(await write(complete, config), spec)).rejects.toThrow(`${name} is not supported`);
  });
});
