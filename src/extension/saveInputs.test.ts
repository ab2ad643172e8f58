// Work is handed to the server only once what it reads is on disk as the editors show it.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { outlineExperiment } from '../shared/protocol/lab/experiments.ts';
import { buildTargets } from './experiments/buildTargets.ts';
import { evaluateModel } from './experiments/evaluateModel.ts';
import { launch } from './experiments/launch.ts';
import type { ReadonlyTexts } from './experiments/readonlyText.ts';
import { targetDiffFeature } from './targetDiff/targetDiff.ts';
import type { Workbench } from './workbench.ts';

const experiment = '/w/lab.experiment.yaml';
const train = '/w/train.jsonl';
const other = '/w/other.jsonl';

interface Document {
  uri: { scheme: string; fsPath: string };
  fileName: string;
  isDirty: boolean;
  getText: () => string;
  save: () => Promise<boolean>;
}

const editor = vi.hoisted(() => ({ documents: [] as Document[], happened: [] as string[], saves: true }));

vi.mock('vscode', () => {
  const uriOf = (fsPath: string) => ({ scheme: 'file', fsPath, toString: () => `file://${fsPath}` });
  return {
    Uri: { file: uriOf },
    l10n: { t: (text: string) => text },
    window: {},
    workspace: {
      getConfiguration: () => ({ get: (_: string, otherwise: unknown) => otherwise }),
      openTextDocument: ({ fsPath }: { fsPath: string }) =>
        Promise.resolve(editor.documents.find(({ fileName }) => fileName === fsPath)),
      get textDocuments() {
        return editor.documents;
      },
    },
  };
});
vi.mock('./activeFile.ts', () => ({ activeFile: () => undefined }));
vi.mock('./experiments/sessionEvents.ts', () => ({ followSession: () => ({ dispose: () => undefined }) }));
vi.mock('./experiments/steps.ts', () => ({
  askSteps: (_: unknown, answers: object) =>
    Promise.resolve(Object.assign(answers, { model: 'pocket', experiment, recipe: 'r', out: '/w/out.jsonl' })),
}));
vi.mock('./experiments/carryOut.ts', () => ({
  carryOut: (_: unknown, { kind }: { kind: string }) => Promise.resolve(editor.happened.push(kind)),
}));

function unsaved(fileName: string, scheme = 'file'): Document {
  const uri = { scheme, fsPath: fileName, toString: () => `${scheme}://${fileName}` };
  const save = (): Promise<boolean> => {
    editor.happened.push(`save ${fileName}`);
    return Promise.resolve(editor.saves);
  };
  return { uri, fileName, isDirty: true, getText: () => '', save };
}

const answers: Record<string, unknown> = {
  'experiments/material': { tasks: [] },
  'experiments/validate': [],
  'sessions/launch': { id: 's' },
};

function workbenchWith({ trusted = true } = {}): Workbench & { diff: (argument: unknown) => Promise<void> } {
  const commands = new Map<string, (argument: unknown) => Promise<void>>();
  const request = (spec: { method: string }): Promise<unknown> => {
    if (spec === outlineExperiment) return Promise.resolve({ files: [train] });
    editor.happened.push(spec.method);
    return Promise.resolve(answers[spec.method]);
  };
  const workbench = {
    lab: { request },
    trusted: () => trusted,
    context: { subscriptions: [] },
    panels: { show: (kind: string) => editor.happened.push(kind) },
    annotationModel: { scoring: () => undefined },
    command: (id: string, handler: (argument: unknown) => Promise<void>) => commands.set(id, handler),
  } as unknown as Workbench;
  targetDiffFeature(workbench);
  return { ...workbench, diff: (argument) => commands.get('forgettingLab.showTargetDiff')!(argument) };
}

type Work = (workbench: ReturnType<typeof workbenchWith>) => Promise<unknown>;

const works: [string, Work, string[], string][] = [
  ['Launch', (w) => launch(w, experiment), [experiment, train], 'sessions/launch'],
  ['Build Targets', (w) => buildTargets(w, train), [train], 'targets'],
  ['Evaluate Model', (w) => evaluateModel(w, {} as ReadonlyTexts, 'pocket'), [experiment, train], 'evaluate'],
  ['the target diff', (w) => w.diff({ dataset: train, other }), [train, other], 'targetDiff'],
];

beforeEach(() => {
  const older = unsaved(train, 'git');
  const files = [experiment, train, other, '/w/unrelated.jsonl'];
  Object.assign(editor, { documents: [older, ...files.map((file) => unsaved(file))], happened: [], saves: true });
});

describe('unsaved changes', () => {
  it.each(works)('are saved first, and no others: %s', async (_, work, files, end) => {
    await work(workbenchWith());
    const looks = new Set(['experiments/material', 'experiments/validate']);
    const happened = editor.happened.filter((one) => !looks.has(one));
    expect(happened).toEqual([...files.map((file) => `save ${file}`), end]);
  });

  it.each(works)('that cannot be saved keep the work from beginning: %s', async (_, work, [file], end) => {
    editor.saves = false;
    await expect(work(workbenchWith())).rejects.toThrow(`${file} has changes that are not saved`);
    expect(editor.happened).not.toContain(end);
  });

  it('are not written in Restricted Mode', async () => {
    await expect(workbenchWith({ trusted: false }).diff({ dataset: train })).rejects.toThrow('not saved');
    expect(editor.happened).toEqual([]);
  });
});
