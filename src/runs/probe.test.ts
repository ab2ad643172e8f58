import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeExample } from '../data/encode.ts';
import { loadTextSide } from '../data/textSide.ts';
import { readPlan } from './planFile.ts';
import { readRun } from './runFolder.ts';
import type { RunEvent } from './session.ts';
import { resumeRun, startRun } from './startRun.ts';
import type { RunOutcome } from './startRun.ts';
import { FakeEngine } from './testing/fakeEngine.ts';
import { comparableFiles, fakeExperiment, fakeWorkspace } from './testing/fakeWorkspace.ts';

const probes = { every: 2, items: 64 };

function start(workspace: string, more: { listener?: (event: RunEvent) => void; stop?: AbortSignal } = {}) {
  return startRun({
    file: join(workspace, 'lab.experiment.yaml'),
    out: join(workspace, 'runs', 'one'),
    startEngine: () => Promise.resolve(new FakeEngine()),
    listener: more.listener ?? (() => undefined),
    stop: more.stop ?? new AbortController().signal,
    abort: new AbortController().signal,
  });
}

/** Mean negative log-likelihood of an answer under a model folder. */
async function nll(folder: string, prompt: string, answer: string): Promise<number> {
  const engine = new FakeEngine();
  const side = await loadTextSide(folder);
  const { id } = await engine.load({ folder });
  const encoded = encodeExample(side, {
    body: { kind: 'chat', prompt: [{ role: 'user', content: prompt }], completion: answer },
    provenance: 'native',
    source: { file: 'x', line: 1 },
    fields: {},
  });
  if ('tooLong' in encoded) throw new Error('too long');
  const [score] = await engine.score({ model: id, sequences: [encoded.tokens], from: [encoded.from] });
  const logprobs = score?.logprobs ?? [];
  return -logprobs.reduce((sum, value) => sum + value, 0) / logprobs.length;
}

describe('probes', () => {
  test('begin at the base, come every few steps and at the end of a stage', async () => {
    const { folder } = await start(await fakeWorkspace({ probes }));
    const run = await readRun(folder);
    expect(run.probes.map(({ stage, step }) => [stage, step])).toEqual([
      [1, 0],
      [1, 2],
      [1, 4],
      [1, 5],
      [2, 0],
      [2, 2],
      [2, 3],
    ]);
    const [base] = run.probes;
    expect(base?.retention).toEqual({ skill: 0, new: 0 });
    expect(Math.abs(base?.kl['new-task'] ?? NaN)).toBeLessThan(1e-12);
    // The second stage begins with the model of the first; its new task is another text.
    expect(run.probes[4]?.retention).toEqual(run.probes[3]?.retention);
    expect(run.probes[4]?.crossEntropy['neutral']).toBe(run.probes[3]?.crossEntropy['neutral']);
  });

  test('retention is the mean rise of the token-mean nll of reference answers, on all of them', async () => {
    const workspace = await fakeWorkspace({ probes });
    const { folder } = await start(workspace);
    const run = await readRun(folder);
    const last = run.probes.filter((probe) => probe.stage === 1).at(-1);
    const tuned = join(folder, run.checkpoints.find((one) => one.what === 'final' && one.stage === 1)?.folder ?? '');
    const base = join(workspace, 'model');
    let sum = 0;
    for (let n = 0; n < 12; n++) sum += (await nll(tuned, `s${n}`, 'ok')) - (await nll(base, `s${n}`, 'ok'));
    expect(last?.retention['skill']).toBeCloseTo(sum / 12, 10);
    expect(last?.retention['skill']).toBeGreaterThan(1);
  });

  test('the cross-entropy is that of the drift on the same texts', async () => {
    const { folder } = await start(await fakeWorkspace({ probes }));
    const run = await readRun(folder);
    for (const drift of run.drift) {
      const probe = run.probes.findLast((one) => one.stage === drift.stage);
      expect(probe?.crossEntropy[drift.text]).toBeCloseTo(drift.crossEntropy, 10);
      expect(probe?.kl[drift.text]).toBeCloseTo(drift.kl, 10);
    }
  });

  test('without a reference text the answers of the base are followed', async () => {
    const benchmarks = fakeExperiment.benchmarks.map((one) => ({ ...one, scorer: 'contains' }));
    const { folder } = await start(await fakeWorkspace({ probes, benchmarks }));
    const run = await readRun(folder);
    // The base answers "ok" to everything, so both benchmarks follow the same text after other prompts.
    const last = run.probes.at(-1);
    expect(last?.retention['new']).toBeGreaterThan(1);
    expect(last?.retention['new']).toBeCloseTo(last?.retention['skill'] ?? NaN, 1);
  });

  test('follow the refusal margin of harmful prompts, at the end as measured in full', async () => {
    const openers = { refusal: ['no'], compliance: ['ok'] };
    const harm = { name: 'harm', data: 'skill.jsonl', scorer: 'refusal', group: 'safety', maxTokens: 8, openers };
    const benchmarks = [...fakeExperiment.benchmarks, harm];
    const { folder } = await start(await fakeWorkspace({ probes, benchmarks }));
    const run = await readRun(folder);
    const margins = run.probes.map((probe) => probe.refusalMargin?.['harm'] ?? NaN);
    // The base answers "ok" to everything; the first stage teaches "no".
    expect(margins[0]).toBeLessThan(0);
    expect(margins[3]).toBeGreaterThan(margins[0] ?? NaN);
    for (const stage of [1, 2]) {
      const cell = run.cells.find((one) => one.stage === stage && one.benchmark === 'harm');
      const probe = run.probes.findLast((one) => one.stage === stage);
      expect(cell?.refusalMargin).toBeCloseTo(probe?.refusalMargin?.['harm'] ?? NaN, 10);
    }
    expect(run.probes[0]?.refusalMargin).toHaveProperty('harm');
    expect((await readRun((await start(await fakeWorkspace({ probes }))).folder)).probes[0]).not.toHaveProperty(
      'refusalMargin',
    );
  });

  test('change nothing about the run', async () => {
    const plain = await comparableFiles((await start(await fakeWorkspace())).folder);
    const probed = await comparableFiles((await start(await fakeWorkspace({ probes }))).folder);
    expect(probed.get('probes.jsonl')).toContain('"retention"');
    probed.delete('probes.jsonl');
    // Workspaces lie in different folders; rows name their source.
    const placeless = (files: Map<string, string>): [string, string][] =>
      [...files].map(([name, text]) => [name, text.replaceAll(/lab-workspace-\w+/g, '')]);
    expect(placeless(probed)).toEqual(placeless(plain));
  });

  test('a stopped and resumed run has the probes of an uninterrupted one', async () => {
    const whole = await readRun((await start(await fakeWorkspace({ probes }))).folder);
    const stop = new AbortController();
    const listener = (event: RunEvent): void => {
      if (event.kind === 'metric' && event.step === 3) stop.abort();
    };
    const stopped: RunOutcome = await start(await fakeWorkspace({ probes }), { listener, stop: stop.signal });
    expect(stopped.state).toBe('stopped');
    const resumed = await resumeRun({
      folder: stopped.folder,
      startEngine: () => Promise.resolve(new FakeEngine()),
      listener: () => undefined,
      stop: new AbortController().signal,
      abort: new AbortController().signal,
    });
    expect(resumed.state).toBe('done');
    const timeless = (one: object) => ({ ...one, seconds: 0 });
    expect((await readRun(resumed.folder)).probes.map(timeless)).toEqual(whole.probes.map(timeless));
  });
});

test('the plan is written when a run begins', async () => {
  const { folder } = await start(await fakeWorkspace());
  const plan = await readPlan(folder);
  expect(plan?.map(({ kind, size }) => `${kind} ${size}`).slice(0, 4)).toEqual([
    'evaluate 12',
    'evaluate 12',
    'targets 12',
    'train 5',
  ]);
  expect(plan?.[3]?.key).toEqual({ arm: 'ground truth', lr: 4, seed: 0 });
  expect(JSON.parse(await readFile(join(folder, 'plan.json'), 'utf8'))).toMatchObject({ formatVersion: 1 });
});
