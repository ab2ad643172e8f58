import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { RunData } from '../shared/records.ts';
import { readRun } from './runFolder.ts';
import { startRun } from './startRun.ts';
import { FakeEngine } from './testing/fakeEngine.ts';
import { fakeExperiment, fakeWorkspace } from './testing/fakeWorkspace.ts';

interface Row {
  masked?: number[];
  mask?: [number, number][];
  logprobs: number[];
}

async function runOnce(workspace: string): Promise<RunData> {
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
  return readRun(outcome.folder);
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
  const run = await runOnce(workspace);
  const rowsOf = async (arm: string): Promise<Row[]> => {
    const record = run.targets.find((one) => one.arm === arm)!;
    const text = await readFile(join(run.folder, record.rows), 'utf8');
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

test('old examples that are too long are counted with the reason', async () => {
  const arms = [{ name: 'replay', preset: 'replay', mix: { kind: 'replay', dataset: 'old.jsonl', rate: 0.5 } }];
  const workspace = await fakeWorkspace({ arms, stages: fakeExperiment.stages.slice(0, 1) });
  const old = [...Array.from({ length: 20 }, (_, n) => `old ${n}`), 'x '.repeat(5000)];
  const rows = old.map((completion) => JSON.stringify({ prompt: 'q', completion }));
  await writeFile(join(workspace, 'old.jsonl'), `${rows.join('\n')}\n`);
  const { targets } = await runOnce(workspace);
  expect(targets[0]?.dropped).toEqual([
    {
      reason: expect.stringMatching(/^replay: longer than the model's context of \d+ tokens$/) as string,
      count: 1,
      first: 21,
    },
  ]);
});

test('targets are told by kinds of tokens, repeated rows and closeness to the greedy answer', async () => {
  const arms = [
    { name: 'ground truth', preset: 'sft' },
    { name: 'other column', targets: { kind: 'column', field: 'native' } },
  ];
  const workspace = await fakeWorkspace({ arms, stages: fakeExperiment.stages.slice(0, 1) });
  const rows = [0, 1, 2, 0].map((n) => ({ prompt: `q${n}`, completion: '7', answer: '7', native: 'ok' }));
  await writeFile(join(workspace, 'first.jsonl'), rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  const { targets } = await runOnce(workspace);
  const [truth, own] = targets;
  // The base answers "ok" to everything: two tokens, of which the target "7" has none.
  expect(truth?.greedy).toEqual({ rows: 4, editRatio: 1, tokenF1: 0 });
  expect(own?.greedy).toEqual({ rows: 4, editRatio: 0, tokenF1: 1 });
  expect(truth?.duplicateShare).toBe(0.25);
  expect(truth?.tokenKinds?.number?.share).toBeCloseTo(1 / (truth!.statistics.tokens / 4), 12);
  expect(own?.tokenKinds?.word?.hard).toBe(0);
  expect(own?.tokenKinds?.template?.share).toBeGreaterThan(0);
});
