import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import type { ExperimentsStore } from '../sidebar/experimentsStore.ts';
import type { Workbench } from '../workbench.ts';
import { registerNotifications } from './notifications.ts';

const editor = vi.hoisted(() => ({
  runEnded: true,
  chosen: undefined as string | undefined,
  shown: [] as string[][],
  commands: [] as unknown[][],
}));

vi.mock('vscode', () => {
  const show = (...words: string[]): Promise<string | undefined> => {
    editor.shown.push(words);
    return Promise.resolve(editor.chosen);
  };
  return {
    ConfigurationTarget: { Global: 1 },
    l10n: {
      t: (text: string, ...values: string[]) => text.replace(/\{(\d)\}/g, (_, index: string) => values[Number(index)]!),
    },
    window: { state: { focused: false }, showErrorMessage: show, showInformationMessage: show },
    workspace: {
      getConfiguration: (section: string) => ({
        get: (key: string) => section === 'forgettingLab.notifications' && key === 'runEnded' && editor.runEnded,
        update: (key: string, value: boolean, target: number) => {
          if (section === 'forgettingLab.notifications' && key === 'runEnded' && target === 1) editor.runEnded = value;
        },
      }),
    },
    commands: { executeCommand: (...words: unknown[]) => void editor.commands.push(words) },
  };
});

/** A session that was long enough to be told about. */
const ended = (id: string, state: 'done' | 'failed'): SessionSummary => ({
  id,
  work: { kind: 'run', experiment: '/quick.experiment.yaml' },
  title: 'quick',
  state,
  queuedAt: '2026-01-02T03:00:00Z',
  startedAt: '2026-01-02T03:00:00Z',
  endedAt: '2026-01-02T03:02:00Z',
  run: '/runs/quick',
  ...(state === 'failed' ? { reason: 'the disk is full' } : {}),
});

describe('the notification at the end of a long run', () => {
  let end: (session: SessionSummary) => void = () => undefined;

  beforeEach(() => {
    Object.assign(editor, { runEnded: true, chosen: undefined, shown: [], commands: [] });
    const store = {
      onDidEndSession: (listener: typeof end) => {
        end = listener;
        return { dispose: () => undefined };
      },
    } as unknown as ExperimentsStore;
    const workbench = { context: { subscriptions: [] }, log: { error: vi.fn() } } as unknown as Workbench;
    registerNotifications(workbench, store);
  });

  it('says how it ended and what can be looked at', async () => {
    editor.chosen = 'Show heatmap';
    end(ended('a', 'done'));
    await vi.waitFor(() => expect(editor.commands).toEqual([['forgettingLab.showHeatmap', '/runs/quick']]));
    editor.chosen = 'Show Log';
    end(ended('b', 'failed'));
    await vi.waitFor(() => expect(editor.commands).toHaveLength(2));
    expect(editor.shown.map(([text]) => text)).toEqual([
      expect.stringContaining('quick is done after'),
      expect.stringMatching(/quick failed after .*: the disk is full/),
    ]);
    expect(editor.shown.map(([, ...choices]) => choices)).toEqual([
      ['Show heatmap', "Don't show again"],
      ['Show Log', "Don't show again"],
    ]);
    expect(editor.commands[1]).toEqual(['forgettingLab.internal.readSession', { session: 'b' }]);
  });

  it('stays away once nobody wants it any more', async () => {
    editor.chosen = "Don't show again";
    end(ended('c', 'done'));
    await vi.waitFor(() => expect(editor.runEnded).toBe(false));
    end(ended('d', 'failed'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(editor.shown).toHaveLength(1);
  });
});
