import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LabError } from '../shared/errors.ts';
import type { CellRecord, RunData } from '../shared/records.ts';
import { readItems, readRun } from './runFolder.ts';
import type { RunEvent } from './session.ts';
import { exitCodeOf, resumeRun, startRun } from './startRun.ts';
import type { RunOutcome } from './startRun.ts';
import { FakeEngine } from './testing/fakeEngine.ts';
import type { Hook } from './testing/fakeEngine.ts';
import { comparableFiles, fakeExperiment, fakeWorkspace } from './testing/fakeWorkspace.ts';
import { inEnglish } from '../shared/phrase.ts';

interface Options {
  hook?: Hook;
  listener?: (event: RunEvent) => void;
  stop?: AbortSignal;
  out?: string;
}

function options({ hook, listener, stop }: Options) {
  return {
    startEngine: () => Promise.resolve(new FakeEngine(hook)),
    listener: listener ?? (() => undefined),
    stop: stop ?? new AbortController().signal,
    abort: new AbortController().signal,
  };
}

function start(workspace: string, more: Options = {}): Promise<RunOutcome> {
  const out = join(workspace, 'runs', more.out ?? 'one');
  return startRun({ file: join(workspace, 'lab.experiment.yaml'), out, ...options(more) });
}

function resume(folder: string, more: Options = {}): Promise<RunOutcome> {
  return resumeRun({ folder, ...options(more) });
}

function cell(run: RunData, arm: string, stage: number, benchmark: string): CellRecord {
  const found = run.cells.find((one) => one.arm === arm && one.stage === stage && one.benchmark === benchmark);
  if (!found) throw new Error(`no cell ${arm} ${stage} ${benchmark}`);
  return found;
}

describe('a run', () => {
  test('measures the base, then every benchmark after every stage, and shows the forgetting', async () => {
    const outcome = await start(await fakeWorkspace());
    const run = await readRun(outcome.folder);
    expect(outcome.state).toBe('done');
    expect(run.config.experimentFile).toBe(join(outcome.folder, '..', '..', 'lab.experiment.yaml'));
    expect(run.cells.map(({ arm, stage, benchmark }) => `${arm} ${stage} ${benchmark}`)).toEqual([
      'base 0 skill',
      'base 0 new',
      'ground truth 1 skill',
      'ground truth 1 new',
      'ground truth 2 skill',
      'ground truth 2 new',
    ]);
    expect(cell(run, 'base', 0, 'skill').score).toBe(1);
    expect(cell(run, 'ground truth', 1, 'skill').score).toBe(0);
    expect(cell(run, 'ground truth', 1, 'new').score).toBe(1);
    expect(run.metrics).toHaveLength(8);
    expect(run.checkpoints.filter((one) => one.what === 'final')).toHaveLength(2);
    expect(run.status?.state).toBe('done');
    expect(run.damagedLines).toEqual([]);
    expect(await readdir(join(outcome.folder, 'state')).catch(() => [])).not.toContain('stage-1');
    expect((await readItems(outcome.folder, cell(run, 'base', 0, 'skill')))[0]?.output).toBe('ok');
  });

  test('a guarded benchmark below the budget gives exit code 2; a tolerated loss gives 0', async () => {
    const broken = await start(await fakeWorkspace());
    expect(broken.breaches).toMatchObject([{ benchmark: 'skill', stage: 2, change: -1 }]);
    expect(exitCodeOf(broken)).toBe(2);
    expect(exitCodeOf(await start(await fakeWorkspace({ forgettingBudget: 1 })))).toBe(0);
  });

  test('records the targets with their statistics, and the drift from the base', async () => {
    const run = await readRun((await start(await fakeWorkspace())).folder);
    const [first] = run.targets;
    expect(first).toMatchObject({ arm: 'ground truth', stage: 1, stageName: 'first', verified: 1 });
    expect(first?.provenance).toEqual({ ground_truth: 12 });
    // "no" and its end of turn: three tokens an answer.
    expect(first?.statistics).toMatchObject({ items: 12, tokens: 36 });
    expect(first?.examples[0]?.tokens.map((token) => token.text).slice(0, 2)).toEqual(['n', 'o']);
    expect(run.drift.map(({ stage, text }) => `${stage} ${text}`)).toEqual([
      '1 new-task',
      '1 neutral',
      '2 new-task',
      '2 neutral',
    ]);
    expect(run.drift[0]?.kl).toBeGreaterThan(0.1);
  });

  test('a zero learning rate and zero steps change no cell', async () => {
    const stages = fakeExperiment.stages.map((stage, index) => (index === 1 ? { ...stage, steps: 0 } : stage));
    const outcome = await start(await fakeWorkspace({ learningRates: [0], stages }));
    const run = await readRun(outcome.folder);
    for (const one of run.cells) {
      const base = cell(run, 'base', 0, one.benchmark);
      expect(await readItems(outcome.folder, one)).toEqual(await readItems(outcome.folder, base));
    }
    expect(run.drift.every((one) => Math.abs(one.kl) < 1e-12)).toBe(true);
    expect(exitCodeOf(outcome)).toBe(0);
  });

  test('the same seed gives the same bytes, another seed another order', async () => {
    const workspace = await fakeWorkspace();
    const one = await comparableFiles((await start(workspace)).folder);
    expect(await comparableFiles((await start(workspace, { out: 'two' })).folder)).toEqual(one);
    const mixed = [{ name: 'mixed', dataset: 'mixed.jsonl', steps: 3 }];
    const other = await start(await fakeWorkspace({ seeds: [1], stages: mixed }));
    const same = await start(await fakeWorkspace({ seeds: [2], stages: mixed }));
    const losses = async (folder: string) => (await readRun(folder)).metrics.map((metric) => metric['train/loss']);
    expect(await losses(other.folder)).not.toEqual(await losses(same.folder));
  });
});

describe('arms', () => {
  const arms = [
    { name: 'ground truth' },
    {
      name: 'self',
      preset: 'self-output',
      targets: { kind: 'self-output', samples: 2, maxTokens: 8, fallback: 'ground-truth' },
    },
    { name: 'stm', preset: 'stm' },
    { name: 'random', preset: 'random-mask' },
    { name: 'replay', preset: 'replay', mix: { kind: 'replay', dataset: 'old.jsonl', rate: 0.5 } },
    { name: 'merge', preset: 'linear-merge' },
  ];

  test('share targets, mask, replay and merge', async () => {
    const outcome = await start(await fakeWorkspace({ arms }));
    const run = await readRun(outcome.folder);
    expect(outcome.state).toBe('done');
    const targets = (arm: string, stage: number) => run.targets.find((one) => one.arm === arm && one.stage === stage);
    expect(targets('merge', 1)?.rows).toBe(targets('ground truth', 1)?.rows);
    // No sample says "no", so every prompt falls back.
    expect(targets('self', 1)?.provenance).toEqual({ ground_truth: 12 });
    expect(targets('self', 1)?.tokensGenerated).toBeGreaterThan(0);
    expect(targets('stm', 1)?.maskedShare).toBeGreaterThan(0.3);
    expect(targets('random', 1)?.maskedShare).toBe(targets('stm', 1)?.maskedShare);
    expect(targets('stm', 1)?.maskedEosShare).toBe(0);
    expect(targets('replay', 1)?.provenance).toEqual({ ground_truth: 12, replay: 6 });
    expect(targets('replay', 2)?.provenance).toEqual({ ground_truth: 12, replay: 6 });
    expect(targets('replay', 1)?.statistics).toEqual(targets('ground truth', 1)?.statistics);
    const rows = (await readFile(join(outcome.folder, targets('stm', 1)?.rows ?? ''), 'utf8')).trim().split('\n');
    const row = JSON.parse(rows[0] as string) as { mask: [number, number][]; provenance: string };
    expect(row.mask).toEqual([[0, 2]]);
    expect(row.provenance).toBe('ground_truth');
  });
});

describe('resuming', () => {
  class Killed extends Error {}

  test('after a crash at any call of the engine gives the same bytes', async () => {
    // Everything that keeps files, in one arm.
    const everything = {
      name: 'everything',
      targets: { kind: 'self-output', samples: 2, maxTokens: 8, fallback: 'ground-truth' },
      mix: { kind: 'replay', dataset: 'old.jsonl', rate: 0.5 },
      mask: { kind: 'random', rate: 0.2 },
      weightStep: { kind: 'linear-merge' },
    };
    const arms = [everything];
    const stages = fakeExperiment.stages.map((stage, index) => ({ ...stage, steps: 3 - index }));
    const workspace = await fakeWorkspace({ arms, stages, training: { batchSize: 2, checkpointEvery: 1 } });
    let calls = 0;
    const whole = await start(workspace, { out: 'whole', hook: () => void calls++ });
    const expected = await comparableFiles(whole.folder);
    expect(calls).toBeGreaterThan(25);
    // The first call loads the base, before there is a run.
    for (let killAt = 2; killAt <= calls; killAt++) {
      let count = 0;
      const hook: Hook = () => {
        if (++count === killAt) throw new Killed(`killed at call ${killAt}`);
      };
      const killed = await start(workspace, { out: `kill-${killAt}`, hook });
      expect(killed.state).toBe('failed');
      expect(killed.error).toBeInstanceOf(Killed);
      const before = (await readRun(killed.folder)).cells;
      expect((await resume(killed.folder)).state).toBe('done');
      const files = withLastSteps(await comparableFiles(killed.folder));
      expect(files, `killed at call ${killAt}`).toEqual(withLastSteps(expected));
      expect((await readRun(killed.folder)).cells.slice(0, before.length)).toEqual(before);
      await rm(killed.folder, { recursive: true });
    }
  }, 60_000);

  /** A resumed run may repeat metric and checkpoint lines; what counts is the last line of each step. */
  function withLastSteps(files: Map<string, string>): Map<string, string> {
    const copy = new Map(files);
    copy.delete('checkpoints.jsonl');
    const lines = (files.get('metrics.jsonl') ?? '').trim().split('\n');
    const byStep = new Map(
      lines.map((line) => {
        const { arm, stage, step } = JSON.parse(line) as { arm: string; stage: number; step: number };
        return [`${arm} ${stage} ${step}`, line];
      }),
    );
    copy.set('metrics.jsonl', [...byStep.values()].join('\n'));
    return copy;
  }

  test('a stop finishes the step, saves and continues from there', async () => {
    const workspace = await fakeWorkspace();
    const whole = await start(workspace, { out: 'whole' });
    const controller = new AbortController();
    const stopped = await start(workspace, {
      stop: controller.signal,
      listener: (event) => {
        if (event.kind === 'metric' && event.step === 3) controller.abort();
      },
    });
    expect(stopped.state).toBe('stopped');
    expect(exitCodeOf(stopped)).toBe(130);
    const run = await readRun(stopped.folder);
    expect(run.status?.state).toBe('stopped');
    expect(run.checkpoints.at(-1)).toMatchObject({ what: 'state', step: 3 });
    const steps: number[] = [];
    await resume(stopped.folder, { listener: (event) => void (event.kind === 'metric' && steps.push(event.step)) });
    expect(steps).toEqual([4, 5, 1, 2, 3]);
    expect(withLastSteps(await comparableFiles(stopped.folder))).toEqual(
      withLastSteps(await comparableFiles(whole.folder)),
    );
  });

  test('a finished run does nothing more', async () => {
    const { folder } = await start(await fakeWorkspace());
    const before = await comparableFiles(folder);
    const verbs: string[] = [];
    await resume(folder, { hook: (verb) => void verbs.push(verb) });
    expect(verbs).toEqual(['load']);
    expect(await comparableFiles(folder)).toEqual(before);
  });

  test('an unreadable state is said and the stage trained again', async () => {
    const workspace = await fakeWorkspace();
    const whole = await start(workspace, { out: 'whole' });
    let steps = 0;
    const hook: Hook = (verb) => {
      if (verb === 'optimStep' && ++steps === 4) throw new Killed('killed');
    };
    const { folder } = await start(workspace, { hook });
    const state = (await readRun(folder)).checkpoints.at(-1);
    await writeFile(join(folder, state?.folder ?? '', 'model.safetensors'), 'damaged');
    const resumed = await resume(folder);
    expect(resumed.state).toBe('done');
    const run = await readRun(folder);
    expect(run.log.some((entry) => /cannot be read/.test(entry.message))).toBe(true);
    expect(run.cells.map((one) => one.score)).toEqual((await readRun(whole.folder)).cells.map((one) => one.score));
  });

  test('a damaged final checkpoint is named, and trained again once it is removed', async () => {
    const workspace = await fakeWorkspace();
    const whole = await start(workspace, { out: 'whole' });
    let samples = 0;
    // The base answers two benchmarks and the prompts of the targets; the fourth is the trained model's.
    const hook: Hook = (verb) => {
      if (verb === 'sample' && ++samples === 4) throw new Killed('killed');
    };
    const { folder } = await start(workspace, { hook });
    const final = join(folder, (await readRun(folder)).checkpoints.at(-1)?.folder ?? '');
    await writeFile(join(final, 'model.safetensors'), 'damaged');
    const failed = await resume(folder);
    expect(failed.error).toMatchObject({
      code: 'checkpoint-invalid',
      remedy: expect.stringMatching(/Remove/) as string,
    });
    await rm(final, { recursive: true });
    expect((await resume(folder)).state).toBe('done');
    const scoresOf = async (run: string) => (await readRun(run)).cells.map((one) => one.score);
    expect(await scoresOf(folder)).toEqual(await scoresOf(whole.folder));
  });

  test('changed data is refused by name', async () => {
    const workspace = await fakeWorkspace();
    const { folder } = await start(workspace);
    await appendFile(join(workspace, 'second.jsonl'), '{"prompt":"q","completion":"more"}\n');
    await expect(resume(folder)).rejects.toThrow(/second\.jsonl has changed/);
  });

  test('other versions are refused, unless somebody accepts them', async () => {
    const { folder } = await start(await fakeWorkspace());
    const file = join(folder, 'config.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace(/"forgettingLab": ".*"/, '"forgettingLab": "0.0.0"'));
    const refusal: unknown = await resume(folder).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'run-versions-differ' });
    expect((refusal as LabError).message).toMatch(/forgettingLab is .*, the run was made with 0\.0\.0$/);
    // Read in the editor and on the command line.
    expect((refusal as LabError).remedy).toContain('resume anyway (--force on the command line)');
    const forced = await resumeRun({ folder, force: true, ...options({}) });
    expect(forced.state).toBe('done');
  });

  test('a changed model is refused', async () => {
    const workspace = await fakeWorkspace();
    const { folder } = await start(workspace);
    const file = join(workspace, 'model', 'model.safetensors');
    const bytes = await readFile(file);
    bytes[bytes.length - 2] = 0x40;
    await writeFile(file, bytes);
    await expect(resume(folder)).rejects.toThrow(/weights of .* have changed/);
  });
});

describe('failures', () => {
  test('a loss that is not finite names step and learning rate, and the other trials go on', async () => {
    const workspace = await fakeWorkspace({ learningRates: [1e39, 4] });
    const outcome = await start(workspace);
    expect(outcome.state).toBe('failed');
    expect(exitCodeOf(outcome)).toBe(1);
    expect(outcome.error).toBeInstanceOf(LabError);
    expect(inEnglish(outcome.reason ?? '')).toMatch(/became NaN at step \d with learning rate/);
    const run = await readRun(outcome.folder);
    expect(run.status).toMatchObject({ state: 'failed' });
    expect(run.cells.filter((one) => one.lr === 4)).toHaveLength(4);
    expect(run.cells.filter((one) => one.lr === 1e39)).toHaveLength(0);
  });

  test('layers that the model does not have are refused before anything is measured', async () => {
    const arms = [{ name: 'top', trainable: { kind: 'freeze', layers: [0, 9] } }];
    await expect(start(await fakeWorkspace({ arms }))).rejects.toThrow(
      'Arm "top": trainable.layers [0, 9] goes beyond the 1 layer of the model',
    );
  });

  test('an empty dataset is found before anything is measured', async () => {
    const workspace = await fakeWorkspace();
    await writeFile(join(workspace, 'second.jsonl'), '{"foo": 1}\n');
    await expect(start(workspace)).rejects.toThrow(/second\.jsonl/);
  });

  test('rows that cannot be used are counted with their reason', async () => {
    const workspace = await fakeWorkspace();
    await appendFile(
      join(workspace, 'first.jsonl'),
      `{"prompt":"q"}\n{"prompt":"q","completion":"${'x'.repeat(600)}"}\n`,
    );
    const run = await readRun((await start(workspace)).folder);
    expect(run.targets[0]?.dropped.map(({ count }) => count)).toEqual([1, 1]);
    expect(run.targets[0]?.dropped.some(({ reason }) => /context of 512 tokens/.test(reason))).toBe(true);
    expect(run.targets[0]?.dropped.map(({ first }) => first)).toEqual([13, 14]);
    const warnings = run.log.flatMap(({ level, message }) =>
      level === 'warning' && message.includes('dropped') ? [message] : [],
    );
    expect(warnings).toEqual([
      expect.stringMatching(/: 1 row dropped: .*completion.* \(first: line 13\)$/) as string,
      expect.stringMatching(/: 1 row dropped: longer than .* \(first: line 14\)$/) as string,
    ]);
  });

  test('benchmark items that do not fit are said once and counted as wrong', async () => {
    const workspace = await fakeWorkspace();
    await appendFile(join(workspace, 'skill.jsonl'), `${JSON.stringify({ prompt: 'x'.repeat(900), answer: 'ok' })}\n`);
    const run = await readRun((await start(workspace)).folder);
    expect(run.cells.find((cell) => cell.benchmark === 'skill')?.score).toBeCloseTo(12 / 13, 12);
    const said = run.log.filter(({ message }) => message.includes('too long for the context'));
    expect(said.map(({ message }) => message)).toEqual(['skill: 1 item too long for the context, counted as wrong']);
  });

  test('two processes cannot work on one run', async () => {
    const workspace = await fakeWorkspace();
    let second: Promise<unknown> | undefined;
    const { folder } = await start(workspace, {
      listener: (event) => {
        if (event.kind === 'cell' && !second)
          second = resume(join(workspace, 'runs', 'one')).catch((error: unknown) => error);
      },
    });
    expect(String(await second)).toMatch(/being worked on by process/);
    expect((await readRun(folder)).status?.state).toBe('done');
  });
});
