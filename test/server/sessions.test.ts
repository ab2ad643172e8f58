// Work of the queue from launch to its end, as an editor sees it.
import { expect, test } from 'vitest';
import { readRun } from '../../src/runs/runFolder.ts';
import { launchSession, sessionLog, sessionsChanged } from '../../src/shared/protocol/lab/sessions.ts';
import type { SessionSummary } from '../../src/shared/protocol/lab/sessions.ts';
import { sessionIn, testWorkspace } from './testWorkspace.ts';

test('a launched experiment runs to its end, with progress on the way', async () => {
  const workspace = await testWorkspace();
  const client = workspace.client();
  const heard: SessionSummary[] = [];
  client.on(sessionsChanged, ({ sessions }) => heard.push(...sessions));
  const { id } = await client.request(launchSession, {
    kind: 'run',
    experiment: workspace.file('short.experiment.yaml'),
  });
  const session = await sessionIn(client, id, ['done', 'failed']);
  expect(session).toMatchObject({ state: 'done', title: 'small', exitCode: 0 });
  expect(heard.some(({ state, progress }) => state === 'running' && (progress?.share ?? 0) > 0)).toBe(true);
  const run = await readRun(session.run as string);
  expect(run.status?.state).toBe('done');
  expect(run.metrics.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
  expect((await client.request(sessionLog, { id })).text).toMatch(
    /train \(ground truth · 1e-3 · seed 0, stage 1 notes\)/,
  );
});
