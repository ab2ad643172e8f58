// A complete little workspace for tests: a fake model that answers "ok", two tasks to train on, benchmarks, and an
// experiment file over them.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { onTestFinished } from 'vitest';
import { chatModelFiles } from '../../data/testFolder.ts';
import { loadTextSide } from '../../data/textSide.ts';
import { writeFakeWeights } from './fakeEngine.ts';

/** Folder with `lab.experiment.yaml`, `model/` and data files; removed when the test ends. */
export async function fakeWorkspace(changes: Record<string, unknown> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lab-workspace-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFakeModel(join(folder, 'model'));
  const lines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  const numbers = Array.from({ length: 12 }, (_, index) => index);
  const task = (answer: string) => numbers.map((n) => ({ prompt: `q${n}`, completion: answer, answer }));
  await writeFile(join(folder, 'first.jsonl'), lines(task('no')));
  await writeFile(join(folder, 'second.jsonl'), lines(task('yes')));
  await writeFile(join(folder, 'old.jsonl'), lines(numbers.map((n) => ({ prompt: `old${n}`, completion: 'ok' }))));
  await writeFile(join(folder, 'mixed.jsonl'), lines([...task('no').slice(6), ...task('yes').slice(6)]));
  await writeFile(join(folder, 'neutral.jsonl'), lines(numbers.map((n) => ({ text: `some text ${n}` }))));
  await writeFile(join(folder, 'skill.jsonl'), lines(numbers.map((n) => ({ prompt: `s${n}`, answer: 'ok' }))));
  await writeFile(join(folder, 'new.jsonl'), lines(numbers.map((n) => ({ prompt: `n${n}`, answer: 'no' }))));
  await writeFile(join(folder, 'lab.experiment.yaml'), JSON.stringify({ ...fakeExperiment, ...changes }, null, 1));
  return folder;
}

/** Two stages, one arm on ground truth; learning rates are high because the fake model's logits are. */
export const fakeExperiment = {
  name: 'fake',
  model: 'model',
  seeds: [0],
  learningRates: [4],
  training: { batchSize: 4, checkpointEvery: 2, warmup: 0 },
  stages: [
    {
      name: 'first',
      dataset: 'first.jsonl',
      steps: 5,
      benchmark: 'new',
      verifier: { scorer: 'contains' },
      maxTokens: 8,
    },
    { name: 'second', dataset: 'second.jsonl', steps: 3, verifier: { scorer: 'contains' }, maxTokens: 8 },
  ],
  arms: [{ name: 'ground truth', preset: 'sft' }] as unknown[],
  benchmarks: [
    { name: 'skill', data: 'skill.jsonl', scorer: 'exact', maxTokens: 8 },
    { name: 'new', data: 'new.jsonl', scorer: 'exact', group: 'target', maxTokens: 8 },
  ],
  neutralText: 'neutral.jsonl',
};

async function writeFakeModel(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(chatModelFiles())) {
    await writeFile(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  const side = await loadTextSide(folder);
  const { tokenizer } = side;
  const [lineBreak, o, k] = tokenizer.encode('\nok').ids as [number, number, number];
  const end = side.stopIds.at(-1) as number;
  await writeFakeWeights(folder, tokenizer.vocabularySize, [
    [lineBreak, o],
    [o, k],
    [k, end],
  ]);
}

/** Every file of a run by path, without what may differ between equal runs: times and the lock. */
export async function comparableFiles(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.sort((a, b) => join(a.parentPath, a.name).localeCompare(join(b.parentPath, b.name)))) {
    const file = join(entry.parentPath, entry.name);
    const name = relative(folder, file);
    if (!entry.isFile() || ['config.json', 'status.jsonl', 'log.jsonl', 'lock.json'].includes(name)) continue;
    const bytes = await readFile(file);
    files.set(
      name,
      /\.(jsonl|about\.json)$/.test(name) ? withoutTimes(bytes.toString('utf8')) : bytes.toString('base64'),
    );
  }
  return files;
}

function withoutTimes(text: string): string {
  return text.replaceAll(/"(at|seconds|train\/tokens_per_second)":("[^"]*"|[-+.e0-9]+)/g, '"$1":0');
}
