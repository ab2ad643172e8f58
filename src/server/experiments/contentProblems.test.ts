import { copyFile, mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readData } from '../../runs/startRun.ts';
import { loadExperiment } from '../../runs/loadExperiment.ts';
import { pocketModelFolder } from '../../runs/packageRoot.ts';
import { fakeWorkspace } from '../../runs/testing/fakeWorkspace.ts';
import { inspectModelFolder } from '../../engine/model/modelFolder.ts';
import { loadTextSide } from '../../data/textSide.ts';
import { inEnglish } from '../../shared/phrase.ts';
import type { ExperimentDiagnostic } from '../../shared/protocol/lab/experiments.ts';
import { validateExperiment } from '../../shared/protocol/lab/experiments.ts';
import { memoryServer } from '../runs/testing/memoryServer.ts';
import { experimentsPart } from './experimentsPart.ts';

const lines = [
  'name: lab',
  'model: model',
  'stages:',
  '  - { name: first, steps: 5, verifier: { scorer: contains }, dataset: first.jsonl }',
  'arms:',
  '  - name: plain',
  'benchmarks:',
  '  - { name: skill, scorer: exact, data: skill.jsonl }',
  '',
];
const text = lines.join('\n');

interface Opened {
  folder: string;
  file: string;
  /** The problems of a text, by default of the one on disk. */
  diagnose: (
    typed?: string,
  ) => Promise<(Pick<ExperimentDiagnostic, 'code' | 'message'> & { shown: string | undefined })[]>;
}

/** A workspace whose model folder is a real one, with the experiment on disk. */
async function opened(): Promise<Opened> {
  const folder = await fakeWorkspace();
  await rm(join(folder, 'model'), { recursive: true });
  await copyModel(join(folder, 'model'));
  const file = join(folder, 'x.experiment.yaml');
  await writeFile(file, text);
  const server = await memoryServer(experimentsPart, folder);
  const diagnose: Opened['diagnose'] = async (typed = text) =>
    (await server.call(validateExperiment, { path: file, text: typed })).map(
      ({ range: { start, end }, code, message }) => ({
        code,
        message,
        shown: typed.split('\n')[start.line]?.slice(start.character, end.character),
      }),
    );
  return { folder, file, diagnose };
}

async function copyModel(folder: string): Promise<void> {
  await mkdir(folder);
  for (const name of await readdir(pocketModelFolder))
    await copyFile(join(pocketModelFolder, name), join(folder, name));
}

/** What a run would end with. */
async function wordsOfRun({ file, folder }: Opened): Promise<string> {
  const { experiment } = await loadExperiment(file);
  try {
    await loadTextSide(join(folder, 'model'));
    await inspectModelFolder(join(folder, 'model'));
    await readData(experiment);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('a run would not refuse it');
}

test('what can be used is no problem', async () => {
  expect(await (await opened()).diagnose()).toEqual([]);
});

test('an unknown scorer stands at its own place only', async () => {
  const { diagnose } = await opened();
  const found = await diagnose(text.replace('scorer: exact', 'scorer: exat'));
  expect(found.map(({ shown }) => shown)).toEqual(['exat']);
});

describe('the words of the command line stand where the path was typed:', () => {
  const config = 'model/config.json';
  const cases: [what: string, shown: string, says: RegExp, change: (folder: string) => Promise<void>][] = [
    [
      'a benchmark line that cannot be read',
      'skill.jsonl',
      /"skill", .* line 2: not valid JSON/,
      (folder) => writeFile(join(folder, 'skill.jsonl'), '{"prompt": "a", "answer": "b"}\n{broken\n'),
    ],
    [
      'a benchmark line that does not fit the scorer',
      'skill.jsonl',
      /line 1: /,
      (folder) => writeFile(join(folder, 'skill.jsonl'), '{"prompt": "a"}\n'),
    ],
    ['an empty benchmark', 'skill.jsonl', /has no items/, (folder) => writeFile(join(folder, 'skill.jsonl'), '\n')],
    [
      'a dataset without a usable row',
      'first.jsonl',
      /no usable rows: .*; all 2 rows were dropped, the first \(line 1\)/,
      (folder) => writeFile(join(folder, 'first.jsonl'), '{"x": 1}\n{"x": 2}\n'),
    ],
    ['an empty dataset', 'first.jsonl', /no usable rows/, (folder) => writeFile(join(folder, 'first.jsonl'), '')],
    [
      'a dataset in UTF-16',
      'first.jsonl',
      /is UTF-16 text/,
      (folder) => writeFile(join(folder, 'first.jsonl'), '\ufeff{"prompt": "a"}', 'utf16le'),
    ],
    ['missing weights', 'model', /no safetensors weights/, (folder) => rm(join(folder, 'model/model.safetensors'))],
    [
      'truncated weights',
      'model',
      /is truncated: tensor/,
      (folder) => truncate(join(folder, 'model/model.safetensors'), 200_000),
    ],
    [
      'an unknown architecture',
      'model',
      /mamba/,
      async (folder) => {
        const known = await readFile(join(folder, config), 'utf8');
        const renamed = known.replace(/"model_type":\s*"[^"]*"/, '"model_type": "mamba"');
        await writeFile(join(folder, config), renamed);
      },
    ],
    ['no tokenizer', 'model', /tokenizer\.json does not exist/, (folder) => rm(join(folder, 'model/tokenizer.json'))],
  ];
  for (const [what, shown, says, change] of cases) {
    test(what, async () => {
      const lab = await opened();
      await change(lab.folder);
      const found = await lab.diagnose();
      expect(found).toMatchObject([{ code: 'unusable-file', shown }]);
      const said = inEnglish(found[0]?.message ?? '');
      expect(said).toMatch(says);
      expect(said).toBe(await wordsOfRun(lab));
    });
  }
});

test('a file is read again when its size or time has changed, and only then', async () => {
  const { folder, diagnose } = await opened();
  const file = join(folder, 'skill.jsonl');
  const good = '{"prompt": "a", "answer": "b"}\n';
  await writeFile(file, good);
  const at = new Date('2026-01-01');
  await utimes(file, at, at);
  expect(await diagnose()).toEqual([]);
  await writeFile(file, 'x'.repeat(good.length));
  await utimes(file, at, at);
  expect(await diagnose()).toEqual([]);
  await utimes(file, at, new Date('2026-01-02'));
  expect(await diagnose()).toMatchObject([{ code: 'unusable-file', shown: 'skill.jsonl' }]);
});

test('reading is bounded: a large benchmark is looked at in front', async () => {
  const { folder, diagnose } = await opened();
  await writeFile(join(folder, 'skill.jsonl'), `${'{"prompt": "a", "answer": "b"}\n'.repeat(3000)}{broken\n`);
  expect(await diagnose()).toEqual([]);
});
