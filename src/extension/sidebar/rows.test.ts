import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunState } from '../../shared/protocol/lab/runs.ts';
import { phrase } from '../../shared/phrase.ts';
import { english } from '../translate.ts';
import { ExperimentsModel } from './experimentsModel.ts';
import type { ExperimentsNode } from './nodes.ts';
import { rowOf, runLabel } from './rows.ts';
import type { Row } from './rows.ts';
import { runTooltip } from './runTooltip.ts';
import { experimentWith, runWith, sessionWith, trialOf } from './testing.ts';
import { slack } from '../../shared/testing/slack.ts';

/** Every row of a model, by kind. */
function rows(model: ExperimentsModel): Map<ExperimentsNode['kind'], Row> {
  const found = new Map<ExperimentsNode['kind'], Row>();
  const visit = (node: ExperimentsNode): void => {
    const row = rowOf(node, model, english);
    if (row && !found.has(node.kind)) found.set(node.kind, row);
    model.children(node).forEach(visit);
  };
  model.roots().forEach(visit);
  return found;
}

function modelWith(...runs: Parameters<typeof runWith>[1][]): ExperimentsModel {
  const model = new ExperimentsModel();
  model.setList([
    experimentWith(
      'pocket',
      runs.map((values, k) => runWith(`pocket-20261121-1000-000${k}`, values)),
    ),
  ]);
  return model;
}

describe('rows of the experiments tree', () => {
  beforeAll(() => void vi.useFakeTimers({ now: new Date('2026-11-22T12:00:00'), toFake: ['Date'] }));
  afterAll(() => void vi.useRealTimers());

  it('have names that are read out to their end', () => {
    const base = { stage: 0, name: 'base', state: 'done', share: 1 } as const;
    const checkpoints = [{ step: 0, what: 'final', folder: '/models/pocket', exists: true } as const];
    const model = modelWith({ state: 'running', line: '', trials: [trialOf({ stages: [{ ...base, checkpoints }] })] });
    const found = rows(model);
    expect(found.get('checkpoint')?.accessible).toBe('base model');
    expect(found.get('run')?.accessible).toMatch(/^Run of .*, running$/);
    for (const { accessible } of found.values()) expect(accessible).toMatch(/[^,\s]$/);
  });

  it('carry the result', () => {
    const found = rows(modelWith({}));
    expect(found.get('experiment')).toMatchObject({
      label: 'pocket',
      description: 'done, 1 arm, 1 stage',
      open: 'open',
    });
    expect(found.get('run')).toMatchObject({ label: '11-21 10:00', description: 'gained 41, forgot 38' });
    expect(found.get('trial')).toMatchObject({
      label: '\u25cf ground truth',
      description: 'gained 41, forgot 38',
      icon: { name: 'pass-filled', colour: 'forgettingLab.arm1' },
    });
    expect(found.get('stage')).toMatchObject({ label: 'base', description: 'measured' });
    expect(found.get('checkpoint')).toMatchObject({ label: 'final model', description: 'step 120' });
  });

  it('offer what applies to their state', () => {
    const context = (state: RunState): string => rows(modelWith({ state })).get('run')?.context ?? '';
    expect(context('running')).toBe('run path readable stoppable unmarked');
    for (const state of ['stopped', 'interrupted', 'failed'] as const) expect(context(state)).toContain('resumable');
    expect(context('done')).toBe('run path readable unmarked');
    expect(context('corrupt')).toBe('run path unmarked');
  });

  it('take back a resume that waits', () => {
    const model = modelWith({ state: 'stopped' });
    const run = model.allRuns()[0]?.folder ?? '';
    model.setSessions([sessionWith('s', { work: { kind: 'resume', run }, state: 'queued' })]);
    expect(rows(model).get('run')?.context).toBe('run path readable stoppable unmarked');
  });

  it('can be stopped at once while they are stopping', () => {
    const model = modelWith({ state: 'running' });
    const run = model.allRuns()[0]?.folder ?? '';
    model.setSessions([sessionWith('s', { run, state: 'stopping' })]);
    expect(rows(model).get('run')?.context).toContain('stoppable');
    model.setSessions([sessionWith('s', { state: 'stopping' })]);
    expect(rows(model).get('session')?.context).toBe('session stoppable');
  });

  it('say where a running trial is', () => {
    const stages = trialOf().stages.map((stage) =>
      stage.stage === 1 ? { ...stage, state: 'training' as const, share: 0.649 } : stage,
    );
    const found = rows(modelWith({ state: 'running', trials: [trialOf({ state: 'running', stages })] }));
    expect(found.get('trial')?.description).toBe('stage 1 of 1, training 64 %');
  });

  it('show the progress of the session that works on a run', () => {
    const model = modelWith({ state: 'running', share: 0.649 });
    const run = model.allRuns()[0]?.folder ?? '';
    // How far it is comes from the run, like in every other view; how long it takes from the session.
    model.setSessions([sessionWith('s', { run, progress: { share: 0.88, activity: 'train', secondsLeft: 65 } })]);
    expect(rows(model).get('run')?.description).toBe('64 %, 1 min 5 s left');
  });

  it('show control characters as such', () => {
    const found = rows(modelWith({ trials: [trialOf({ arm: 'a\u202eb\nc' })] }));
    expect(found.get('trial')?.label).toBe('\u25cf a\ufffdb c');
  });

  it('name runs of the same minute apart', () => {
    const model = new ExperimentsModel();
    const [one, other] = [runWith('pocket-20261121-1000-aaaa'), runWith('pocket-20261121-1000-bbbb')];
    model.setList([experimentWith('pocket', [one, other])]);
    expect(runLabel(one, model.hasTwin(one))).toBe('11-21 10:00 \u00b7 aaaa');
    model.setList([experimentWith('pocket', [one])]);
    expect(runLabel(one, model.hasTwin(one))).toBe('11-21 10:00');
  });

  it('are short in their date, so that the result has room', () => {
    const run = runWith('pocket-20261121-1000-aaaa');
    const at = (now: string): string => runLabel(run, false, new Date(now));
    expect(at('2026-11-21T23:59:00')).toBe('10:00');
    expect(at('2026-11-22T00:01:00')).toBe('11-21 10:00');
    expect(at('2027-01-01T00:01:00')).toBe('2026-11-21 10:00');
  });

  it('name the learning rate where a run has several', () => {
    const trials = [trialOf(), trialOf({ lr: 1e-3 })];
    expect(rows(modelWith({ trials })).get('trial')?.label).toBe('\u25cf ground truth \u00b7 3e-4');
  });

  it('name no size of an experiment that nothing tells', () => {
    const model = new ExperimentsModel();
    const unread = runWith('a', { line: phrase('not read yet'), trials: [] });
    model.setList([{ name: 'gone', arms: 0, stages: 0, runs: [unread] }]);
    const [experiment] = model.roots();
    expect(experiment && rowOf(experiment, model, english)?.description).toBe('done, file is gone');
  });

  it('are made fast enough for a thousand runs', () => {
    const model = modelWith(...Array.from({ length: 1000 }, (_, k) => ({ folder: `/r/${k}` })));
    const start = performance.now();
    const shown = model
      .roots()
      .flatMap((node) => model.children(node))
      .map((node) => rowOf(node, model, english));
    expect(shown).toHaveLength(1000);
    // A generous bound: it takes about 20 ms.
    expect(performance.now() - start).toBeLessThan(300 * slack);
  });

  it('say the line of the server in the language of the editor and leave names alone', () => {
    const shout = (message: string, ...values: (string | number)[]): string =>
      english(message.toUpperCase(), ...values);
    const line = phrase('interrupted, {0}', phrase('{0}, {1}', '64 %', 'gained'));
    const model = new ExperimentsModel();
    model.setList([experimentWith('pocket', [runWith('a', { state: 'interrupted', line, trials: [] })])]);
    const [experiment] = model.roots();
    const [run] = experiment ? model.children(experiment) : [];
    expect(run && rowOf(run, model, shout)?.description).toBe('INTERRUPTED, 64 %, gained');
  });
});

describe('the tooltip of a run', () => {
  it('lists arms and what differs from siblings', () => {
    const run = runWith('a');
    const comparison = {
      runs: [run, runWith('b'), runWith('c')],
      points: [],
      warnings: [],
      differences: [{ path: 'training.batchSize', values: ['32', '16', '16'] }],
    };
    const tooltip = runTooltip({ run, state: 'done', comparison }, english);
    expect(tooltip).toContain('gained 41, forgot 38');
    expect(tooltip).toContain('| training\\.batchSize | 32 | 16 |');
  });

  it('lets nothing from outside become markup', () => {
    const hostile = '<img src=x> [go](command:workbench.action.quit) $(trash) **b** | c';
    const run = runWith(hostile, {
      experiment: hostile,
      model: hostile,
      reason: hostile,
      trials: [trialOf({ arm: hostile })],
    });
    const comparison = {
      runs: [run, run],
      points: [],
      warnings: [],
      differences: [{ path: hostile, values: [hostile, hostile + '2'] }],
    };
    const tooltip = runTooltip({ run, state: 'failed', comparison }, english);
    expect(tooltip).not.toMatch(/(?<!\\)[<[\]`$]/);
    expect(tooltip).not.toMatch(/\]\(/);
  });
});
