// What work in the background opens when it begins and ends, while somebody may be writing.
import { describe, expect, it, vi } from 'vitest';
import type { Mock } from 'vitest';
import { outlineExperiment } from '../../shared/protocol/lab/experiments.ts';
import { launchSession, listSessions } from '../../shared/protocol/lab/sessions.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import { sessionWith } from '../sidebar/testing.ts';
import type { Workbench } from '../workbench.ts';
import { buildTargets } from './buildTargets.ts';
import { evaluateModel } from './evaluateModel.ts';
import { launch } from './launch.ts';
import { createReadonlyTexts } from './readonlyText.ts';

interface Editor {
  activeTextEditor: unknown;
  showTextDocument: Mock<(document: unknown, options: unknown) => void>;
  showInformationMessage(): Promise<undefined>;
}

const window = vi.hoisted((): Editor => ({
  activeTextEditor: undefined,
  showTextDocument: vi.fn(),
  showInformationMessage: () => Promise.resolve(undefined),
}));

vi.mock('vscode', () => ({
  EventEmitter: class {
    fire = (): void => undefined;
  },
  Uri: { file: (path: string) => path, from: ({ path }: { path: string }) => ({ path }) },
  ViewColumn: { Active: -1, Beside: -2 },
  l10n: { t: (text: string) => text },
  window,
  workspace: {
    getConfiguration: () => ({ get: (_: string, otherwise: unknown) => otherwise }),
    onDidCloseTextDocument: () => undefined,
    openTextDocument: () => Promise.resolve({ isDirty: false, fileName: '', getText: () => '' }),
    registerTextDocumentContentProvider: () => undefined,
    textDocuments: [],
  },
}));

vi.mock('../activeFile.ts', () => ({ activeFile: () => undefined }));

// Dialogues are answered, and the work is done at once.
vi.mock('./steps.ts', () => ({
  askSteps: (_: unknown, answers: object) => {
    Object.assign(answers, {
      model: 'pocket',
      experiment: '/w/pocket.experiment.yaml',
      recipe: 'r',
      out: '/w/out.jsonl',
    });
    return Promise.resolve(true);
  },
}));
vi.mock('./carryOut.ts', () => ({
  carryOut: (_: unknown, _work: unknown, done: (session: object) => Promise<void>) =>
    done({ result: ['made'], queuedAt: '2026-11-21T10:00:00Z' }),
}));

/** Panels that a launched experiment opens once its run has a folder. */
async function opened(session: SessionSummary): Promise<unknown[]> {
  const panels: unknown[] = [];
  const asked: unknown[] = [];
  const never = () => ({ dispose: () => undefined });
  const request = (spec: unknown): Promise<unknown> => {
    asked.push(spec);
    if (spec === outlineExperiment) return Promise.resolve({ files: [] });
    return Promise.resolve(spec === launchSession ? { id: session.id } : spec === listSessions ? [session] : []);
  };
  const workbench = {
    context: { subscriptions: [] },
    lab: { on: never, onDidChangeState: never, request },
    panels: { show: (...words: unknown[]) => panels.push(words) },
  } as unknown as Workbench;
  expect(await launch(workbench, '/w/pocket.experiment.yaml')).toBe(session.id);
  await vi.waitFor(() => expect(asked).toContain(listSessions));
  await new Promise(setImmediate);
  return panels;
}

describe('the heatmap of a launched experiment', () => {
  const queuedAt = '2026-11-21T10:00:00Z';
  const run = '/w/runs/a';

  it('opens when the experiment begins at once', async () => {
    const session = sessionWith('s', { queuedAt, startedAt: '2026-11-21T10:00:01Z', run });
    expect(await opened(session)).toEqual([['heatmap', { title: 'pocket', run }]]);
  });

  it('does not come up by itself after a wait in the queue', async () => {
    const session = sessionWith('s', { queuedAt, startedAt: '2026-11-21T11:00:00Z', run });
    expect(await opened(session)).toEqual([]);
  });
});

describe('a document at the end of work', () => {
  const lab = { request: () => Promise.resolve({ tasks: [], files: [] }) };
  const names = { of: () => Promise.resolve(undefined) };
  const workbench = { lab, names, context: { subscriptions: [] } } as unknown as Workbench;
  const texts = createReadonlyTexts(workbench.context);

  it.each([
    ['targets', () => buildTargets(workbench, '/w/data.jsonl')],
    ['evaluation', () => evaluateModel(workbench, texts, 'pocket')],
  ])('leaves the focus where it is, and the text that somebody writes: %s', async (_, work) => {
    for (const [typing, viewColumn] of [
      [{}, -2],
      [undefined, -1],
    ]) {
      window.activeTextEditor = typing;
      await work();
      const options = { preview: true, preserveFocus: true, viewColumn };
      expect(window.showTextDocument).toHaveBeenLastCalledWith(expect.anything(), options);
    }
  });
});
