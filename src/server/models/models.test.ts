import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pocketModelFolder } from '../../runs/packageRoot.ts';
import { ModelIndex } from './modelIndex.ts';
import { findModelFolders, labelOf } from './scan.ts';
import { inEnglish } from '../../shared/phrase.ts';

async function workspace(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-models-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

async function put(folder: string, config: object): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
}

describe('models', () => {
  test('the bundled model comes first, with facts from config and headers', async () => {
    const [pocket, ...others] = await new ModelIndex(await workspace()).list([]);
    expect(others).toEqual([]);
    expect(pocket).toMatchObject({ name: 'pocket', label: 'pocket', bundled: true, architecture: 'Llama' });
    expect(pocket?.problem).toBeUndefined();
    expect(pocket?.parameters).toBeGreaterThan(1_000_000);
    expect(pocket?.sizeBytes).toBeGreaterThanOrEqual(2 * (pocket?.parameters ?? 0));
    expect(pocket?.contextLength).toBeGreaterThan(100);
  });

  test('folders of the workspace and of the settings are found, those of runs are not', async () => {
    const root = await workspace();
    const elsewhere = await workspace();
    await cp(pocketModelFolder, join(root, 'models', 'mine'), { recursive: true });
    await cp(pocketModelFolder, join(root, 'runs', 'one', 'checkpoints', 'final'), { recursive: true });
    await cp(pocketModelFolder, join(elsewhere, 'other'), { recursive: true });
    await symlink(join(root, 'models'), join(root, 'again'));
    await put(join(root, 'tool'), { name: 'no model' });
    const models = await new ModelIndex(root).list([elsewhere, '/nowhere']);
    expect(models.slice(1).map(({ label }) => label)).toEqual(['mine', 'other']);
    expect(models.slice(1).every(({ problem, parameters }) => problem === undefined && parameters > 0)).toBe(true);
  });

  test('what cannot be used says why', async () => {
    const root = await workspace();
    await put(join(root, 'bert'), { model_type: 'bert' });
    await cp(pocketModelFolder, join(root, 'empty'), { recursive: true });
    await rm(join(root, 'empty', 'model.safetensors'));
    await cp(pocketModelFolder, join(root, 'mute'), { recursive: true });
    await rm(join(root, 'mute', 'tokenizer.json'));
    await cp(pocketModelFolder, join(root, 'torn'), { recursive: true });
    await writeFile(join(root, 'torn', 'model.safetensors'), 'no');
    const models = await new ModelIndex(root).list([]);
    const problems = Object.fromEntries(models.map(({ label, problem }) => [label, inEnglish(problem ?? '')]));
    expect(problems['bert']).toMatch(/model_type "bert" is not supported.*Supported are llama/);
    expect(problems['empty']).toMatch(/no safetensors weights/);
    expect(problems['mute']).toMatch(/tokenizer\.json: cannot be read/);
    expect(problems['torn']).toMatch(/too short for a safetensors header/);
  });

  test('a changed folder is read again, a removed one goes', async () => {
    const root = await workspace();
    const index = new ModelIndex(root);
    await put(join(root, 'm'), { model_type: 'bert' });
    expect((await index.list([]))[1]?.architecture).toBe('bert');
    await put(join(root, 'm'), { model_type: 'longformer' });
    expect((await index.list([]))[1]?.architecture).toBe('longformer');
    await rm(join(root, 'm'), { recursive: true });
    expect(await index.list([])).toHaveLength(1);
  });

  test('a search is bounded and can be cancelled', async () => {
    const root = await workspace();
    for (const name of ['a', 'b', 'c']) await put(join(root, name, 'deep'), { model_type: 'gpt2' });
    expect(await findModelFolders([root], undefined, { depth: 1, folders: 100 })).toEqual([]);
    expect(await findModelFolders([root], undefined, { depth: 2, folders: 5 })).toHaveLength(1);
    expect(await findModelFolders([root], AbortSignal.abort())).toEqual([]);
  });

  test('a label that says nothing takes its parent along', () => {
    expect(labelOf('/models/qwen3-0.6b')).toBe('qwen3-0.6b');
    expect(labelOf('/models/qwen3/final')).toBe('qwen3/final');
  });
});
