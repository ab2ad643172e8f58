import { expect, it, vi } from 'vitest';
import type { Lab, LabState } from '../workbench.ts';
import { ExperimentsStore } from './experimentsStore.ts';
import { experimentWith, runWith } from './testing.ts';

const editor = vi.hoisted((): { context: Record<string, unknown> } => ({ context: {} }));

vi.mock('vscode', () => ({
  EventEmitter: class {
    event = () => ({ dispose: () => undefined });
    fire = (): void => undefined;
    dispose = (): void => undefined;
  },
  l10n: { t: (text: string) => text },
  commands: {
    executeCommand: (_: string, key: string, value: unknown) => {
      editor.context[key] = value;
    },
  },
}));

it('has a list as soon as a server is there, whoever asked for it, and asks for none before', async () => {
  const lists: unknown[] = [[experimentWith('pocket', [runWith('a', { state: 'stopped' })])], []];
  let become: (state: LabState) => void = () => undefined;
  const request = vi.fn(() => Promise.resolve(lists.shift()));
  const lab = {
    on: () => ({ dispose: () => undefined }),
    onDidChangeState: (listener: typeof become) => {
      become = listener;
      return { dispose: () => undefined };
    },
    request,
  } as unknown as Lab;
  const store = new ExperimentsStore(lab);
  become('starting');
  expect(request).not.toHaveBeenCalled();
  become('attached');
  await vi.waitFor(() => expect(store.model.loaded).toBe(true));
  expect(editor.context).toMatchObject({ 'forgettingLab.noneResumable': false });
  expect(request).toHaveBeenCalledTimes(2);
  store.dispose();
});
