// What the pocket lab must show, over three seeds on the real engine and model (methods 10.3): the directions of the
// literature at one matched learning rate. Runs with FORGETTING_LAB_SLOW=1 (`npm run test:slow`, and in CI).
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { startEngine } from '../../src/engine/client.ts';
import { readRun } from '../../src/runs/runFolder.ts';
import { startRun } from '../../src/runs/startRun.ts';
import type { CellRecord, RunData } from '../../src/shared/records.ts';
import { inEnglish } from '../../src/shared/phrase.ts';

const example = path.resolve('examples/pocket');
const slow = process.env.FORGETTING_LAB_SLOW === '1';
const SEEDS = [0, 1, 2];

interface Declared {
  seeds: number[];
  learningRates: number[];
  arms: object[];
  stages: { dataset: string; steps: number; limit?: number }[];
  benchmarks: { data: string; limit?: number }[];
  neutralText?: string;
}

/** The shipped experiment with other arms and seeds, its paths made absolute. */
function variant(change: (experiment: Declared) => void): Declared {
  const experiment = parse(readFileSync(path.join(example, 'pocket.experiment.yaml'), 'utf8')) as Declared;
  const absolute = (file: string) => path.join(example, file);
  for (const stage of experiment.stages) stage.dataset = absolute(stage.dataset);
  for (const benchmark of experiment.benchmarks) benchmark.data = absolute(benchmark.data);
  if (experiment.neutralText) experiment.neutralText = absolute(experiment.neutralText);
  change(experiment);
  return experiment;
}

async function runExperiment(folder: string, name: string, experiment: Declared): Promise<RunData> {
  const file = path.join(folder, `${name}.experiment.yaml`);
  writeFileSync(file, stringify(experiment));
  const never = new AbortController().signal;
  const out = path.join(folder, name);
  const outcome = await startRun({
    file,
    out,
    device: 'cpu',
    startEngine,
    listener: () => undefined,
    stop: never,
    abort: never,
  });
  expect(outcome.state, inEnglish(outcome.reason ?? '')).toBe('done');
  return readRun(out);
}

const isRetention = (run: RunData, cell: CellRecord): boolean =>
  run.config.experiment.benchmarks.find((one) => one.name === cell.benchmark)!.group !== 'target';
const average = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Mean change against the base in points (100 x score), over old benchmarks and seeds, or on the target. */
function change(run: RunData, arm: string, which: 'retention' | 'target'): number {
  const base = new Map(run.cells.filter((cell) => cell.stage === 0).map((cell) => [cell.benchmark, cell]));
  const cells = run.cells.filter(
    (cell) => cell.arm === arm && cell.stage === 1 && isRetention(run, cell) === (which === 'retention'),
  );
  expect(new Set(cells.map((cell) => cell.seed)).size).toBe(run.config.experiment.seeds.length);
  return 100 * average(cells.map((cell) => cell.score - base.get(cell.benchmark)!.score));
}

describe.skipIf(!slow)('the pocket lab over three seeds', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'pocket-'));
  let run: RunData;
  const lost = (arm: string) => -change(run, arm, 'retention');
  const gained = (arm: string) => change(run, arm, 'target');

  beforeAll(async () => {
    const replay = { kind: 'replay', rate: 0.1, dataset: path.join(example, 'data/replay.jsonl') };
    const experiment = variant((one) => {
      one.seeds = SEEDS;
      one.arms = [
        { name: 'ground truth', preset: 'sft' },
        { name: 'self-output', targets: { kind: 'self-output', samples: 4 } },
        { name: 'STM', preset: 'stm' },
        { name: 'random mask', mask: { kind: 'random', rate: 'stm' } },
        { name: 'replay', mix: replay },
        { name: 'zero', preset: 'sft', learningRates: [0] },
      ];
      for (const stage of one.stages) stage.limit = 800;
    });
    run = await runExperiment(folder, 'pocket', experiment);
    for (const arm of run.config.arms) {
      console.log(`${arm.name.padEnd(14)} gained ${gained(arm.name).toFixed(1)}  forgot ${lost(arm.name).toFixed(1)}`);
    }
  }, 900_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('starts from a base that has every old skill', () => {
    for (const cell of run.cells.filter((one) => one.stage === 0 && isRetention(run, one))) {
      expect(cell.score, cell.benchmark).toBeGreaterThanOrEqual(0.8);
      expect(cell.n).toBeGreaterThanOrEqual(200);
    }
  });

  it('ground truth in a foreign style raises the new task and lowers mean retention by at least 10 points', () => {
    expect(gained('ground truth')).toBeGreaterThan(0);
    expect(lost('ground truth')).toBeGreaterThanOrEqual(10);
  });

  it('self-output forgets at most half of what ground truth forgets', () => {
    expect(lost('self-output')).toBeLessThanOrEqual(lost('ground truth') / 2);
  });

  it('STM lies between the two or better, random masking at the same rate does not help', () => {
    expect(lost('STM')).toBeLessThan(lost('ground truth'));
    // "Does not help": it keeps less than a fifth of what ground truth loses.
    expect(lost('random mask')).toBeGreaterThan(0.8 * lost('ground truth'));
    const share = (arm: string) => run.targets.find((one) => one.arm === arm)!.maskedShare;
    expect(share('random mask')).toBeCloseTo(share('STM'), 1);
  });

  it('10 % replay recovers at least half of the loss', () => {
    expect(lost('replay')).toBeLessThanOrEqual(lost('ground truth') / 2);
  });

  it('a learning rate of zero changes no cell', () => {
    for (const cell of run.cells.filter((one) => one.arm === 'zero')) {
      const base = run.cells.find((one) => one.stage === 0 && one.benchmark === cell.benchmark)!;
      expect(cell).toMatchObject({ score: base.score, lenient: base.lenient, protocol: base.protocol });
      expect(readFileSync(path.join(run.folder, cell.items))).toEqual(readFileSync(path.join(run.folder, base.items)));
    }
  });

  it('perplexity orders the targets: ground truth above self-output', () => {
    const ppl = (arm: string) => run.targets.find((one) => one.arm === arm)!.statistics.pplMean;
    expect(ppl('ground truth')).toBeGreaterThan(1.5 * ppl('self-output'));
  });

  it('the same seed gives the same bytes', async () => {
    const small = variant((one) => {
      one.seeds = [5];
      one.arms = [{ name: 'self-output', targets: { kind: 'self-output', samples: 2 } }];
      for (const stage of one.stages) Object.assign(stage, { steps: 5, limit: 60 });
      for (const benchmark of one.benchmarks) benchmark.limit = 30;
    });
    const [a, b] = [await runExperiment(folder, 'once', small), await runExperiment(folder, 'again', small)];
    const files = (one: RunData) => [
      ...one.cells.map((cell) => cell.items),
      ...one.targets.map((target) => target.rows),
      ...one.checkpoints
        .filter((checkpoint) => checkpoint.what === 'final')
        .map((checkpoint) => `${checkpoint.folder}/model.safetensors`),
    ];
    expect(files(a)).toEqual(files(b));
    expect(files(a).length).toBeGreaterThan(20);
    for (const file of files(a))
      expect(readFileSync(path.join(a.folder, file)), file).toEqual(readFileSync(path.join(b.folder, file)));
  }, 300_000);
});
