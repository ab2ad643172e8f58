import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Workbench } from '../workbench.ts';
import { launchAll } from './launch.ts';

vi.mock('vscode', () => ({
  Uri: { file: (path: string) => path },
  l10n: { t: (text: string) => text },
  workspace: {
    getConfiguration: () => ({ get: (_: string, otherwise: unknown) => otherwise }),
    openTextDocument: (fileName: string) => Promise.resolve({ fileName, getText: () => '' }),
    textDocuments: [],
  },
}));
vi.mock('../activeFile.ts', () => ({ activeFile: () => '/w/active.experiment.yaml' }));
vi.mock('./sessionEvents.ts', () => ({ followSession: () => ({ dispose: () => undefined }) }));

describe('launching what is selected', () => {
  const [one, two, three] = ['one', 'two', 'three'].map((name) => `/w/${name}.experiment.yaml`);
  const row = (path: string | undefined, kind = 'experiment') => ({ kind, path });
  let launched: string[] = [];
  let refused: string | undefined;

  beforeEach(() => {
    launched = [];
    refused = undefined;
  });

  const request = ({ method }: { method: string }, params: { experiment: string }): Promise<unknown> => {
    if (method === 'experiments/outline') return Promise.resolve({ files: [] });
    if (method === 'experiments/validate') return Promise.resolve([]);
    if (params.experiment === refused) return Promise.reject(new Error('refused'));
    launched.push(params.experiment);
    return Promise.resolve({ id: params.experiment });
  };
  const workbench = { lab: { request }, context: { subscriptions: [] }, trusted: () => true } as unknown as Workbench;

  it('queues every experiment, and nothing else', async () => {
    await launchAll(workbench, row(one), [row(one), row('/w/runs/a', 'run'), row(two), row(three)]);
    expect(launched).toEqual([one, two, three]);
  });

  it('queues every file of the explorer', async () => {
    const addresses = [one, '/w/data.jsonl', two].map((fsPath) => ({ fsPath }));
    await launchAll(workbench, addresses[0], addresses);
    expect(launched).toEqual([one, two]);
  });

  it('goes on when one cannot be launched, and says so', async () => {
    refused = one;
    await expect(launchAll(workbench, row(one), [row(one), row(two)])).rejects.toThrow('refused');
    expect(launched).toEqual([two]);
  });

  it('is about the row that is clicked, a path, or the active file where nothing is selected', async () => {
    expect(await launchAll(workbench, row(one), undefined)).toBe(one);
    expect(await launchAll(workbench, two, { groupId: 0 })).toBe(two);
    expect(await launchAll(workbench, undefined, undefined)).toBe('/w/active.experiment.yaml');
  });
});
