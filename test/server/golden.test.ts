// Conversations about work, as files beside this one: launching, stopping, refusals, the handshake.
// `npx vitest run test/server/golden.test.ts -u` writes them anew after an intended change.
import { expect, test } from 'vitest';
import { LAB_PROTOCOL_VERSION, shutdown } from '../../src/shared/protocol/lab/lifecycle.ts';
import {
  launchSession,
  listSessions,
  removeSession,
  sessionLog,
  sessionsChanged,
  stopSession,
} from '../../src/shared/protocol/lab/sessions.ts';
import type { SessionState, SessionSummary } from '../../src/shared/protocol/lab/sessions.ts';
import { greeted, RawClient } from './rawClient.ts';
import { testWorkspace, until } from './testWorkspace.ts';
import type { TestWorkspace } from './testWorkspace.ts';
import { line, spoken } from './transcript.ts';

/** What was asked and answered, and then what was told: how the two interleave depends on time. */
function transcriptOf(client: RawClient, workspace: TestWorkspace): string {
  const told = client
    .heard(sessionsChanged)
    .flatMap(({ sessions, removed }) => [
      ...removed.map(() => '*** removed'),
      ...sessions.map((session) => line('***', lasting(session) ?? 'passing', workspace)),
    ]);
  const distinct = told.filter((line, at) => line !== '*** "passing"' && line !== told[at - 1]);
  return `${[...spoken(client, workspace), ...distinct].join('\n')}\n`;
}

/** States between two others may be over before they are told, and what is known of a running session grows. */
function lasting(session: SessionSummary): unknown {
  if (session.state === 'queued' || session.state === 'stopping') return undefined;
  return session.state === 'running' ? { title: session.title, state: session.state } : session;
}

/** Waits until the server has told that a session is in a state. */
function told(
  client: RawClient,
  state: SessionState,
  fits: (one: SessionSummary) => boolean = () => true,
): Promise<SessionSummary> {
  return until(`a session is told to be ${state}`, () =>
    client
      .heard(sessionsChanged)
      .flatMap(({ sessions }) => sessions)
      .findLast((one) => one.state === state && fits(one)),
  );
}

test('launch, progress, done', async () => {
  const workspace = await testWorkspace();
  const client = await greeted(workspace);
  await client.ask(listSessions, {});
  const { id } = await client.get(launchSession, { kind: 'run', experiment: workspace.file('short.experiment.yaml') });
  await told(client, 'done');
  await client.ask(sessionLog, { id });
  await client.ask(removeSession, { id });
  await client.ask(listSessions, {});
  await until('the removal is told', () => client.heard(sessionsChanged).some(({ removed }) => removed.includes(id)));
  await expect(transcriptOf(client, workspace)).toMatchFileSnapshot('golden/launch.txt');
});

test('stop and save, resume', async () => {
  const workspace = await testWorkspace();
  const client = await greeted(workspace);
  const { id } = await client.get(launchSession, { kind: 'run', experiment: workspace.file('long.experiment.yaml') });
  await told(client, 'running', ({ progress }) => (progress?.step?.index ?? 0) > 2);
  await client.ask(stopSession, { id, how: 'save' });
  const { run } = await told(client, 'stopped');
  await client.ask(launchSession, { kind: 'resume', run });
  const resumed = await told(client, 'running', (one) => one.id !== id && (one.progress?.step?.index ?? 0) > 2);
  await client.ask(stopSession, { id: resumed.id, how: 'now' });
  await told(client, 'stopped', (one) => one.id === resumed.id);
  await expect(transcriptOf(client, workspace)).toMatchFileSnapshot('golden/stopResume.txt');
});

test('refusals', async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer();
  const stranger = await RawClient.open(lock);
  await stranger.ask(listSessions, {});
  await stranger.hello({ token: 'wrong' });
  await stranger.hello({ token: '' });
  await stranger.ask(launchSession, { kind: 'run', experiment: workspace.file('short.experiment.yaml') });
  await stranger.hello(lock, { protocolVersion: 999 });
  await stranger.ask(listSessions, {});
  await expect(transcriptOf(stranger, workspace)).toMatchFileSnapshot('golden/stranger.txt');
});

test('bad requests get the words of the command line', async () => {
  const workspace = await testWorkspace();
  const client = await greeted(workspace);
  await client.ask({ method: 'no/such' }, {});
  await client.ask(launchSession, { kind: 'bake' });
  await client.ask(launchSession, { kind: 'run', experiment: workspace.file('absent.experiment.yaml') });
  await client.ask(launchSession, { kind: 'resume', run: workspace.folder });
  const targets = {
    kind: 'targets',
    model: 'pocket',
    data: workspace.file('train.jsonl'),
    out: workspace.file('out.jsonl'),
  };
  await client.ask(launchSession, { ...targets, recipe: 'selfoutput' });
  const experiment = workspace.file('short.experiment.yaml');
  await client.ask(launchSession, { kind: 'evaluate', model: 'pocket', experiment, benchmarks: ['wrods'] });
  await client.ask(launchSession, {
    kind: 'merge',
    base: 'pocket',
    tuned: 'pocket',
    lambda: 0.5,
    out: workspace.folder,
  });
  await client.ask(stopSession, { id: 'none', how: 'save' });
  await client.ask(stopSession, { run: workspace.folder, how: 'save' });
  await client.ask(stopSession, { how: 'save' });
  await client.ask(removeSession, { id: 'none' });
  await client.ask(sessionLog, { id: 'none' });
  await expect(transcriptOf(client, workspace)).toMatchFileSnapshot('golden/badRequests.txt');
});

test('Restricted Mode: reading is answered, work is refused until trust is granted', async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer();
  const client = await RawClient.open(lock);
  await client.hello(lock, { trusted: false });
  await client.ask(listSessions, {});
  const work = { kind: 'run', experiment: workspace.file('absent.experiment.yaml') };
  await client.ask(launchSession, work);
  await client.ask(stopSession, { run: workspace.folder, how: 'now' });
  await client.ask(removeSession, { id: 'none' });
  await client.hello(lock, { trusted: true });
  await client.ask(launchSession, work);
  await expect(transcriptOf(client, workspace)).toMatchFileSnapshot('golden/restricted.txt');
});

test('an idle server ends when it is asked to, a newer editor included', async () => {
  const workspace = await testWorkspace();
  const { lock, exit } = await workspace.startServer();
  const other = await RawClient.open(lock);
  await other.hello(lock);
  const newer = await RawClient.open(lock);
  await newer.hello(lock, { protocolVersion: LAB_PROTOCOL_VERSION + 1 });
  await newer.ask(shutdown, {});
  other.socket.destroy();
  await until('the server lets it go', async () => !(await newer.ask(shutdown, {})).error);
  expect(await exit).toBe(0);
  const answers = newer.received.filter(({ error }) => error).map(({ error }) => error?.message);
  expect(answers[1]).toBe('The lab server does not end now: another editor is attached');
});
