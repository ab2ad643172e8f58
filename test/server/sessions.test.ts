// Work of the queue from launch to its end, as editors see it; and what happens when processes die.
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LabClient } from '../../src/extension/lab/labClient.ts';
import { isSameProcess } from '../../src/runs/processes.ts';
import { readRun } from '../../src/runs/runFolder.ts';
import { inEnglish, phrase } from '../../src/shared/phrase.ts';
import {
  launchSession,
  listSessions,
  removeSession,
  sessionLog,
  sessionsChanged,
  stopSession,
} from '../../src/shared/protocol/lab/sessions.ts';
import type { SessionSummary, SessionWork } from '../../src/shared/protocol/lab/sessions.ts';
import { sessionIn, testWorkspace, until } from './testWorkspace.ts';
import type { TestWorkspace } from './testWorkspace.ts';

const ended = ['done', 'stopped', 'failed'] as const;

async function launch(client: LabClient, work: SessionWork): Promise<string> {
  return (await client.request(launchSession, work)).id;
}

const runOf = (workspace: TestWorkspace, name: 'short' | 'long'): SessionWork => ({
  kind: 'run',
  experiment: workspace.file(`${name}.experiment.yaml`),
});

/** Waits until a session has trained some steps; gives it. */
function trainedTo(client: LabClient, id: string, step: number): Promise<SessionSummary> {
  return until(`session ${id} has trained ${step} steps`, async () => {
    const session = (await client.request(listSessions, {})).find((one) => one.id === id);
    if (session && ended.some((state) => state === session.state))
      throw new Error(`it ended: ${inEnglish(session.reason ?? '')}`);
    return (session?.progress?.step?.index ?? 0) >= step && session;
  });
}

/** Processes of a session, from the queue's file. */
async function sessionPid(workspace: TestWorkspace): Promise<number> {
  const text = await readFile(join(workspace.stateFolder, 'sessions', 'queue.json'), 'utf8');
  const { entries } = JSON.parse(text) as { entries: { pid: number; summary: SessionSummary }[] };
  const running = entries.find(({ summary }) => summary.state === 'running' || summary.state === 'stopping');
  if (!running) throw new Error('no session is running');
  return running.pid;
}

/** A dead process that nobody has waited for is not there. */
const isThere = (pid: number): boolean => isSameProcess(pid, '');

/** Kills the server and waits for the next one. */
async function killServer(client: LabClient): Promise<void> {
  const { serverPid } = client;
  process.kill(serverPid as number, 'SIGKILL');
  await until('another server serves', () => client.serverPid !== undefined && client.serverPid !== serverPid);
}

async function childrenOf(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('sh', ['-c', `cat /proc/${pid}/task/*/children`]);
  return stdout.trim().split(/\s+/).filter(Boolean).map(Number);
}

/** Whether a run is whole: every step of every stage has its metric once and there are all cells. */
async function expectWhole(folder: string, steps: number): Promise<void> {
  const run = await readRun(folder);
  expect(run.status?.state).toBe('done');
  expect(run.metrics.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, at) => at + 1));
  expect(run.cells).toHaveLength(2);
}

describe('a launched experiment', () => {
  test('runs to its end, with progress on the way', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const heard: SessionSummary[] = [];
    client.on(sessionsChanged, ({ sessions }) => heard.push(...sessions));
    const id = await launch(client, runOf(workspace, 'short'));
    const session = await sessionIn(client, id, ended);
    expect(session).toMatchObject({ state: 'done', title: 'small', exitCode: 0 });
    expect(heard.some(({ state, progress }) => state === 'running' && (progress?.share ?? 0) > 0)).toBe(true);
    await expectWhole(session.run as string, 4);
    expect(existsSync(join(session.run as string, 'report.html'))).toBe(true);
    const { text } = await client.request(sessionLog, { id });
    expect(text).toMatch(/train \(ground truth · 1e-3 · seed 0, stage 1 notes\)/);
  });

  test("computes where its file says, else as the editor's settings say", async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const file = workspace.file('short.experiment.yaml');
    const experiment = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(file, JSON.stringify({ ...experiment, device: 'cpu' }));
    const id = await launch(client, { kind: 'run', experiment: file, device: 'cuda', threads: 1 });
    const session = await sessionIn(client, id, ended);
    expect(session).toMatchObject({ state: 'done' });
    const { config } = await readRun(session.run as string);
    expect(config.device).toMatchObject({ name: 'cpu', threads: 1 });
    expect(config.experiment).toMatchObject({ device: 'cpu', threads: 1 });
  });

  test('stops, is saved, and continues', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const id = await launch(client, runOf(workspace, 'long'));
    await trainedTo(client, id, 5);
    await client.request(stopSession, { id, how: 'save' });
    const stopped = await sessionIn(client, id, ended);
    expect(stopped).toMatchObject({ state: 'stopped', exitCode: 130 });
    const run = stopped.run as string;
    const saved = (await readRun(run)).checkpoints.at(-1);
    expect(saved).toMatchObject({ what: 'state' });
    const again = await launch(client, { kind: 'resume', run });
    const session = await trainedTo(client, again, (saved?.step ?? 0) + 5);
    expect(session).toMatchObject({ title: 'small', run });
    expect((await client.request(listSessions, {})).map((one) => one.id)).toEqual([again]);
    await client.request(stopSession, { run, how: 'now' });
    expect(await sessionIn(client, again, ended)).toMatchObject({ state: 'stopped' });
    const { metrics } = await readRun(run);
    expect(metrics.map(({ step }) => step)).toEqual(metrics.map((_, at) => at + 1));
  });

  test('ends with the reason when its experiment is bad', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    await writeFile(workspace.file('words.jsonl'), '{"prompt": "no answer"}\n');
    const id = await launch(client, runOf(workspace, 'short'));
    const session = await sessionIn(client, id, ended);
    expect(session).toMatchObject({ state: 'failed', exitCode: 1 });
    expect(inEnglish(session.reason ?? '')).toMatch(/words\.jsonl/);
    expect(session.remedy).toBeTruthy();
    expect(session.run).toBeUndefined();
  });
});

describe('the queue', () => {
  test('carries out one after another, looks the same from two windows, and survives its server', async () => {
    const workspace = await testWorkspace();
    const [one, other] = [workspace.client(), workspace.client()];
    const heard: SessionSummary[] = [];
    other.on(sessionsChanged, ({ sessions }) => heard.push(...sessions));
    await other.request(listSessions, {});
    const first = await launch(one, runOf(workspace, 'long'));
    const second = await launch(other, runOf(workspace, 'short'));
    const third = await launch(one, runOf(workspace, 'short'));
    await trainedTo(one, first, 2);
    const seen = await Promise.all([one, other].map((client) => client.request(listSessions, {})));
    for (const list of seen) {
      expect(list.map(({ id, state }) => [id, state])).toEqual([
        [first, 'running'],
        [second, 'queued'],
        [third, 'queued'],
      ]);
    }
    expect(heard.some(({ id }) => id === first)).toBe(true);
    await other.request(removeSession, { id: third });
    await expect(one.request(removeSession, { id: first })).rejects.toMatchObject({ remedy: 'Stop it first' });
    await killServer(one);
    await one.request(stopSession, { id: first, how: 'save' });
    expect(await sessionIn(other, first, ended)).toMatchObject({ state: 'stopped' });
    expect(await sessionIn(one, second, ended)).toMatchObject({ state: 'done' });
    const list = await other.request(listSessions, {});
    expect(list.map(({ id }) => id)).toEqual([first, second]);
  });

  test('that was left waiting goes on only for a trusted window', async () => {
    const workspace = await testWorkspace();
    const { stateFolder } = workspace;
    await mkdir(join(stateFolder, 'sessions'), { recursive: true });
    const waiting = {
      summary: {
        id: 'left-over',
        work: runOf(workspace, 'short'),
        title: 'small',
        state: 'queued',
        queuedAt: new Date().toISOString(),
      },
      restarts: [],
    };
    const content = JSON.stringify({ formatVersion: 1, entries: [waiting] });
    await writeFile(join(stateFolder, 'sessions', 'queue.json'), content);
    const restricted = workspace.client({ trusted: () => false });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await restricted.request(listSessions, {}))[0]).toMatchObject({ state: 'queued' });
    // Trust is granted when hello has just been said.
    let granted = false;
    const late = workspace.client({ trusted: () => granted || !(granted = true) });
    expect(await sessionIn(late, 'left-over', ended)).toMatchObject({ state: 'done' });
  });

  test('that is damaged is put aside', async () => {
    const workspace = await testWorkspace();
    await mkdir(join(workspace.stateFolder, 'sessions'), { recursive: true });
    await writeFile(join(workspace.stateFolder, 'sessions', 'queue.json'), '{"formatVersion": 1, "entr');
    expect(await workspace.client().request(listSessions, {})).toEqual([]);
    expect(await readdir(join(workspace.stateFolder, 'sessions'))).toContain('queue.json.damaged');
  });
});

describe('when a process is killed', () => {
  test('the server: the session goes on, the next server follows it, and no point of a curve is lost', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    await writeFile(
      workspace.file('middle.experiment.yaml'),
      (await readFile(workspace.file('long.experiment.yaml'), 'utf8')).replace('"steps":400', '"steps":120'),
    );
    const id = await launch(client, { kind: 'run', experiment: workspace.file('middle.experiment.yaml') });
    const { run } = await trainedTo(client, id, 10);
    const session = await sessionPid(workspace);
    await killServer(client);
    expect(await sessionPid(workspace)).toBe(session);
    const followed = await trainedTo(client, id, 20);
    expect(followed).toMatchObject({ state: 'running', run });
    expect(await sessionIn(client, id, ended)).toMatchObject({ state: 'done', run, exitCode: 0 });
    await expectWhole(run as string, 120);
    expect((await client.request(sessionLog, { id })).text).toMatch(/compare with the base/);
  });

  test('the server: a followed session is stopped by the next one', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const id = await launch(client, runOf(workspace, 'long'));
    await trainedTo(client, id, 3);
    const session = await sessionPid(workspace);
    await killServer(client);
    await client.request(stopSession, { id, how: 'now' });
    expect(await sessionIn(client, id, ended)).toMatchObject({ state: 'stopped' });
    expect(isThere(session)).toBe(false);
  });

  test('server and session: the session is said to have gone, and its run can be resumed', async () => {
    const workspace = await testWorkspace();
    const { lock, exit } = await workspace.startServer();
    const client = workspace.client();
    const id = await launch(client, runOf(workspace, 'long'));
    const { run } = await trainedTo(client, id, 5);
    const session = await sessionPid(workspace);
    client.dispose();
    process.kill(lock.pid, 'SIGKILL');
    process.kill(-session, 'SIGKILL');
    await exit;
    const later = workspace.client();
    const gone = await sessionIn(later, id, ended);
    const reason = phrase('its process was gone when the lab server started');
    expect(gone).toMatchObject({ state: 'failed', run, reason });
    expect(inEnglish(gone.remedy ?? '')).toMatch(/Resume/);
    const again = await launch(later, { kind: 'resume', run: run as string });
    await trainedTo(later, again, 6);
  });

  test('the engine: the run fails with the reason and can be resumed', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const id = await launch(client, runOf(workspace, 'long'));
    const { run } = await trainedTo(client, id, 5);
    const [engine] = await childrenOf(await sessionPid(workspace));
    process.kill(engine as number, 'SIGKILL');
    const failed = await sessionIn(client, id, ended);
    expect(failed).toMatchObject({ state: 'failed', run, exitCode: 1 });
    expect(inEnglish(failed.reason ?? '')).toMatch(/engine process ended \(signal SIGKILL\)/);
    expect(inEnglish(failed.remedy ?? '')).toMatch(/Resume the run/);
    expect((await readRun(run as string)).status?.state).toBe('failed');
    const again = await launch(client, { kind: 'resume', run: run as string });
    await trainedTo(client, again, 6);
  });

  test('the session, while its engine hears nothing: the engine is killed, not left computing', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const id = await launch(client, runOf(workspace, 'long'));
    await trainedTo(client, id, 3);
    const session = await sessionPid(workspace);
    const [engine] = (await childrenOf(session)) as [number];
    // It does not notice that its session is gone, so it does not end by itself.
    process.kill(engine, 'SIGSTOP');
    onTestFinished(() => void (isThere(engine) && process.kill(engine, 'SIGKILL')));
    await client.request(stopSession, { id, how: 'now' });
    process.kill(session, 'SIGKILL');
    expect(await sessionIn(client, id, ended)).toMatchObject({ state: 'stopped' });
    await until('nothing of it is left', () => !isThere(engine));
  });

  test('stopped now: a session that cannot answer is killed with its engine and everything below', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const id = await launch(client, runOf(workspace, 'long'));
    await trainedTo(client, id, 3);
    const session = await sessionPid(workspace);
    const [engine] = (await childrenOf(session)) as [number];
    // Neither can end by itself: what is asked of them they do not hear.
    for (const pid of [session, engine]) process.kill(pid, 'SIGSTOP');
    onTestFinished(() => {
      for (const pid of [session, engine]) if (isThere(pid)) process.kill(pid, 'SIGKILL');
    });
    await client.request(stopSession, { id, how: 'now' });
    const stopped = await sessionIn(client, id, ended);
    expect(stopped).toMatchObject({ state: 'stopped', reason: phrase('stopped at once on request') });
    await until('nothing of it is left', () => !isThere(session) && !isThere(engine));
  });

  test('the session: its engine goes too, and the run is resumed by itself', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const id = await launch(client, runOf(workspace, 'long'));
    const { run } = await trainedTo(client, id, 5);
    const session = await sessionPid(workspace);
    const [engine] = await childrenOf(session);
    process.kill(session, 'SIGKILL');
    await until('another process goes on', async () => (await sessionPid(workspace).catch(() => session)) !== session);
    expect(isThere(engine as number)).toBe(false);
    expect(await trainedTo(client, id, 6)).toMatchObject({ run, work: { kind: 'resume', run } });
  });

  test('a session of a resume that was forced: it is resumed by force again', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const id = await launch(client, runOf(workspace, 'long'));
    const { run = '' } = await trainedTo(client, id, 3);
    await client.request(stopSession, { id, how: 'save' });
    await sessionIn(client, id, ended);
    const forced = { kind: 'resume', run, force: true } as const;
    const again = await launch(client, forced);
    await trainedTo(client, again, 5);
    const session = await sessionPid(workspace);
    process.kill(session, 'SIGKILL');
    await until('another process goes on', async () => (await sessionPid(workspace).catch(() => session)) !== session);
    expect((await client.request(listSessions, {}))[0]?.work).toEqual(forced);
  });

  test('the session again and again: it is given up with the reason', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const id = await launch(client, runOf(workspace, 'long'));
    await trainedTo(client, id, 2);
    let last = 0;
    for (let kills = 0; kills < 6; kills++) {
      last = await until('a process is there', async () => {
        const pid = await sessionPid(workspace).catch(() => last);
        return pid !== last && pid;
      });
      process.kill(last, 'SIGKILL');
    }
    const failed = await sessionIn(client, id, ended);
    expect(inEnglish(failed.reason ?? '')).toMatch(/died 6 times within 3 minutes \(signal SIGKILL\)/);
    expect(inEnglish(failed.remedy ?? '')).toMatch(/resume the run/);
  });
});

test('a run of a terminal is stopped by its folder', async () => {
  const workspace = await testWorkspace();
  const client = workspace.client();
  const out = workspace.file('runs/by-hand');
  const cli = new URL('../../dist/cli.js', import.meta.url).pathname;
  const experiment = workspace.file('long.experiment.yaml');
  const start = () => {
    const args = existsSync(join(out, 'config.json')) ? ['resume', out] : ['run', experiment, '--out', out];
    const child = spawn(process.execPath, [cli, ...args], { stdio: 'ignore' });
    onTestFinished(() => void child.kill('SIGKILL'));
    return new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  };
  const steps = async (): Promise<number> => (await readRun(out).catch(() => undefined))?.metrics.length ?? 0;
  const first = start();
  await until('it trains', async () => (await steps()) > 3);
  await expect(client.request(launchSession, { kind: 'resume', run: out })).rejects.toMatchObject({
    code: 'run-invalid',
  });
  await client.request(stopSession, { run: out, how: 'save' });
  expect(await first).toBe(130);
  const before = await steps();
  const second = start();
  await until('it trains again', async () => (await steps()) > before + 2);
  await client.request(stopSession, { run: out, how: 'now' });
  expect(await second).toBe(130);
  expect((await readRun(out)).status?.state).toBe('stopped');
});

describe('other work', () => {
  test('targets, a measurement and a merge give what the command line gives', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const [out, merged] = [workspace.file('out/own.jsonl'), workspace.file('merged')];
    const ids = [
      await launch(client, {
        kind: 'targets',
        model: 'pocket',
        data: workspace.file('train.jsonl'),
        recipe: 'stm',
        out,
      }),
      await launch(client, {
        kind: 'evaluate',
        model: 'pocket',
        experiment: workspace.file('short.experiment.yaml'),
        benchmarks: ['words'],
      }),
      await launch(client, { kind: 'merge', base: 'pocket', tuned: 'pocket', lambda: 0.5, out: merged }),
    ];
    const [targets, evaluation, merge] = await Promise.all(ids.map((id) => sessionIn(client, id, ended)));
    expect(targets).toMatchObject({
      state: 'done',
      outputs: [out],
      title: phrase('{0} targets of {1}', 'stm', 'train.jsonl'),
    });
    expect(inEnglish(targets?.result?.[0] ?? '')).toMatch(/10 targets/);
    expect((await readFile(out, 'utf8')).trim().split('\n')).toHaveLength(10);
    expect(inEnglish(evaluation?.result?.[0] ?? '')).toMatch(/^words: 0\.\d+ \[.*\], lenient .*, n 10$/);
    expect(merge).toMatchObject({
      state: 'done',
      outputs: [merged],
      result: [phrase('Merged with lambda {0}: {1}', 0.5, merged)],
    });
    expect(await readdir(merged)).toContain('model.safetensors');
  });

  test('that can only fail is refused before it is queued', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const targets = {
      kind: 'targets',
      model: 'pocket',
      data: workspace.file('train.jsonl'),
      recipe: 'self-output',
      out: workspace.file('own.jsonl'),
    } as const;
    const experiment = workspace.file('short.experiment.yaml');
    const absent = workspace.file('absent');
    const refused: [work: SessionWork, message: RegExp][] = [
      [{ ...targets, model: absent }, /absent/],
      [{ ...targets, data: `${absent}.jsonl` }, /absent\.jsonl/],
      [{ ...targets, scorer: 'nonsense' }, /There is no scorer "nonsense"/],
      [{ kind: 'evaluate', model: absent, experiment, benchmarks: ['words'] }, /absent/],
      [{ kind: 'merge', base: absent, tuned: 'pocket', lambda: 0.5, out: workspace.file('merged') }, /absent/],
      [{ kind: 'merge', base: 'pocket', tuned: absent, lambda: 0.5, out: workspace.file('merged') }, /absent/],
    ];
    for (const [work, message] of refused) await expect(launch(client, work)).rejects.toThrow(message);
    expect(await client.request(listSessions, {})).toEqual([]);
  });

  test('is stopped without leaving a file', async () => {
    const workspace = await testWorkspace();
    const client = workspace.client();
    const row = await readFile(workspace.file('train.jsonl'), 'utf8');
    await writeFile(workspace.file('many.jsonl'), row.repeat(500));
    const out = workspace.file('own.jsonl');
    const work = {
      kind: 'targets',
      model: 'pocket',
      data: workspace.file('many.jsonl'),
      recipe: 'self-output',
      out,
    } as const;
    const id = await launch(client, work);
    await until('it writes', async () => {
      const [session] = await client.request(listSessions, {});
      return session?.progress !== undefined;
    });
    await client.request(stopSession, { id, how: 'save' });
    expect(await sessionIn(client, id, ended)).toMatchObject({
      state: 'stopped',
      reason: phrase('stopped on request'),
    });
    expect(existsSync(out)).toBe(false);
  });
});
