import { describe, expect, it } from 'vitest';
import { ExperimentsModel } from '../sidebar/experimentsModel.ts';
import type { ExperimentsNode } from '../sidebar/nodes.ts';
import { experimentWith, runWith, sessionWith } from '../sidebar/testing.ts';
import { resumableAmong, runsOf, stoppableAmong } from './selection.ts';

/** Every row of the tree, as a selection from the first to the last with all of them open. */
function rowsIn(model: ExperimentsModel): ExperimentsNode[] {
  const below = (node: ExperimentsNode): ExperimentsNode[] => [node, ...model.children(node).flatMap(below)];
  return model.roots().flatMap(below);
}

describe('a selection of rows', () => {
  const model = new ExperimentsModel();
  model.setList([
    experimentWith('pocket', [
      runWith('mine', { state: 'running' }),
      runWith('waits', { state: 'stopped' }),
      runWith('done'),
    ]),
    experimentWith('calls', [
      runWith('terminal', { state: 'running' }),
      runWith('broke', { state: 'interrupted' }),
      runWith('ends', { state: 'running' }),
    ]),
  ]);
  model.setSessions([
    sessionWith('s1', { run: '/w/runs/mine' }),
    sessionWith('s2', { work: { kind: 'resume', run: '/w/runs/waits' }, state: 'queued' }),
    sessionWith('s3', { run: '/w/runs/ends', state: 'stopping' }),
    sessionWith('s4', { state: 'queued' }),
    sessionWith('s5', { state: 'failed' }),
  ]);
  const rows = rowsIn(model);
  const all = model.allRuns().map(({ folder }) => folder);

  it('stands for the runs in it, each once', () => {
    expect(rows.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['experiment', 'checkpoint', 'session']));
    expect(runsOf(rows[0], rows).sort()).toEqual(all.sort());
  });

  it('may be one row, a folder, or folders', () => {
    const checkpoint = rows.find(({ kind }) => kind === 'checkpoint');
    expect(runsOf(checkpoint, undefined)).toHaveLength(1);
    expect(all).toContain(runsOf(checkpoint)[0]);
    expect(runsOf('/w/runs/a')).toEqual(['/w/runs/a']);
    expect(runsOf(['/w/runs/a', '/w/runs/b'])).toEqual(['/w/runs/a', '/w/runs/b']);
    expect(runsOf(undefined, undefined)).toEqual([]);
  });

  it('is stopped where something runs or waits', () => {
    const stopped = stoppableAmong(model, rows).map((one) => ('state' in one ? one.id : one.run));
    expect(stopped.sort()).toEqual(['/w/runs/terminal', 's1', 's2', 's3', 's4']);
  });

  it('is resumed where a run has ended before its time', () => {
    expect(resumableAmong(model, rows)).toEqual(['/w/runs/broke']);
  });
});
