import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadExperiment } from '../../runs/loadExperiment.ts';
import { pocketModelFolder } from '../../runs/packageRoot.ts';
import { createRunFolder } from '../../runs/runFolder.ts';
import { fakeWorkspace } from '../../runs/testing/fakeWorkspace.ts';
import type { RunConfig } from '../../shared/records.ts';
import { rerunText } from './rerun.ts';

/** A run folder with the configuration of an experiment file, as starting it would write it. */
async function runOf(file: string, changes: Partial<RunConfig['experiment']> = {}): Promise<string> {
  const { experiment, arms } = await loadExperiment(file);
  const folder = join(dirname(file), 'runs', 'some-run');
  await mkdir(dirname(folder), { recursive: true });
  await createRunFolder(folder, {
    formatVersion: 1,
    id: 'some-run',
    createdAt: '2026-01-01T00:00:00Z',
    experiment: { ...experiment, ...changes },
    arms,
    versions: { forgettingLab: '0', node: '0', onnxruntime: '0', platform: 'x' },
    model: {
      folder: experiment.model,
      architecture: 'llama',
      parameters: 1,
      layers: 1,
      contextLength: 8,
      weightsHash: '',
      tokenizerHash: '',
      templateHash: '',
    },
    device: { name: 'cpu', reason: '', threads: 1 },
    dataHashes: {},
    lossNormalization: 'token-mean',
  });
  return folder;
}

const everything = {
  description: 'A "hard" one: with, signs # and 遺忘',
  learningRates: [0.0003, 1e-8, 4],
  seeds: [0, 7],
  device: 'cpu',
  threads: 2,
  forgettingBudget: 0.1,
  arms: [
    { name: 'ground truth', preset: 'sft' },
    { name: 'own: words', preset: 'self-output', targets: { kind: 'self-output', samples: 2 } },
    { name: '- dash', preset: 'replay', mix: { kind: 'replay', dataset: 'old.jsonl' } },
    { name: 'true', targets: { kind: 'rephrase', instruction: '{question}\n\nAnswer: "yes"\n  {reference}\n' } },
    { name: 'LoRA', preset: 'lora-qv', learningRates: [0.003] },
    { name: 'some', trainable: { kind: 'only', roles: ['mlp'], layers: [0, 1] }, mask: { kind: 'random', rate: 0.25 } },
    { name: 'merge', weightStep: { kind: 'linear-merge', lambda: 0.3 }, mask: { kind: 'stm' } },
  ],
};

describe('rerun', () => {
  test('configuration to file to configuration is the same', async () => {
    const folder = await fakeWorkspace(everything);
    const original = join(folder, 'lab.experiment.yaml');
    const run = await runOf(original);
    for (const target of [
      undefined,
      join(folder, 'deep', 'er', 'x.experiment.yaml'),
      join(folder, 'x.experiment.json'),
    ]) {
      const { path, text } = await rerunText(run, target);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
      const again = await loadExperiment(path);
      const before = await loadExperiment(original);
      const name = target === undefined ? 'fake-2' : 'fake';
      expect(again.experiment).toEqual({ ...before.experiment, name });
      expect(again.arms).toEqual(before.arms);
    }
  });

  test('what was changed for the run is in the text', async () => {
    const folder = await fakeWorkspace();
    const { text } = await rerunText(await runOf(join(folder, 'lab.experiment.yaml'), { device: 'cpu', threads: 3 }));
    expect(text).toMatch(/^device: cpu$/m);
    expect(text).toMatch(/^threads: 3$/m);
  });

  test('lies beside the experiment, under the next free name, with relative paths on short lines', async () => {
    const folder = await fakeWorkspace();
    const run = await runOf(join(folder, 'lab.experiment.yaml'));
    const first = await rerunText(run);
    expect(first.path).toBe(join(folder, 'fake-2.experiment.yaml'));
    expect(first.text).toMatch(/^name: fake-2$/m);
    await writeFile(first.path, 'taken');
    expect((await rerunText(run)).path).toBe(join(folder, 'fake-3.experiment.yaml'));
    await writeFile(join(folder, 'called-otherwise.experiment.yaml'), 'name: fake-3');
    expect((await rerunText(run)).path).toBe(join(folder, 'fake-4.experiment.yaml'));
    expect(await readFile(first.path, 'utf8')).toBe('taken');
    expect(first.text).toMatch(/^# The configuration that the run some-run really had/);
    expect(first.text).not.toContain(folder);
    expect(first.text).toContain('  - { name: skill, data: skill.jsonl, scorer: exact,');
    expect(first.text).toContain('    verifier: { scorer: contains, field: answer }\n');
    expect(first.text).toContain('\nseeds: [ 0 ]\n');
  });

  test('a bundled model that has moved is still the bundled one', async () => {
    const folder = await fakeWorkspace();
    const file = join(folder, 'lab.experiment.yaml');
    const old = join(folder, 'extensions', 'lab-0.0.1', 'media', 'pocket');
    expect((await rerunText(await runOf(file, { model: old }))).text).toMatch(/^model: pocket$/m);
    await rename(join(folder, 'runs'), join(folder, 'runs-1'));
    expect((await rerunText(await runOf(file, { model: pocketModelFolder }))).text).toMatch(/^model: pocket$/m);
  });

  test('a folder that is no run is named', async () => {
    await expect(rerunText('/nowhere/run')).rejects.toThrow(/\/nowhere\/run/);
  });
});
