import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Workbench } from '../workbench.ts';
import { ExperimentsModel } from './experimentsModel.ts';
import type { Changes } from './experimentsModel.ts';
import type { ExperimentsStore } from './experimentsStore.ts';
import { ExperimentsTree } from './experimentsTree.ts';
import type { ExperimentsNode } from './nodes.ts';
import { experimentWith, runWith, sessionWith } from './testing.ts';

interface Checks {
  items: [ExperimentsNode, number][];
}

interface Editor {
  context: Record<string, unknown>;
  focused: number;
  revealed: unknown[];
  check(checks: Checks): void;
}

const editor = vi.hoisted((): Editor => ({ context: {}, focused: 0, revealed: [], check: () => undefined }));

vi.mock('vscode', () => ({
  EventEmitter: class {
    event = () => ({ dispose: () => undefined });
    fire = (): void => undefined;
  },
  TreeItemCheckboxState: { Unchecked: 0, Checked: 1 },
  TreeItemCollapsibleState: {},
  l10n: { t: (text: string) => text },
  workspace: {},
  window: {
    createTreeView: () => ({
      onDidChangeCheckboxState: (listener: (checks: Checks) => void) => (editor.check = listener),
      reveal: (node: unknown) => Promise.resolve(editor.revealed.push(node)),
    }),
  },
  commands: {
    executeCommand: (id: string, key: string, value: unknown) => {
      if (id === 'setContext') editor.context[key] = value;
      else editor.focused++;
    },
  },
}));

describe('the experiments view', () => {
  let model: ExperimentsModel;
  let tree: ExperimentsTree;
  let change: (changes: Changes) => void;

  beforeEach(() => {
    Object.assign(editor, { context: {}, focused: 0, revealed: [] });
    model = new ExperimentsModel();
    model.setList([experimentWith('pocket', [runWith('a'), runWith('b')]), experimentWith('calls', [])]);
    const onDidChange = (listener: typeof change): void => void (change = listener);
    const store = { model, onDidChange, redraw: () => undefined } as unknown as ExperimentsStore;
    const workspaceState = { get: (_: string, otherwise: unknown) => otherwise };
    tree = new ExperimentsTree({ context: { workspaceState } } as unknown as Workbench, store);
  });

  it('counts the checked runs that are there', () => {
    editor.check({ items: model.children(model.roots()[0]!).map((run) => [run, 1]) });
    expect(editor.context).toMatchObject({ 'forgettingLab.checkedRuns': 2 });
    model.setList([experimentWith('pocket', [runWith('b')])]);
    change({ all: true, nodes: [] });
    expect(editor.context).toMatchObject({ 'forgettingLab.checkedRuns': 1 });
  });

  it('reveals the row of a session, and clears a filter that hides it', async () => {
    const session = sessionWith('s', { state: 'queued' });
    model.setSessions([session]);
    tree.filter('calls');
    await tree.reveal(model.sessionNode(session));
    expect(editor.revealed).toEqual([model.sessionNode(session)]);
    expect(model.filter).toBe('');
    expect(editor.focused).toBe(0);
  });

  it('shows itself where old work has no row any more', async () => {
    const work = { kind: 'merge', base: 'a', tuned: 'b', lambda: 0.5, out: '/o' } as const;
    const old = Array.from({ length: 6 }, (_, k) => sessionWith(`s${k}`, { work, state: 'failed' }));
    model.setSessions(old);
    await tree.reveal(model.sessionNode(old[0]!));
    expect([editor.revealed, editor.focused]).toEqual([[], 1]);
  });
});
