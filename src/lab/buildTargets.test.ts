import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadTextSide } from '../data/textSide.ts';
import { FakeEngine } from '../runs/testing/fakeEngine.ts';
import { fakeWorkspace } from '../runs/testing/fakeWorkspace.ts';
import { LabError } from '../shared/errors.ts';
import { buildTargets } from './buildTargets.ts';

it.each([
  [{}, 'Check that "answer" is the column with the right answers and contains the scorer that fits them'],
  [{ field: 'reply' }, 'Check that "reply" is the column'],
])('says what answers were compared with when none is accepted: %j', async (verifier, remedy) => {
  const folder = await fakeWorkspace();
  const engine = new FakeEngine();
  const info = await engine.load({ folder: join(folder, 'model') });
  const model = { engine, info, side: await loadTextSide(join(folder, 'model')) };
  const request = { data: join(folder, 'first.jsonl'), out: join(folder, 'out.jsonl'), recipe: 'self-output' };
  const built = buildTargets(model, { ...request, scorer: 'contains', samples: 1, maxTokens: 4, ...verifier });
  const failure: unknown = await built.catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(LabError);
  expect((failure as LabError).message).toContain('no correct answer in 1 samples');
  expect((failure as LabError).remedy).toContain(remedy);
});
