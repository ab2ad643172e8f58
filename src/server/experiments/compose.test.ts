import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkExperiment } from '../../runs/loadExperiment.ts';
import { packageRoot } from '../../runs/packageRoot.ts';
import { inEnglish } from '../../shared/phrase.ts';
import type { NewExperimentChoices } from '../../shared/protocol/lab/experiments.ts';
import { composeText } from './compose.ts';
import { findMaterial } from './material.ts';
import { rowSampler } from './sampleRows.ts';

const example = join(packageRoot, 'examples', 'pocket');
const material = await findMaterial(example, rowSampler());

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-compose-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Choices as the wizard makes them from what is found. */
function choicesFor(arms: string[], changes: Partial<NewExperimentChoices> = {}): NewExperimentChoices {
  const [task] = material.tasks.filter(({ name }) => name === 'subtraction');
  if (!task) throw new Error('the example has no subtraction');
  return {
    name: 'new one',
    model: 'pocket',
    tasks: [{ ...task, benchmark: 'subtraction' }],
    arms,
    benchmarks: material.benchmarks.map((one) => ({ ...one, scorer: one.scorer ?? 'contains' })),
    device: 'auto',
    ...(material.neutralText === undefined ? {} : { neutralText: material.neutralText }),
    ...(material.replay === undefined ? {} : { replay: material.replay }),
    ...changes,
  };
}

describe('material', () => {
  test('is what the experiments of the workspace say about its files', () => {
    expect(material.folder).toBe(example);
    expect(
      material.tasks
        .map(({ name }) => name)
        .slice(0, 3)
        .sort(),
    ).toEqual(['new calls', 'new language', 'subtraction']);
    expect(material.tasks.find(({ name }) => name === 'subtraction')).toMatchObject({
      rows: expect.any(Number) as number,
      verifier: { scorer: 'last_number', field: 'answer' },
      rawText: false,
    });
    expect(material.tasks.find(({ name }) => name === 'new language')).toMatchObject({ rawText: true });
    expect(material.benchmarks.find(({ name }) => name === 'sentiment')).toMatchObject({
      scorer: 'choice',
      chance: 0.5,
    });
    expect(material.benchmarks.find(({ name }) => name === 'refusal')).toMatchObject({ group: 'safety' });
    expect(material.neutralText).toBe(join(example, 'data', 'neutral.jsonl'));
    const recipes = ['ground-truth', 'self-output', 'rephrase', 'rephrase-sdft', 'stm', 'random-mask'];
    expect(material.recipes.map(({ id }) => id)).toEqual(recipes);
    expect(material.recipes.filter(({ writes }) => writes).map(({ id }) => id)).toEqual(recipes.slice(1, 4));
    expect(material.replay).toBe(join(example, 'data', 'replay.jsonl'));
  });

  test('without any experiment comes from the rows', async () => {
    const folder = await temporaryFolder();
    await cp(join(example, 'data'), join(folder, 'data'), { recursive: true });
    await cp(join(example, 'benchmarks'), join(folder, 'benchmarks'), { recursive: true });
    await mkdir(join(folder, 'runs', 'x'), { recursive: true });
    await writeFile(join(folder, 'runs', 'x', 'cells.jsonl'), '{"prompt":"a","answer":"b"}\n');
    await writeFile(join(folder, 'broken.jsonl'), '{"prompt":\n');
    await writeFile(join(folder, 'object.json'), '{\n "a": 1 }\n');
    const found = await findMaterial(folder, rowSampler());
    expect(found.folder).toBe(folder);
    const scorers = Object.fromEntries(found.benchmarks.map(({ name, scorer }) => [name, scorer]));
    expect(scorers).toEqual({
      arithmetic: 'last_number',
      calls: 'call',
      chinese: 'contains',
      harmless: 'no_refusal',
      json: 'json_answer',
      'new-calls': 'call',
      'new-language': 'minimal_pair',
      objects: 'choice',
      refusal: 'refusal',
      sentiment: 'choice',
      sorting: 'sequence',
      subtraction: 'last_number',
    });
    const groups = found.benchmarks.filter(({ group }) => group === 'target').map(({ name }) => name);
    expect(groups.sort()).toEqual(['new-calls', 'new-language', 'subtraction']);
    expect(found.tasks.map(({ file }) => file).every((file) => file.startsWith(join(folder, 'data')))).toBe(true);
  });

  test('lies in linked folders as well, but not in runs', async () => {
    const folder = await temporaryFolder();
    await symlink(join(example, 'data'), join(folder, 'data'));
    const scratch = await temporaryFolder();
    await mkdir(join(scratch, 'one'));
    await writeFile(join(scratch, 'one', 'config.json'), '{"formatVersion": 1}');
    await writeFile(join(scratch, 'one', 'cells.jsonl'), '{"prompt":"a","completion":"b"}\n');
    await symlink(scratch, join(folder, 'results'));
    const { tasks } = await findMaterial(folder, rowSampler());
    expect(tasks.map(({ file }) => file)).toContain(join(folder, 'data', 'subtraction.jsonl'));
    expect(tasks.every(({ file }) => file.startsWith(join(folder, 'data')))).toBe(true);
  });

  test('has the names that are taken', () => {
    expect(material.names).toMatchObject({ pocket: join(example, 'pocket.experiment.yaml') });
  });

  test('row numbers are counted', () => {
    expect(material.benchmarks.every(({ items }) => items > 10)).toBe(true);
    expect(material.tasks.find(({ name }) => name === 'subtraction')?.rows).toBeGreaterThan(100);
  });
});

describe('a file too long to be counted', () => {
  async function longTask() {
    const folder = await temporaryFolder();
    const line = (at: number): string => `{"prompt":"What is ${at}?","completion":"${'x'.repeat(at % 7)}"}\n`;
    await writeFile(join(folder, 'long.jsonl'), Array.from({ length: 5000 }, (_, at) => line(at)).join(''));
    await writeFile(join(folder, 'short.jsonl'), line(1).repeat(3));
    const { tasks } = await findMaterial(folder, rowSampler());
    return { folder, task: (name: string) => tasks.find((task) => task.name === name)! };
  }

  test('has an estimate that is called one', async () => {
    const { task } = await longTask();
    expect(task('long').rowsEstimated).toBe(true);
    expect(Math.abs(task('long').rows - 5000)).toBeLessThan(250);
    expect(task('short')).toMatchObject({ rows: 3, rowsEstimated: false });
  });

  test('is not written into an experiment as if it were counted', async () => {
    const { folder, task } = await longTask();
    const text = composeText(join(folder, 'new.experiment.yaml'), choicesFor(['sft'], { tasks: [task('long')] }));
    expect(text).toMatch(/passes over about \d,\d\d0 rows/);
    const counted = composeText(join(folder, 'new.experiment.yaml'), choicesFor(['sft'], { tasks: [task('short')] }));
    expect(counted).toMatch(/passes over 3 rows/);
  });
});

describe('the text of a new experiment', () => {
  const path = join(example, 'new one.experiment.yaml');

  test('is valid for every preset alone and for all together', async () => {
    const ids = material.presets.map(({ id }) => id);
    for (const arms of [...ids.map((id) => [id]), ids]) {
      const { problems, loaded } = await checkExperiment(path, composeText(path, choicesFor(arms)));
      expect([arms, problems]).toEqual([arms, []]);
      expect(loaded?.arms).toHaveLength(arms.length);
    }
  });

  test('is valid for every task, several tasks, every device, other models and other folders', async () => {
    const tasks = material.tasks.filter(({ rawText, verifier }) => rawText || verifier);
    expect(tasks.length).toBeGreaterThan(2);
    const variants: Partial<NewExperimentChoices>[] = [
      ...tasks.map((task) => ({ tasks: [task] })),
      { tasks },
      ...(['auto', 'cpu', 'webgpu', 'cuda'] as const).map((device) => ({ device })),
      { model: join(packageRoot, 'media', 'pocket') },
      { model: example },
      ...['a: b', '- x', '#1', 'true', '遺忘', '"quoted"', "it's", '1e3', 'a, b', '[x]', 'x # y'].map((name) => ({
        name,
      })),
    ];
    for (const where of [path, join(example, 'below', 'x.experiment.yaml'), join(packageRoot, 'x.experiment.yaml')]) {
      for (const variant of variants) {
        const choices = choicesFor(['sft', 'self-output'], variant);
        const { problems, loaded } = await checkExperiment(where, composeText(where, choices));
        expect([variant, problems]).toEqual([variant, []]);
        expect(loaded?.experiment.name).toBe(choices.name);
        expect(loaded?.experiment.stages.map(({ dataset }) => dataset)).toEqual(choices.tasks.map(({ file }) => file));
        expect(loaded?.experiment.benchmarks.map(({ data }) => data)).toEqual(
          choices.benchmarks.map(({ file }) => file),
        );
      }
    }
  });

  test('reads like a file that a person wrote', () => {
    const text = composeText(path, choicesFor(['sft', 'self-output', 'replay', 'lora']));
    expect(text).toContain('    dataset: data/subtraction.jsonl\n    benchmark: subtraction\n    steps: ');
    expect(text).toContain('    verifier: { scorer: last_number, field: answer }\n    maxTokens: 40\n');
    expect(text).toContain('\n# forgetting-lab run "new one.experiment.yaml"\n');
    expect(text).toContain('  # SFT on ground truth\n  - name: ground truth\n    preset: sft\n');
    expect(text).toContain('    mix: { kind: replay, dataset: data/replay.jsonl }\n');
    expect(text).toContain('    targets: { kind: self-output, samples: 8 } # the paper draws 32\n');
    expect(text).toContain('    learningRates: [1.3e-2] # low-rank');
    expect(text).toContain('  - { name: sentiment, data: benchmarks/sentiment.jsonl, scorer: choice, group: skill,');
    expect(text).not.toMatch(/undefined|NaN|[ \t]$/m);
  });

  test('with a wrong choice says so before it is written', async () => {
    const firstProblem = async (text: string): Promise<string> =>
      inEnglish((await checkExperiment(path, text)).problems[0]?.message ?? '');
    const wrong = composeText(path, choicesFor(['sft'], { name: 'a/b' }));
    expect(await firstProblem(wrong)).toMatch(/must not contain slashes/);
    const bare = { ...choicesFor(['replay']) };
    delete bare.replay;
    expect(await firstProblem(composeText(path, bare))).toMatch(/needs mix/);
  });
});
