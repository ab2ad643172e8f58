import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ExperimentsModel } from '../sidebar/experimentsModel.ts';
import type { ExperimentsStore } from '../sidebar/experimentsStore.ts';
import { experimentWith, runWith, sessionWith } from '../sidebar/testing.ts';
import type { Workbench } from '../workbench.ts';
import { registerRunCommands } from './runCommands.ts';

const editor = vi.hoisted(() => ({ picks: 0 }));

vi.mock('vscode', () => ({
  l10n: {
    t: (text: string, ...values: unknown[]) => text.replace(/\{(\d)\}/g, (_, at: string) => String(values[+at])),
  },
  window: {
    showQuickPick: (items: unknown[]) => {
      editor.picks++;
      return Promise.resolve(items[0]);
    },
  },
}));

describe('commands on several rows', () => {
  const commands = new Map<string, (...args: unknown[]) => Promise<void>>();
  const model = new ExperimentsModel();
  const show = vi.fn();
  const request = vi.fn<(spec: { method: string }, params: unknown) => Promise<unknown>>();
  const asked = (): unknown[] => request.mock.calls.map(([{ method }, params]) => [method, params]);

  beforeEach(() => {
    editor.picks = 0;
    show.mockReset();
    request.mockReset().mockResolvedValue(null);
    model.setList([
      experimentWith('pocket', [runWith('a', { state: 'running' }), runWith('b', { state: 'stopped' }), runWith('c')]),
      experimentWith('calls', [runWith('d', { state: 'failed' }), runWith('e', { state: 'corrupt', trials: [] })]),
    ]);
    model.setSessions([sessionWith('s1', { run: '/w/runs/a' }), sessionWith('s2', { state: 'queued' })]);
    const command = (id: string, handler: (...args: unknown[]) => Promise<void>) => commands.set(id, handler);
    const workbench = { command, lab: { request }, panels: { show } } as unknown as Workbench;
    const store = { model, require: () => Promise.resolve() } as unknown as ExperimentsStore;
    registerRunCommands(workbench, store, () => []);
  });

  /** As the menu of a row does while all rows are selected. */
  async function onAll(id: string): Promise<void> {
    const rows = model.roots().flatMap((root) => [root, ...model.children(root)]);
    await commands.get(id)?.(rows[1], rows);
  }

  it('stop all that runs or waits, and ask once how', async () => {
    await onAll('forgettingLab.stop');
    expect(editor.picks).toBe(1);
    expect(asked()).toEqual([
      ['sessions/remove', { id: 's2' }],
      ['sessions/stop', { id: 's1', how: 'save' }],
    ]);
  });

  it('stop one without a question when they say how', async () => {
    await commands.get('forgettingLab.stop')?.('/w/runs/a', 'now');
    expect(editor.picks).toBe(0);
    expect(asked()).toEqual([['sessions/stop', { id: 's1', how: 'now' }]]);
  });

  it('stop at once what is stopping already, without a question', async () => {
    model.setSessions([sessionWith('s1', { run: '/w/runs/a', state: 'stopping' })]);
    await commands.get('forgettingLab.stop')?.();
    expect(editor.picks).toBe(0);
    expect(asked()).toEqual([['sessions/stop', { id: 's1', how: 'now' }]]);
  });

  it('leave what is stopping to its end when others are to save', async () => {
    model.setSessions([sessionWith('s1', { run: '/w/runs/a', state: 'stopping' }), sessionWith('s2')]);
    await onAll('forgettingLab.stop');
    expect(editor.picks).toBe(1);
    expect(asked()).toEqual([['sessions/stop', { id: 's2', how: 'save' }]]);
  });

  it('stop a resume that waits by taking it off the list', async () => {
    model.setSessions([sessionWith('s3', { work: { kind: 'resume', run: '/w/runs/b' }, state: 'queued' })]);
    await commands.get('forgettingLab.stop')?.(model.runNode('/w/runs/b'));
    expect(editor.picks).toBe(0);
    expect(asked()).toEqual([['sessions/remove', { id: 's3' }]]);
  });

  it('resume all that can be, also when one cannot', async () => {
    request.mockRejectedValueOnce(new Error('locked'));
    await expect(onAll('forgettingLab.resume')).rejects.toThrow('locked');
    expect(asked()).toHaveLength(2);
    expect(asked()).toEqual(
      expect.arrayContaining(['b', 'd'].map((id) => ['sessions/launch', { kind: 'resume', run: `/w/runs/${id}` }])),
    );
  });

  it('show the newest readable run of an experiment whose file is gone', async () => {
    const runs = [runWith('x', { state: 'corrupt', trials: [] }), runWith('y'), runWith('z')];
    model.setList([experimentWith('pocket', [runWith('a')]), { name: 'gone', arms: 1, stages: 1, runs }]);
    const row = model.roots().find((node) => node.path === undefined);
    await commands.get('forgettingLab.showHeatmap')?.(row);
    expect(editor.picks).toBe(0);
    expect(show.mock.calls).toEqual([['heatmap', expect.objectContaining({ run: '/w/runs/y' })]]);
  });

  it('compare the runs that can be read', async () => {
    await onAll('forgettingLab.compareRuns');
    const [, subject] = show.mock.calls[0] as [string, { title: string; runs: string[] }];
    expect(subject.title).toBe('Compare 4 runs');
    expect(subject.runs.sort()).toEqual(['a', 'b', 'c', 'd'].map((id) => `/w/runs/${id}`));
  });
});
