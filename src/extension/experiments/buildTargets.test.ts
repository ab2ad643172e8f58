import { beforeEach, expect, it, vi } from 'vitest';
import type { TaskCandidate } from '../../shared/protocol/lab/experiments.ts';
import type { Workbench } from '../workbench.ts';
import { buildTargets } from './buildTargets.ts';

interface Shown {
  placeholder: string;
  items?: object[] | Promise<object[]>;
  place: { step: number; totalSteps: number };
}

interface Dialogue {
  /** What is picked of a list: the first item with this property of this value. */
  picks: Record<string, string>;
  asked: string[];
  work: unknown;
}

const dialogue = vi.hoisted((): Dialogue => ({
  picks: {},
  asked: [],
  work: undefined,
}));

vi.mock('vscode', () => ({
  l10n: { t: (text: string) => text },
  Uri: { file: (path: string) => path },
  window: {},
  workspace: { getConfiguration: () => ({ get: (_: string, otherwise: unknown) => otherwise }), textDocuments: [] },
}));
vi.mock('../activeFile.ts', () => ({ activeFile: () => undefined }));
vi.mock('./stepInputs.ts', () => {
  const say = ({ placeholder, place }: Shown): void => {
    dialogue.asked.push(`${place.step}/${place.totalSteps} ${placeholder}`);
  };
  return {
    pickOne: async (shown: Shown, chosen: (item: object) => void) => {
      say(shown);
      const items = (await shown.items) ?? [];
      const isPicked = (item: object): boolean =>
        Object.entries(item).some(([key, value]) => value !== undefined && dialogue.picks[key] === value);
      chosen(items.find(isPicked)!);
      return 'next';
    },
    askText: (shown: Shown, chosen: (text: string) => void) => {
      say(shown);
      chosen('/w/out.jsonl');
      return Promise.resolve('next');
    },
  };
});
vi.mock('./pickWeights.ts', () => ({ weightsItems: () => Promise.resolve([{ model: 'pocket' }]) }));
vi.mock('./carryOut.ts', () => ({
  carryOut: (_: unknown, work: unknown) => {
    dialogue.work = work;
    return Promise.resolve('s');
  },
}));

const task: TaskCandidate = {
  file: '/w/data.jsonl',
  name: 'data',
  format: 'prompt-completion',
  rows: 3,
  rowsEstimated: false,
  columns: ['prompt', 'completion', 'reference'],
  rawText: false,
};
const choice = (id: string) => ({ id, title: id, description: id });
const recipes = [
  { ...choice('self-output'), writes: true },
  { ...choice('stm'), writes: false },
];

/** Answers the dialogue and gives the work that was handed over. */
async function built(of: TaskCandidate): Promise<unknown> {
  const material = { tasks: [of], recipes, scorers: [choice('contains')] };
  const request = (): Promise<unknown> => Promise.resolve(material);
  await buildTargets({ lab: { request } } as unknown as Workbench, of.file);
  return dialogue.work;
}

const whichColumn = 'Which column of "{0}" holds the right answer?';

beforeEach(() => {
  const picks = { recipe: 'self-output', model: 'pocket', scorer: 'contains', column: 'reference' };
  Object.assign(dialogue, { picks, asked: [], work: undefined });
});

it('asks for the column that written answers are compared with', async () => {
  expect(await built(task)).toMatchObject({ recipe: 'self-output', scorer: 'contains', field: 'reference' });
  expect(dialogue.asked.map((line) => line.slice(0, 4))).toEqual(['1/5 ', '2/5 ', '3/5 ', '4/5 ', '5/5 ']);
  expect(dialogue.asked[3]).toContain(whichColumn);
});

it('does not ask where the verifier is known', async () => {
  const verifier = { scorer: 'contains', field: 'completion' };
  expect(await built({ ...task, verifier })).toMatchObject({ scorer: 'contains', field: 'completion' });
  expect(dialogue.asked.join()).not.toContain(whichColumn);
});

it('asks neither for scorer nor column where no answer is written', async () => {
  dialogue.picks['recipe'] = 'stm';
  const work = await built(task);
  expect(work).toMatchObject({ recipe: 'stm' });
  expect(work).not.toHaveProperty('scorer');
  expect(work).not.toHaveProperty('field');
  expect(dialogue.asked).toHaveLength(3);
});
