import { beforeEach, expect, test, vi } from 'vitest';
import { LabError } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { ExperimentsStore } from '../sidebar/experimentsStore.ts';
import type { Workbench } from '../workbench.ts';
import { resume } from './resume.ts';

const editor = vi.hoisted(() => ({ chosen: undefined as string | undefined, shown: [] as string[][] }));

vi.mock('vscode', () => ({
  l10n: {
    t: (text: string, ...values: string[]) => text.replace(/\{(\d)\}/g, (_, index: string) => values[Number(index)]!),
  },
  window: {
    showWarningMessage: (...words: string[]) => {
      editor.shown.push(words);
      return Promise.resolve(editor.chosen);
    },
  },
}));
vi.mock('./chooseRun.ts', () => ({ chooseRun: () => Promise.resolve({ folder: '/runs/one' }) }));

/** Resumes against a server that refuses with `code` what is not forced; gives what was asked of it. */
async function resumeAgainst(code: ErrorCode): Promise<unknown[]> {
  const asked: unknown[] = [];
  const request = (_: unknown, work: { force?: boolean }): Promise<unknown> => {
    asked.push(work);
    if (work.force) return Promise.resolve({ id: 'one' });
    return Promise.reject(new LabError(code, 'made with 0.0.1', { remedy: 'Resume anyway' }));
  };
  await resume({ lab: { request } } as unknown as Workbench, {} as ExperimentsStore, undefined);
  return asked;
}

beforeEach(() => Object.assign(editor, { chosen: undefined, shown: [] }));

test('a run of other versions is resumed when a person says so', async () => {
  const work = { kind: 'resume', run: '/runs/one' };
  expect(await resumeAgainst('run-versions-differ')).toEqual([work]);
  expect(editor.shown).toEqual([['made with 0.0.1. Resume anyway', 'Resume Anyway']]);
  editor.chosen = 'Resume Anyway';
  expect(await resumeAgainst('run-versions-differ')).toEqual([work, { ...work, force: true }]);
});

test('whatever else is wrong cannot be passed over', async () => {
  editor.chosen = 'Resume Anyway';
  await expect(resumeAgainst('run-not-resumable')).rejects.toThrow('made with 0.0.1');
  expect(editor.shown).toEqual([]);
});
