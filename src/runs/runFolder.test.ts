import { spawnSync } from 'node:child_process';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { syntheticRun } from '../report/testing/syntheticRun.ts';
import type { LogRecord, MetricRecord, StatusRecord } from '../shared/records.ts';
import {
  appendRecord,
  createRunFolder,
  glanceRun,
  isRunFolder,
  newRunId,
  readRun,
  repairRun,
  slug,
} from './runFolder.ts';

const { config } = syntheticRun().run;
const log = (message: string): LogRecord => ({ kind: 'log', at: '2026-01-01T00:00:00Z', level: 'info', message });

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'lab-run-')), 'run');
  await createRunFolder(folder, config);
});

describe('run folder', () => {
  test('refuses to overwrite a run', async () => {
    await expect(createRunFolder(folder, config)).rejects.toThrow(/already holds a run/);
  });

  test('reads back what was appended', async () => {
    await appendRecord(folder, log('one'));
    await appendRecord(folder, log('two'));
    const run = await readRun(folder);
    expect(run.log).toEqual([log('one'), log('two')]);
    expect(run.damagedLines).toEqual([]);
  });

  test('a glance has the configuration and the newest status, whatever else there is', async () => {
    const status = (state: 'running' | 'done'): StatusRecord => ({ kind: 'status', at: '2026-01-01', state, pid: 1 });
    expect(glanceRun(folder)).toEqual({ folder, config, status: undefined });
    await appendRecord(folder, status('running'));
    await appendRecord(folder, status('done'));
    await appendFile(join(folder, 'status.jsonl'), 'no json\n{"kind":"status","sta');
    expect(glanceRun(folder)).toEqual({ folder, config, status: status('done') });
    await writeFile(join(folder, 'config.json'), '{');
    expect(() => glanceRun(folder)).toThrow(/is not JSON/);
  });

  test('a damaged configuration marks a run by its status; a pipe is no file to wait for', async () => {
    await writeFile(join(folder, 'config.json'), '{');
    expect(isRunFolder(folder)).toBe(false);
    await writeFile(join(folder, 'status.jsonl'), '');
    expect(isRunFolder(folder)).toBe(true);
    await rm(join(folder, 'config.json'));
    spawnSync('mkfifo', [join(folder, 'config.json')]);
    expect(isRunFolder(folder)).toBe(false);
    await expect(readRun(folder)).rejects.toThrow(/config\.json is not a file/);
  });

  test('records mark a run whose configuration is gone', async () => {
    await rm(join(folder, 'config.json'));
    expect(isRunFolder(folder)).toBe(false);
    await appendRecord(folder, { kind: 'status', at: '2026-01-01', state: 'running', pid: 1 });
    expect(isRunFolder(folder)).toBe(true);
  });

  test('tolerates a cut last line, and repairing makes room for the next', async () => {
    await appendRecord(folder, log('one'));
    await appendFile(join(folder, 'log.jsonl'), '{"kind":"log","mess');
    const cut = await readRun(folder);
    expect(cut.log).toEqual([log('one')]);
    expect(cut.damagedLines).toEqual([]);
    await repairRun(folder);
    await appendRecord(folder, log('two'));
    expect((await readRun(folder)).log).toEqual([log('one'), log('two')]);
  });

  test('a whole last line without its line break is kept', async () => {
    await writeFile(join(folder, 'log.jsonl'), JSON.stringify(log('one')));
    await repairRun(folder);
    await appendRecord(folder, log('two'));
    expect((await readRun(folder)).log).toEqual([log('one'), log('two')]);
  });

  test('counts damaged lines in the middle', async () => {
    await writeFile(
      join(folder, 'log.jsonl'),
      `${JSON.stringify(log('one'))}\nnot json\n${JSON.stringify(log('two'))}\n`,
    );
    const run = await readRun(folder);
    expect(run.log).toHaveLength(2);
    expect(run.damagedLines).toEqual([{ file: 'log.jsonl', line: 2 }]);
  });

  test('of a step that was trained again the last line counts', async () => {
    const metric = (step: number, loss: number): MetricRecord => ({
      kind: 'metric',
      arm: 'a',
      lr: 1,
      seed: 0,
      stage: 1,
      step,
      steps: 2,
      'train/loss': loss,
      'train/grad_norm': 0,
      'train/lr': 0,
      'train/tokens': 0,
      'train/tokens_per_second': 0,
      at: '',
    });
    for (const record of [metric(1, 5), metric(2, 6), metric(2, 7)]) await appendRecord(folder, record);
    expect((await readRun(folder)).metrics.map((record) => record['train/loss'])).toEqual([5, 7]);
  });

  test('a folder without a configuration is named', async () => {
    await expect(readRun(tmpdir())).rejects.toThrow(/is not a run folder/);
  });

  test('the configuration is readable text', async () => {
    expect(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'))).toEqual(config);
  });
});

test('names', () => {
  expect(slug('Replay 10 %')).toBe('replay-10');
  expect(slug('遺忘')).toBe('x');
  expect(newRunId('Pocket', new Date(2026, 10, 21, 15, 3))).toMatch(/^pocket-20261121-1503-[0-9a-f]{4}$/);
});
