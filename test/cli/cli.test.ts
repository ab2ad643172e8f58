// The command line as people and scripts use it: the built bundle with the bundled model, in processes of their own.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { comparableFiles } from '../../src/runs/testing/fakeWorkspace.ts';

const cli = new URL('../../dist/cli.js', import.meta.url).pathname;

interface Result {
  code: number;
  out: string;
  err: string;
  lines: Record<string, unknown>[];
}

let workspace: string;

/** Runs the command line; `lines` are the lines of stdout that are JSON. */
function lab(...args: string[]): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { cwd: workspace, maxBuffer: 1 << 28 }, (error, out, err) => {
      const lines = out.split('\n').filter((line) => line.startsWith('{'));
      const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0;
      resolve({ code, out, err, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) });
    });
  });
}

const jsonLines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

const experiment = {
  name: 'small',
  model: 'pocket',
  learningRates: [0.001],
  training: { batchSize: 4, checkpointEvery: 1 },
  stages: [{ name: 'notes', dataset: 'train.jsonl', steps: 4, maxTokens: 8 }],
  arms: [{ name: 'ground truth' }, { name: 'mask', preset: 'stm' }],
  benchmarks: [{ name: 'words', data: 'words.jsonl', scorer: 'contains', maxTokens: 4, guard: false }],
};

beforeAll(async () => {
  if (!existsSync(cli)) throw new Error('dist/cli.js is missing: npm run build');
  workspace = await mkdtemp(join(tmpdir(), 'lab-cli-'));
  const rows = Array.from({ length: 10 }, (_, n) => ({
    prompt: `Note ${n}`,
    completion: `# ${n} #`,
    answer: String(n),
  }));
  await writeFile(join(workspace, 'train.jsonl'), jsonLines(rows));
  await writeFile(
    join(workspace, 'other.jsonl'),
    jsonLines(rows.map((row, n) => (n < 3 ? { ...row, completion: `It is ${n}.` } : row))),
  );
  await writeFile(join(workspace, 'words.jsonl'), jsonLines(rows.map(({ prompt, answer }) => ({ prompt, answer }))));
  await writeFile(join(workspace, 'small.experiment.yaml'), JSON.stringify(experiment));
});

afterAll(async () => {
  await rm(workspace, { recursive: true, force: true });
});

describe('help and errors', () => {
  test('every command has help with an example', async () => {
    const { out } = await lab('--help');
    const names = [...out.matchAll(/^ {2}([a-z]+) .*$/gm)].map((match) => match[1] as string);
    const expected = [
      'run',
      'resume',
      'list',
      'show',
      'report',
      'score',
      'generate',
      'targets',
      'diff',
      'eval',
      'merge',
      'doctor',
    ];
    expect(names).toEqual(expect.arrayContaining(expected));
    for (const name of expected) {
      const help = await lab(name, '--help');
      expect(help.code, name).toBe(0);
      expect(help.out, name).toMatch(/Example:\n {2}\$ forgetting-lab /);
      expect(help.out, name).toContain('--json');
    }
  });

  test('errors say what to do, as text and as JSON', async () => {
    const text = await lab('score', '--model', 'nowhere', '--text', 'hi');
    expect(text).toMatchObject({ code: 1, out: '' });
    expect(text.err).toMatch(/^Error: The model folder .*nowhere does not exist/);
    const json = await lab('score', '--model', 'nowhere', '--text', 'hi', '--json');
    expect(json.lines).toMatchObject([{ kind: 'error', code: 'file-not-found' }]);
    expect(json.code).toBe(1);
    const unknown = await lab('scroe', '--json');
    expect(unknown.lines).toMatchObject([
      { kind: 'error', code: 'usage', message: expect.stringContaining('score') as string },
    ]);
  });
});

describe('score and generate', () => {
  test('score prints every token with its place, then a summary', async () => {
    const text = '12 + 30 = 42. 你好!';
    const { lines, code, err } = await lab('score', '--model', 'pocket', '--text', text, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [item, summary] = lines as [Record<string, unknown>, Record<string, unknown>];
    const tokens = item['tokens'] as { id: number; text: string; start: number; end: number; logprob: number }[];
    expect(item).toMatchObject({ kind: 'item', index: 0 });
    expect(tokens.at(-1)?.end).toBe(text.length);
    const nll = tokens.reduce((sum, token) => sum - token.logprob, 0) / tokens.length;
    expect(item['nll']).toBeCloseTo(nll, 5);
    expect(item['ppl']).toBeCloseTo(Math.exp(nll), 3);
    expect(summary).toMatchObject({ kind: 'summary', items: 1, tokens: tokens.length, ppl_std: 0 });
  });

  test('score reads a dataset in order and counts what it drops', async () => {
    const file = join(workspace, 'some.jsonl');
    await writeFile(
      file,
      jsonLines([{ prompt: 'a', completion: 'b' }, { nothing: 1 }, { prompt: 'c', completion: 'd e f' }]),
    );
    const { lines } = await lab('score', '--model', 'pocket', '--data', file, '--json');
    expect(lines.map(({ kind, index, line }) => [kind, index, line])).toEqual([
      ['item', 0, 1],
      ['item', 1, 3],
      ['summary', undefined, undefined],
    ]);
    expect(lines.at(-1)?.['dropped']).toMatchObject([{ count: 1, first: 2 }]);
    const [one, two] = lines.slice(0, 2).map((line) => line['ppl'] as number) as [number, number];
    expect(lines.at(-1)?.['ppl_mean']).toBeCloseTo((one + two) / 2, 6);
    // Sample deviation of two values.
    expect(lines.at(-1)?.['ppl_std']).toBeCloseTo(Math.abs(one - two) / Math.SQRT2, 6);
  });

  test('generate prints one completion; the seed decides', async () => {
    const options = ['--model', 'pocket', '--prompt', 'What is 12 + 30?', '--max-tokens', '8', '--json'];
    const greedy = await lab('generate', ...options);
    expect(greedy.lines).toHaveLength(1);
    expect(greedy.lines[0]).toMatchObject({
      kind: 'completion',
      finish: expect.stringMatching(/^(stop|length)$/) as string,
    });
    const sampled = (seed: string) => lab('generate', ...options, '--temperature', '3', '--seed', seed);
    const [first, again, other] = await Promise.all([sampled('1'), sampled('1'), sampled('2')]);
    expect(again.out).toBe(first.out);
    expect(other.out).not.toBe(first.out);
  });
});

describe('targets, diff, merge, eval', () => {
  test('targets writes rows with provenance and mask', async () => {
    const out = join(workspace, 'stm.jsonl');
    const { lines, code } = await lab(
      'targets',
      '--model',
      'pocket',
      '--data',
      'train.jsonl',
      '--recipe',
      'stm',
      '--out',
      out,
      '--json',
    );
    expect(code).toBe(0);
    expect(lines).toMatchObject([{ kind: 'targets', recipe: 'stm', provenance: { ground_truth: 10 } }]);
    const row = JSON.parse((await readFile(out, 'utf8')).split('\n')[0] as string) as Record<string, unknown>;
    expect(row).toMatchObject({ provenance: 'ground_truth', answer: '0', source: { line: 1 } });
    for (const [start, end] of row['mask'] as [number, number][]) expect(start).toBeLessThan(end);
    const wrong = await lab(
      'targets',
      '--model',
      'pocket',
      '--data',
      'train.jsonl',
      '--recipe',
      'smt',
      '--out',
      out,
      '--json',
    );
    expect(wrong.lines[0]?.['remedy']).toMatch(/Did you mean "stm"/);
  });

  test('diff aligns by prompt and counts', async () => {
    const { lines } = await lab(
      'diff',
      'train.jsonl',
      'other.jsonl',
      '--model',
      'pocket',
      '--scorer',
      'contains',
      '--json',
    );
    const summary = lines.at(-1) as Record<string, Record<string, Record<string, number>>>;
    expect(summary).toMatchObject({ kind: 'summary', aligned: 10, differing: 3, only_a: 0, only_b: 0 });
    expect(summary['a']?.['differing']?.['items']).toBe(3);
    expect(summary['verified']).toMatchObject({ judged: 10, a: 10, b: 10 });
    expect(lines.filter(({ kind }) => kind === 'gap')).toHaveLength(3);
  });

  test('a model merged with itself is itself', async () => {
    const { code } = await lab('merge', 'pocket', 'pocket', '--lambda', '0.5', '--out', 'merged');
    expect(code).toBe(0);
    const score = async (model: string) => (await lab('score', '--model', model, '--text', 'one two', '--json')).out;
    expect(await score('merged')).toBe(await score('pocket'));
    expect(
      (await lab('merge', 'pocket', 'pocket', '--lambda', '0.5', '--out', 'merged', '--json')).lines[0],
    ).toMatchObject({
      kind: 'error',
      message: expect.stringContaining('already there') as string,
    });
  });

  test('eval measures a file of items', async () => {
    const { lines } = await lab(
      'eval',
      '--model',
      'pocket',
      '--benchmark',
      'words.jsonl',
      '--scorer',
      'contains',
      '--limit',
      '4',
      '--json',
    );
    expect(lines).toMatchObject([{ kind: 'evaluation', n: 4 }]);
  });
});

describe('run', () => {
  test('prints a plan without doing anything', async () => {
    const { lines, code } = await lab('run', 'small.experiment.yaml', '--dry-run', '--json');
    expect(code).toBe(0);
    expect(lines.at(-1)).toMatchObject({ kind: 'estimate', steps: 8, trainedExamples: 32 });
    expect(await readdir(workspace)).not.toContain('runs');
  });

  test('run, show, list; a killed run resumes to the same bytes', async () => {
    const whole = await lab('run', 'small.experiment.yaml', '--out', 'runs/whole', '--json');
    expect(whole.code, whole.err).toBe(0);
    const shown = await lab('show', 'whole', '--json');
    const cells = shown.lines.filter(({ kind }) => kind === 'cell');
    expect(cells.map(({ arm, stage, benchmark, n }) => [arm, stage, benchmark, n])).toEqual([
      ['base', 0, 'words', 10],
      ['ground truth', 1, 'words', 10],
      ['mask', 1, 'words', 10],
    ]);
    expect(shown.lines.some(({ kind, definition }) => kind === 'derived' && typeof definition === 'string')).toBe(true);
    // The list may also hold runs of the bundled example, from an `npm start` before the tests.
    const listed = (await lab('list', '--json')).lines.filter(({ experiment }) => experiment === 'small');
    expect(listed).toMatchObject([{ kind: 'run', id: 'whole', state: 'done' }]);

    const report = await lab('report', 'whole', '--out', 'report', '--json');
    expect(report.lines.map(({ kind }) => kind)).toEqual(Array(7).fill('file'));
    expect(await readFile(join(workspace, 'report', 'report.html'), 'utf8')).toMatch(/^<!doctype html>/i);
    expect(await readFile(join(workspace, 'report', 'matrix.csv'), 'utf8')).toContain('ground truth');

    const child = spawn(process.execPath, [cli, 'run', 'small.experiment.yaml', '--out', 'runs/killed', '--json'], {
      cwd: workspace,
    });
    child.stdout.on('data', (data: Buffer) => {
      if (data.includes('"what":"state"')) child.kill('SIGKILL');
    });
    await new Promise((resolve) => child.once('exit', resolve));
    const [killed] = (await lab('list', '--json')).lines.filter(({ id }) => id === 'killed');
    expect(killed).toMatchObject({ state: 'interrupted' });
    const resumed = await lab('resume', 'killed', '--json');
    expect(resumed.code, resumed.err).toBe(0);
    const files = async (name: string): Promise<[string, string][]> =>
      [...(await comparableFiles(join(workspace, 'runs', name)))].filter(([file]) =>
        /^(cells|drift|targets|items|checkpoints\/)/.test(file),
      );
    expect(await files('killed')).toEqual(await files('whole'));
  });

  test('a LoRA arm leaves an adapter that scores like the merged model, alone and on top of its base', async () => {
    const arms = [{ name: 'adapter', preset: 'lora' }];
    const stages = [{ ...experiment.stages[0], steps: 2 }];
    await writeFile(
      join(workspace, 'lora.experiment.yaml'),
      JSON.stringify({ ...experiment, name: 'lora', arms, stages }),
    );
    const out = join(workspace, 'lora-run');
    expect((await lab('run', 'lora.experiment.yaml', '--out', out)).code).toBe(0);
    const [trial = ''] = await readdir(join(out, 'checkpoints'));
    const model = join(out, 'checkpoints', trial, 'stage-1');
    const adapter = join(model, 'adapter');
    const nll = async (...options: string[]): Promise<number> =>
      Math.log(
        Number((await lab('score', '--text', 'Note 3\n# 3 #', '--json', ...options)).lines.at(-1)?.['ppl_mean']),
      );
    const merged = await nll('--model', model);
    expect(await nll('--model', adapter)).toBeCloseTo(merged, 4);
    expect(await nll('--model', 'pocket', '--adapter', adapter)).toBeCloseTo(merged, 4);
    expect(await nll('--model', 'pocket')).not.toBeCloseTo(merged, 4);
    const file = join(adapter, 'adapter_config.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...config, base_model_name_or_path: 'someone/model' }));
    const { code, err } = await lab('score', '--text', 'a', '--model', adapter);
    expect([code, err]).toEqual([1, expect.stringMatching(/LoRA adapter, and its base model "someone\/model" is not/)]);
  });

  test('Ctrl-C stops and saves', async () => {
    const child = spawn(process.execPath, [cli, 'run', 'small.experiment.yaml', '--out', 'runs/stopped', '--json'], {
      cwd: workspace,
    });
    let sent = false;
    child.stdout.on('data', (data: Buffer) => {
      if (!sent && data.includes('"kind":"metric"')) sent = child.kill('SIGINT');
    });
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(130);
    expect((await lab('list', '--json')).lines.find(({ id }) => id === 'stopped')).toMatchObject({ state: 'stopped' });
  });

  test('a broken experiment lists its problems', async () => {
    await writeFile(join(workspace, 'bad.yaml'), JSON.stringify({ ...experiment, seed: 3 }));
    const { lines, code } = await lab('run', 'bad.yaml', '--json');
    expect(code).toBe(1);
    expect(lines[0]).toMatchObject({
      code: 'experiment-invalid',
      message: expect.stringContaining('"seeds"') as string,
    });
  });
});
