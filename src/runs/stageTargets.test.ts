import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readRun } from './runFolder.ts';
import { startRun } from './startRun.ts';
import { FakeEngine } from './testing/fakeEngine.ts';
import { fakeExperiment, fakeWorkspace } from './testing/fakeWorkspace.ts';

interface Row {
  masked?: number[];
  mask?: [number, number][];
  logprobs: number[];
}

test('what a dataset masks in its own answers is not trained on, with or without the mask of the arm', async () => {
  const arms = [
    { name: 'ground truth', preset: 'sft' },
    { name: 'STM', preset: 'stm' },
    { name: 'other column', targets: { kind: 'column', field: 'native' } },
  ];
  const workspace = await fakeWorkspace({ arms, stages: fakeExperiment.stages.slice(0, 1) });
  // As a target file would have it: a mask, and numbers that belong to another model.
  const rows = Array.from({ length: 12 }, (_, n) => ({
    prompt: `q${n}`,
    completion: 'no',
    answer: 'no',
    native: 'no',
    mask: n % 2 === 0 ? [[0, 1]] : undefined,
    logprobs: [-1, -2, -3, -4, -5],
  }));
  await writeFile(join(workspace, 'first.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const signal = new AbortController().signal;
  const outcome = await startRun({
    file: join(workspace, 'lab.experiment.yaml'),
    out: join(workspace, 'runs/one'),
    startEngine: () => Promise.resolve(new FakeEngine()),
    listener: () => undefined,
    stop: signal,
    abort: signal,
  });
  expect(outcome.state).toBe('done');
  const run = await readRun(outcome.folder);
  const rowsOf = async (arm: string): Promise<Row[]> => {
    const record = run.targets.find((one) => one.arm === arm)!;
    const text = await readFile(join(outcome.folder, record.rows), 'utf8');
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Row);
  };
  const plain = await rowsOf('ground truth');
  expect(plain.map(({ mask }) => mask)).toEqual(rows.map(({ mask }) => mask));
  expect(plain.every(({ logprobs }) => logprobs.length === plain[0]!.logprobs.length && logprobs[4] !== -5)).toBe(true);
  const share = run.targets.find((one) => one.arm === 'ground truth')!.maskedShare;
  expect(share).toBeCloseTo((6 * plain[0]!.masked!.length) / (12 * plain[0]!.logprobs.length), 10);
  const stm = await rowsOf('STM');
  expect(stm.filter(({ masked }) => masked?.includes(plain[0]!.masked![0]!)).length).toBeGreaterThanOrEqual(6);
  expect((await rowsOf('other column')).every(({ masked }) => masked === undefined)).toBe(true);
});
