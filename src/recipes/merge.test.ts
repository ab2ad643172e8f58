import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openSafetensors, writeSafetensors } from '../engine/safetensors.ts';
import { mergeLinear } from './merge.ts';

async function model(tensors: Record<string, number[]>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-merge-'));
  const sources = Object.entries(tensors).map(([name, values]) => ({
    name,
    shape: [values.length],
    data: () => Float32Array.from(values),
  }));
  await writeSafetensors(join(folder, 'model.safetensors'), sources);
  await writeFile(join(folder, 'config.json'), '{}');
  return folder;
}

async function merged(base: Record<string, number[]>, tuned: Record<string, number[]>, lambda: number) {
  const out = join(await mkdtemp(join(tmpdir(), 'lab-merge-')), 'out');
  await mergeLinear({ base: await model(base), tuned: await model(tuned), lambda, out });
  const weights = await openSafetensors(out);
  const values: Record<string, number[]> = {};
  for (const name of weights.names) values[name] = [...(await weights.read(name)).data];
  await weights.close();
  return { files: (await readdir(out)).sort(), values };
}

describe('mergeLinear', () => {
  test('interpolates every tensor and copies the other files', async () => {
    const result = await merged({ a: [0, 2], b: [1] }, { a: [4, 4], b: [-1] }, 0.25);
    expect(result.values).toEqual({ a: [1, 2.5], b: [0.5] });
    expect(result.files).toEqual(['config.json', 'model.safetensors']);
  });

  test('the ends are exact, and lambda may go beyond them', async () => {
    const base = { a: [0.1, 1 / 3] };
    const tuned = { a: [7, 1e-8] };
    expect((await merged(base, tuned, 0)).values['a']).toEqual([...Float32Array.from(base.a)]);
    expect((await merged(base, tuned, 1)).values['a']).toEqual([...Float32Array.from(tuned.a)]);
    expect((await merged({ a: [1] }, { a: [2] }, 1.5)).values['a']).toEqual([2.5]);
  });

  test('models that do not fit are refused by name', async () => {
    await expect(merged({ a: [1] }, { b: [1] }, 0.5)).rejects.toThrow(/b \(missing in the base\)/);
    await expect(merged({ a: [1] }, { a: [1, 2] }, 0.5)).rejects.toThrow(/a has shape \[1\] in the base and \[2\]/);
  });

  test('a prefix that only one export has does not matter', async () => {
    expect((await merged({ 'transformer.h': [0] }, { h: [2] }, 0.5)).values).toEqual({ h: [1] });
  });
});
