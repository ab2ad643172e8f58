import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ExperimentsModel } from '../sidebar/experimentsModel.ts';
import type { ExperimentsStore } from '../sidebar/experimentsStore.ts';
import { experimentWith, sessionWith } from '../sidebar/testing.ts';
import type { Workbench } from '../workbench.ts';
import { registerStatus } from './status.ts';

const editor = vi.hoisted(() => ({
  item: { text: '' },
  commands: [] as unknown[][],
  kept: new Map<string, unknown>(),
}));

vi.mock('vscode', () => ({
  MarkdownString: class {},
  StatusBarAlignment: { Left: 1 },
  ThemeColor: class {},
  l10n: { t: (text: string, ...values: string[]) => text.replace(/\{(\d)\}/g, (_, at: string) => values[Number(at)]!) },
  window: { createStatusBarItem: () => Object.assign(editor.item, { show: () => undefined }) },
  workspace: {},
  commands: { executeCommand: (...words: unknown[]) => void editor.commands.push(words) },
}));

describe('a click on the status item', () => {
  const model = new ExperimentsModel();
  const reveal = vi.fn(() => Promise.resolve());
  let click: () => Promise<void>;

  /** As a window that opens does. */
  function register(): void {
    const never = () => ({ dispose: () => undefined });
    const store = { model, onDidChange: never, onDidChangeSessions: never } as unknown as ExperimentsStore;
    const workspaceState = {
      get: (key: string, otherwise: unknown) => editor.kept.get(key) ?? otherwise,
      update: (key: string, value: unknown) => void editor.kept.set(key, JSON.parse(JSON.stringify(value))),
    };
    registerStatus(
      {
        context: { subscriptions: [], workspaceState },
        command: (_: string, handler: () => Promise<void>) => (click = handler),
      } as unknown as Workbench,
      store,
      { reveal },
    );
  }

  beforeEach(() => {
    Object.assign(editor, { commands: [], kept: new Map() });
    reveal.mockClear();
    model.setList([experimentWith('pocket', [])]);
  });

  it('opens the monitor of a run that is not on the list yet', async () => {
    model.setSessions([sessionWith('s', { run: '/w/runs/new' })]);
    register();
    await click();
    expect(editor.commands).toEqual([['forgettingLab.showMonitor', '/w/runs/new']]);
    expect(reveal).not.toHaveBeenCalled();
  });

  it('shows the row of work without a run', async () => {
    model.setSessions([sessionWith('s', { work: { kind: 'merge', base: 'a', tuned: 'b', lambda: 0.5, out: '/o' } })]);
    register();
    await click();
    expect(reveal).toHaveBeenCalledWith(model.roots()[0]);
  });

  it('is the last that is said of a failure, in later windows too', async () => {
    model.setSessions([sessionWith('s', { state: 'failed' })]);
    register();
    expect(editor.item.text).toContain('failed');
    await click();
    expect(editor.item.text).toBe('$(beaker)');
    editor.item.text = '';
    register();
    expect(editor.item.text).toBe('$(beaker)');
  });

  it('goes to the experiments while nothing happens', async () => {
    model.setSessions([]);
    register();
    await click();
    expect(editor.commands).toEqual([['forgettingLab.experiments.focus']]);
  });
});
