import { describe, expect, it } from 'vitest';
import { ExperimentsModel } from './experimentsModel.ts';
import type { ExperimentsNode } from './nodes.ts';
import { runText } from './rows.ts';
import { english } from '../translate.ts';
import { experimentWith, runWith, sessionWith, trialOf } from './testing.ts';
import { slack } from '../../shared/testing/slack.ts';

const ids = (nodes: readonly ExperimentsNode[]): string[] => nodes.map(({ id }) => id);

function filled(): ExperimentsModel {
  const model = new ExperimentsModel();
  model.setList([
    experimentWith('pocket', [
      runWith('new', { createdAt: '2026-11-22T10:00:00' }),
      runWith('old', { trials: [trialOf({ arm: 'STM', forgot: -0.6 })] }),
    ]),
    experimentWith('calls', [], { file: '/w/calls.experiment.yaml' }),
  ]);
  return model;
}

/** The row at a path of positions. */
function rowAt(model: ExperimentsModel, ...path: number[]): ExperimentsNode {
  let nodes = model.roots();
  let node: ExperimentsNode | undefined;
  for (const position of path) {
    node = nodes[position];
    nodes = node ? model.children(node) : [];
  }
  if (!node) throw new Error('no such row');
  return node;
}

describe('the experiments tree', () => {
  it('goes from experiment to run, trial, stage and checkpoint and back', () => {
    const model = filled();
    const checkpoint = rowAt(model, 0, 0, 0, 1, 0);
    expect(checkpoint).toMatchObject({ kind: 'checkpoint', path: '/w/runs/x/ground truth' });
    const kinds: string[] = [];
    for (let node: ExperimentsNode | undefined = checkpoint; node; node = model.parent(node)) kinds.push(node.kind);
    expect(kinds).toEqual(['checkpoint', 'stage', 'trial', 'run', 'experiment']);
  });

  it('keeps the object of a row, so that the editor knows it again', () => {
    const model = filled();
    const before = rowAt(model, 0, 0, 0);
    model.setRun(runWith('new', { state: 'running', createdAt: '2026-11-22T10:00:00' }));
    expect(rowAt(model, 0, 0, 0)).toBe(before);
  });

  it('draws the experiment anew when one of its runs ends, and only the run while it goes on', () => {
    const model = filled();
    const createdAt = '2026-11-22T10:00:00';
    expect(ids(model.setRun(runWith('new', { state: 'running', createdAt })).nodes)).toEqual([
      'experiment:/w/pocket.experiment.yaml',
    ]);
    expect(ids(model.setRun(runWith('new', { state: 'running', createdAt, share: 0.5 })).nodes)).toEqual([
      'run:/w/runs/new',
    ]);
    expect(ids(model.setRun(runWith('new', { state: 'done', createdAt })).nodes)).toEqual([
      'experiment:/w/pocket.experiment.yaml',
    ]);
  });

  it('orders by time, name and what was forgotten, starred runs first', () => {
    const model = filled();
    const runs = (): string[] => ids(model.children(rowAt(model, model.order === 'name' ? 1 : 0)));
    expect(ids(model.roots())).toEqual(['experiment:/w/pocket.experiment.yaml', 'experiment:/w/calls.experiment.yaml']);
    expect(runs()).toEqual(['run:/w/runs/new', 'run:/w/runs/old']);
    model.order = 'forgotten';
    expect(runs()).toEqual(['run:/w/runs/old', 'run:/w/runs/new']);
    model.order = 'name';
    expect(ids(model.roots())[0]).toBe('experiment:/w/calls.experiment.yaml');
    model.order = 'newest';
    model.stars = new Set(['/w/runs/old']);
    expect(runs()[0]).toBe('run:/w/runs/old');
  });

  it('filters by experiment, run, arm and state', () => {
    const model = filled();
    model.filter = 'stm';
    expect(ids(model.roots())).toEqual(['experiment:/w/pocket.experiment.yaml']);
    expect(ids(model.children(rowAt(model, 0)))).toEqual(['run:/w/runs/old']);
    model.filter = 'CALLS';
    expect(ids(model.roots())).toEqual(['experiment:/w/calls.experiment.yaml']);
    model.filter = 'nothing has this name';
    expect(model.roots()).toEqual([]);
  });

  it('filters by what a row shows, in the language it is shown in', () => {
    const model = filled();
    const words: Record<string, string> = { done: '完成', interrupted: '中斷' };
    model.rowText = (run) => runText(run, model, (text, ...values) => english(words[text] ?? text, ...values));
    model.setRun(runWith('old', { state: 'interrupted', createdAt: '2026-11-21T15:30:00', line: 'stage 1 of 2' }));
    for (const filter of ['15:30', '中斷', 'stage 1', 'interrupted', 'old']) {
      model.filter = filter;
      expect(ids(model.children(rowAt(model, 0))), filter).toEqual(['run:/w/runs/old']);
    }
    model.filter = '完成';
    expect(ids(model.children(rowAt(model, 0)))).toEqual(['run:/w/runs/new']);
  });

  it('draws everything when a run begins or ceases to match the filter', () => {
    const model = filled();
    model.filter = 'failed';
    expect(model.roots()).toEqual([]);
    expect(model.setRun(runWith('old', { state: 'running' })).all).toBe(false);
    expect(model.setRun(runWith('old', { state: 'failed' })).all).toBe(true);
    expect(model.roots()).toHaveLength(1);
    expect(model.setRun(runWith('old', { state: 'failed', damagedLines: 1 })).all).toBe(false);
    expect(model.setRun(runWith('old', { state: 'running' })).all).toBe(true);
    expect(model.roots()).toEqual([]);
  });

  it('draws one run again when one run changed, and everything when runs came', () => {
    const model = filled();
    expect(model.setRun(runWith('old'))).toEqual({ all: false, nodes: [rowAt(model, 0, 1)] });
    expect(model.setRun(runWith('unheard of')).all).toBe(true);
  });

  it('shows a queued experiment under its file, and takes it away when its run is there', () => {
    const model = filled();
    expect(model.changeSessions([sessionWith('s1', { state: 'queued' })], []).all).toBe(true);
    expect(ids(model.children(rowAt(model, 0)))[0]).toBe('session:s1');
    expect(model.changeSessions([sessionWith('s1', { run: '/w/runs/new' })], []).all).toBe(true);
    expect(ids(model.children(rowAt(model, 0)))).toEqual(['run:/w/runs/new', 'run:/w/runs/old']);
    const run = model.run('/w/runs/new');
    expect(run && model.state(run)).toBe('running');
  });

  it('draws only the run while its session reports progress', () => {
    const model = filled();
    model.setSessions([sessionWith('s1', { run: '/w/runs/new' })]);
    const progress = { share: 0.5, activity: 'train' };
    expect(model.changeSessions([sessionWith('s1', { run: '/w/runs/new', progress })], [])).toEqual({
      all: false,
      nodes: [rowAt(model, 0, 0)],
    });
  });

  it('lays a session that resumes a run over its row', () => {
    const model = filled();
    model.setSessions([sessionWith('s1', { work: { kind: 'resume', run: '/w/runs/old' }, state: 'queued' })]);
    const run = model.run('/w/runs/old');
    expect(run && model.state(run)).toBe('queued');
    expect(ids(model.roots())).toHaveLength(2);
  });

  it('shows other work at the top', () => {
    const model = filled();
    const work = { kind: 'merge', base: 'pocket', tuned: '/m', lambda: 0.5, out: '/o' } as const;
    model.setSessions([sessionWith('s1', { work, state: 'done' }), sessionWith('s2', { work, state: 'failed' })]);
    expect(ids(model.roots()).slice(0, 2)).toEqual(['session:s1', 'session:s2']);
    model.changeSessions([], ['s1', 's2']);
    expect(ids(model.roots())).toHaveLength(2);
  });

  it('shows a launch that failed before there was a run', () => {
    const model = filled();
    model.setSessions([sessionWith('s1', { state: 'failed', reason: 'model missing' })]);
    expect(ids(model.children(rowAt(model, 0)))[0]).toBe('session:s1');
  });

  it('lists a thousand runs at once', () => {
    const model = new ExperimentsModel();
    const runs = Array.from({ length: 1000 }, (_, k) =>
      runWith(`r${k}`, { createdAt: new Date(k * 1e7).toISOString() }),
    );
    const start = performance.now();
    model.setList([experimentWith('pocket', runs)]);
    expect(model.children(rowAt(model, 0))).toHaveLength(1000);
    // A generous bound: it takes about 10 ms.
    expect(performance.now() - start).toBeLessThan(300 * slack);
  });
});
