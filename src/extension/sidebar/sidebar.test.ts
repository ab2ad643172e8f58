// Commands on the rows of the experiments view, one or several.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Workbench } from '../workbench.ts';
import { ExperimentsModel } from './experimentsModel.ts';
import type { ExperimentsStore } from './experimentsStore.ts';
import { registerSidebar } from './sidebar.ts';
import { experimentWith, runWith, sessionWith } from './testing.ts';

const editor = vi.hoisted(() => ({ executed: [] as unknown[][] }));

vi.mock('vscode', () => ({
  Uri: { file: (path: string) => path },
  l10n: { t: (text: string) => text },
  commands: {
    executeCommand: (...words: unknown[]) => {
      editor.executed.push(words);
      return Promise.resolve();
    },
  },
}));
vi.mock('./experimentsTree.ts', () => ({ ExperimentsTree: class {} }));
vi.mock('./resourceTrees.ts', () => ({ DatasetsTree: class {}, ModelsTree: class {} }));

const commands = new Map<string, (...args: unknown[]) => Promise<void>>();
const model = new ExperimentsModel();
const request = vi.fn<(spec: { method: string }, params: unknown) => Promise<unknown>>();

beforeEach(() => {
  editor.executed = [];
  request.mockReset().mockResolvedValue(null);
  model.setList([experimentWith('pocket', [runWith('a')]), experimentWith('calls', [])]);
  const command = (id: string, handler: (...args: unknown[]) => Promise<void>) => commands.set(id, handler);
  const workbench = { command, lab: { request }, context: { subscriptions: [] } } as unknown as Workbench;
  registerSidebar(workbench, { model } as ExperimentsStore);
});

describe('the files of experiments', () => {
  const open = (...args: unknown[]) => commands.get('forgettingLab.internal.openFile')?.(...args);

  it('open as the editor opens one', async () => {
    await open(model.roots()[0]);
    expect(editor.executed).toEqual([['vscode.open', '/w/pocket.experiment.yaml']]);
  });

  it('open all that are selected, each in a tab that stays', async () => {
    const rows = model.roots().flatMap((root) => [root, ...model.children(root)]);
    await open(rows[0], rows);
    expect(editor.executed).toEqual([
      ['vscode.open', '/w/pocket.experiment.yaml', { preview: false }],
      ['vscode.open', '/w/calls.experiment.yaml', { preview: false }],
    ]);
  });
});

describe('work that is taken off the list', () => {
  const remove = (...args: unknown[]) => commands.get('forgettingLab.internal.removeSession')?.(...args);
  const removed = (): unknown[] => request.mock.calls.map(([{ method }, params]) => [method, params]);

  beforeEach(() => {
    model.setSessions([
      sessionWith('s1'),
      sessionWith('s2', { state: 'queued' }),
      sessionWith('s3', { state: 'stopping' }),
      sessionWith('s4', { state: 'failed' }),
    ]);
  });

  it('is all of a selection that does not run, also when one cannot be removed', async () => {
    const rows = model.roots().flatMap((root) => [root, ...model.children(root)]);
    request.mockRejectedValueOnce(new Error('removed elsewhere'));
    await expect(remove(rows[1], rows)).rejects.toThrow('removed elsewhere');
    expect(removed()).toEqual(['s2', 's4'].map((id) => ['sessions/remove', { id }]));
  });

  it('is the row that is clicked: the server says what keeps it', async () => {
    await remove({ kind: 'session', session: 's1' });
    expect(removed()).toEqual([['sessions/remove', { id: 's1' }]]);
  });
});
