import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parseModelConfig } from './config.ts';
import { readModelFolder } from './modelFolder.ts';
import { listParameters, selectTrainable } from './parameters.ts';
import { rotaryTables } from './rotary.ts';
import { TINY_CONFIG, writeTinyModel } from '../../../test/engine/tinyModel.ts';

const temporary = mkdtempSync(path.join(os.tmpdir(), 'folder-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

let folder: string;
beforeEach(async () => {
  folder = await writeTinyModel(TINY_CONFIG, mkdtempSync(path.join(temporary, 'model-')));
});

const change = (config: object) =>
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify({ ...TINY_CONFIG, ...config }));

describe('a model folder', () => {
  it('reads tensors and hashes them', async () => {
    const model = await readModelFolder(folder);
    expect(model.tensors.size).toBe(listParameters(model.spec).length);
    expect(model.weightsHash).toMatch(/^[0-9a-f]{64}$/);
    expect((await readModelFolder(folder)).weightsHash).toBe(model.weightsHash);
  });

  it.each<[string, () => void, object]>([
    [
      'an unknown architecture',
      () => change({ model_type: 'mamba' }),
      { code: 'model-unsupported', message: expect.stringContaining('"mamba"') as string },
    ],
    [
      'a missing field',
      () => change({ hidden_size: undefined }),
      { code: 'model-invalid', message: expect.stringContaining('hidden_size') as string },
    ],
    [
      'wrong shapes',
      () => change({ vocab_size: 41 }),
      {
        code: 'model-invalid',
        message: expect.stringMatching(
          /embed_tokens.* has shape \[40, 32\], config.json asks for \[41, 32\]/,
        ) as string,
      },
    ],
    [
      'missing tensors',
      () => change({ num_hidden_layers: 3 }),
      { code: 'model-invalid', message: expect.stringContaining('model.layers.2') as string },
    ],
    [
      'a config that is not JSON',
      () => writeFileSync(path.join(folder, 'config.json'), '{'),
      { code: 'model-invalid' },
    ],
    ['no config', () => rmSync(path.join(folder, 'config.json')), { code: 'file-not-found' }],
    [
      'an unknown rope scaling',
      () => change({ rope_scaling: { rope_type: 'yarn', factor: 2 } }),
      { code: 'model-unsupported', message: expect.stringContaining('yarn') as string },
    ],
  ])('refuses %s', async (_, damage, expected) => {
    damage();
    await expect(readModelFolder(folder)).rejects.toMatchObject(expected);
  });

  it('does not touch what it reads', async () => {
    const before = readFileSync(path.join(folder, 'model.safetensors'));
    await readModelFolder(folder);
    expect(readFileSync(path.join(folder, 'model.safetensors'))).toEqual(before);
  });
});

describe('trainable sets', () => {
  const spec = parseModelConfig(TINY_CONFIG, 'x');
  const all = listParameters(spec).map((parameter) => parameter.name);

  it('cover everything, complements and ranges', () => {
    expect(selectTrainable(spec, { kind: 'full' })).toEqual(all);
    const attention = selectTrainable(spec, { kind: 'only', roles: ['attention'] });
    expect(attention).toHaveLength(2 * 4);
    const rest = selectTrainable(spec, { kind: 'freeze', roles: ['attention'] });
    expect([...attention, ...rest].sort()).toEqual([...all].sort());
    expect(
      selectTrainable(spec, { kind: 'only', layers: [1, 2] }).every((name) => name.startsWith('model.layers.1.')),
    ).toBe(true);
    expect(selectTrainable(spec, { kind: 'freeze', layers: [0, 1] })).toContain('model.embed_tokens.weight');
  });
});

describe('rotary tables', () => {
  const spec = parseModelConfig({ ...TINY_CONFIG, head_dim: 4, rope_theta: 100 }, 'x');

  it('hold cos and sin of position times frequency', () => {
    const { cosine, sine } = rotaryTables(spec, 3);
    // Frequencies 1 and 100^(-1/2) = 0.1.
    expect(cosine[2 * 2 + 1]).toBeCloseTo(Math.cos(0.2), 6);
    expect(sine[2 * 2]).toBeCloseTo(Math.sin(2), 6);
  });

  it('slow down low frequencies by the factor of Llama 3 and keep high ones', () => {
    const scaling = { kind: 'llama3' as const, factor: 8, lowFrequency: 1, highFrequency: 4, originalContext: 8 };
    const { cosine } = rotaryTables({ ...spec, ropeScaling: scaling }, 2);
    // Frequency 1 makes 8 / 2pi = 1.27 turns: blended; frequency 0.1 makes 0.127 turns: divided by 8.
    const blend = (8 / (2 * Math.PI) - 1) / 3;
    expect(cosine[2]).toBeCloseTo(Math.cos((1 - blend) / 8 + blend), 6);
    expect(cosine[3]).toBeCloseTo(Math.cos(0.1 / 8), 6);
  });
});
