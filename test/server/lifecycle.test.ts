// Starting, racing, taking over, ending.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { chmod, cp, mkdir, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { placeOf, readLock } from '../../src/extension/lab/place.ts';
import { isAlive, processStart } from '../../src/runs/processes.ts';
import { preparePlace } from '../../src/server/place.ts';
import { LabError } from '../../src/shared/errors.ts';
import { LAB_PROTOCOL_VERSION } from '../../src/shared/protocol/lab/lifecycle.ts';
import { launchSession, listSessions, stopSession } from '../../src/shared/protocol/lab/sessions.ts';
import { RawClient } from './rawClient.ts';
import { serverEntry, sessionIn, testWorkspace, until } from './testWorkspace.ts';
import type { TestWorkspace } from './testWorkspace.ts';

/** Starts servers at the same moment; gives those that are still there when all have decided. */
async function race(workspace: TestWorkspace, count: number): Promise<number[]> {
  const starters = Array.from({ length: count }, () => {
    const child = spawn(
      process.execPath,
      [serverEntry, '--workspace', workspace.folder, '--state', workspace.stateFolder],
      { stdio: 'ignore', detached: true },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    return child;
  });
  await until('all but one have gone', () => starters.filter(({ exitCode }) => exitCode === null).length <= 1);
  // A winner must be one that stays.
  await sleep(500);
  expect(starters.filter(({ exitCode }) => exitCode !== null && exitCode !== 0)).toEqual([]);
  return starters.filter(({ exitCode }) => exitCode === null).map(({ pid }) => pid as number);
}

test('eight starters give one server', async () => {
  const workspace = await testWorkspace();
  const winners = await race(workspace, 8);
  expect(winners).toEqual([(await workspace.lock()).pid]);
});

test('eight starters over the lock of a dead server give one server', async () => {
  const workspace = await testWorkspace();
  const { lock, exit } = await workspace.startServer();
  process.kill(lock.pid, 'SIGKILL');
  await exit;
  const winners = await race(workspace, 8);
  const now = await workspace.lock();
  expect(winners).toEqual([now.pid]);
  expect(now.token).not.toBe(lock.token);
});

test('shells with different variables have one server', async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer();
  const elsewhere = workspace.file('elsewhere');
  await mkdir(elsewhere, { mode: 0o700 });
  const env = { ...process.env, XDG_RUNTIME_DIR: elsewhere, TMPDIR: elsewhere };
  const args = [serverEntry, '--workspace', workspace.folder, '--state', workspace.stateFolder];
  const second = spawn(process.execPath, args, { stdio: 'ignore', env });
  onTestFinished(() => void second.kill('SIGKILL'));
  await until('the second has gone', () => second.exitCode !== null, 10_000);
  expect(second.exitCode).toBe(0);
  expect(await readdir(elsewhere)).toEqual([]);
  expect((await workspace.lock()).token).toBe(lock.token);
});

test('a lock of a reused process id, and one of a hung server, are taken over; a living one is not', async () => {
  const workspace = await testWorkspace();
  const place = await placeOf(workspace.folder);
  await preparePlace(place);
  const stranger = {
    pid: process.pid,
    processStart: '1',
    version: '0',
    protocolVersion: 1,
    token: 'old',
    endpoint: `${place.folder}/none.sock`,
    startedAt: new Date().toISOString(),
    heartbeatAt: new Date().toISOString(),
  };
  await writeFile(place.lockFile, JSON.stringify(stranger));
  const first = await workspace.startServer();
  await (await RawClient.open(first.lock)).hello(first.lock);
  process.kill(first.lock.pid, 'SIGTERM');
  expect(await first.exit).toBe(0);
  const hung = { ...stranger, processStart: '', heartbeatAt: new Date(Date.now() - 60_000).toISOString() };
  await writeFile(place.lockFile, JSON.stringify(hung));
  const second = await workspace.startServer();
  expect(await race(workspace, 2)).toEqual([]);
  expect((await workspace.lock()).pid).toBe(second.lock.pid);
});

test('somebody who died while taking over does not block the place for ever', async () => {
  const workspace = await testWorkspace();
  const place = await placeOf(workspace.folder);
  await preparePlace(place);
  await writeFile(place.lockFile, '{"cut');
  const mutex = `${place.lockFile}.takeover`;
  await mkdir(mutex);
  await utimes(mutex, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
  await workspace.startServer();
});

test('the place is private, the lock too, and the heartbeat goes on', { timeout: 30_000 }, async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer('--idle', '60');
  const place = await placeOf(workspace.folder);
  const mode = async (file: string): Promise<number> => (await stat(file)).mode & 0o777;
  expect(await mode(place.root)).toBe(0o700);
  expect(await mode(place.folder)).toBe(0o700);
  expect(await mode(place.lockFile)).toBe(0o600);
  expect((await readdir(dirname(lock.endpoint))).sort()).toEqual([lock.endpoint.split('/').at(-1), 'lock.json'].sort());
  const later = await until('the heartbeat is renewed', async () => {
    const now = await workspace.lock();
    return now.heartbeatAt > lock.heartbeatAt && now;
  });
  expect(later).toEqual({ ...lock, heartbeatAt: later.heartbeatAt });
});

test('a server whose place is cleared away takes it anew and goes on', { timeout: 30_000 }, async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer('--idle', '60');
  const place = await placeOf(workspace.folder);
  const attached = await RawClient.open(lock);
  await attached.hello(lock);
  await rm(place.folder, { recursive: true });
  const again = await until('it has a lock again', async () => (await readLock(place)) ?? false);
  expect(again).toMatchObject({ pid: lock.pid, token: lock.token });
  expect(again.endpoint).not.toBe(lock.endpoint);
  expect((await stat(place.folder)).mode & 0o777).toBe(0o700);
  // Whoever was attached still is, and others find it.
  expect(await attached.get(listSessions, {})).toEqual([]);
  const client = workspace.client();
  await client.request(listSessions, {});
  expect(client.serverPid).toBe(lock.pid);
});

test('a server whose socket alone is removed takes a new one', { timeout: 30_000 }, async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer('--idle', '60');
  await rm(lock.endpoint);
  const client = workspace.client();
  await client.request(listSessions, {});
  expect(client.serverPid).toBe(lock.pid);
  expect((await workspace.lock()).endpoint).not.toBe(lock.endpoint);
});

test('a server whose lock another has taken ends', { timeout: 30_000 }, async () => {
  const workspace = await testWorkspace();
  const { lock, exit } = await workspace.startServer('--idle', '60');
  const { lockFile } = await placeOf(workspace.folder);
  await rm(lockFile);
  const client = workspace.client();
  await client.request(listSessions, {});
  expect(await exit).toBe(0);
  expect((await workspace.lock()).pid).toBe(client.serverPid);
  expect(client.serverPid).not.toBe(lock.pid);
});

test('a server that nobody needs ends by itself and leaves nothing behind', async () => {
  const workspace = await testWorkspace();
  const { lock, exit } = await workspace.startServer('--idle', '1');
  const client = await RawClient.open(lock);
  await client.hello(lock);
  await sleep(2000);
  expect(isAlive(lock.pid)).toBe(true);
  client.socket.destroy();
  expect(await exit).toBe(0);
  expect(await readdir((await placeOf(workspace.folder)).folder)).toEqual([]);
});

test('clients attach to one server, and to a new one when it dies', async () => {
  const workspace = await testWorkspace();
  const [one, other] = [workspace.client(), workspace.client()];
  const states: string[] = [];
  one.onDidChangeState((state) => states.push(state));
  expect(one.state).toBe('stopped');
  await Promise.all([one, other, one].map((client) => client.request(listSessions, {})));
  expect(one.serverPid).toBe(other.serverPid);
  const first = one.serverPid as number;
  process.kill(first, 'SIGKILL');
  await until('both are attached to another', () => [one, other].every(({ serverPid = first }) => serverPid !== first));
  expect(one.serverPid).toBe(other.serverPid);
  expect(await one.request(listSessions, {})).toEqual([]);
  expect(states).toEqual(['starting', 'attached', 'starting', 'attached']);
});

test('a server that cannot start is tried five times, then said with its reason', async () => {
  const workspace = await testWorkspace();
  const client = workspace.client({ serverEntry: workspace.file('absent.js') });
  const error = await client.request(listSessions, {}).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(LabError);
  expect((error as LabError).message).toMatch(/ended 5 times within 3 minutes.*exit code 1/s);
  expect((error as LabError).remedy).toMatch(/log/);
  expect(client.state).toBe('failed');
});

test('a server that hangs is ended, and another serves', { timeout: 30_000 }, async () => {
  const workspace = await testWorkspace();
  const { lock, exit } = await workspace.startServer('--idle', '60');
  process.kill(lock.pid, 'SIGSTOP');
  const { lockFile } = await placeOf(workspace.folder);
  const stale = { ...lock, heartbeatAt: new Date(Date.now() - 60_000).toISOString() };
  await writeFile(lockFile, JSON.stringify(stale));
  const client = workspace.client({ helloMs: 300 });
  expect(await client.request(listSessions, {})).toEqual([]);
  expect(client.serverPid).not.toBe(lock.pid);
  await exit;
});

test('a server that says nothing though it lives is named after three greetings', async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer('--idle', '60');
  process.kill(lock.pid, 'SIGSTOP');
  const client = workspace.client({ helloMs: 300 });
  await expect(client.request(listSessions, {})).rejects.toMatchObject({
    message: 'The lab server does not answer',
    remedy: `Show the log; if it stays so, end process ${lock.pid}`,
  });
  expect(client.state).toBe('failed');
});

test('a server that closes every connection is named after some greetings', async () => {
  const workspace = await testWorkspace();
  const place = await placeOf(workspace.folder);
  await preparePlace(place);
  const endpoint = join(place.folder, 'closes.sock');
  const listener = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => listener.listen(endpoint, resolve));
  onTestFinished(() => void listener.close());
  const now = new Date().toISOString();
  // A process of its own: what has the lock is ended with the test.
  const { pid = 0 } = spawn('sleep', ['60'], { stdio: 'ignore' });
  const words = { processStart: processStart(pid), version: '0', token: 't', startedAt: now, heartbeatAt: now };
  await writeFile(place.lockFile, JSON.stringify({ ...words, pid, protocolVersion: LAB_PROTOCOL_VERSION, endpoint }));
  const client = workspace.client();
  await expect(client.request(listSessions, {})).rejects.toMatchObject({
    message: 'The lab server closes the connection without an answer',
    remedy: expect.stringMatching(`end process ${pid}$`) as string,
  });
  expect(client.state).toBe('failed');
});

test.skipIf(!existsSync('/dev/full'))(
  'a server whose log is on a full disk serves, and ends when it is told to',
  async () => {
    const workspace = await testWorkspace();
    const full = openSync('/dev/full', 'w');
    onTestFinished(() => closeSync(full));
    const child = spawn(
      process.execPath,
      [serverEntry, '--workspace', workspace.folder, '--state', workspace.stateFolder],
      {
        stdio: ['ignore', full, full],
      },
    );
    onTestFinished(() => void child.kill('SIGKILL'));
    const exit = new Promise((resolve) => child.once('exit', resolve));
    expect((await workspace.lock()).pid).toBe(child.pid);
    expect(await workspace.client().request(listSessions, {})).toEqual([]);
    child.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(await readLock(await placeOf(workspace.folder))).toBeUndefined();
  },
);

test('a folder that others may enter is refused at once, with the remedy', async () => {
  const workspace = await testWorkspace();
  const { folder } = await placeOf(workspace.folder);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o755);
  onTestFinished(() => chmod(folder, 0o700));
  const client = workspace.client();
  await expect(client.request(listSessions, {})).rejects.toMatchObject({
    message: expect.stringMatching(/is not private/) as string,
    remedy: expect.stringMatching(/Remove it/) as string,
  });
  expect(client.state).toBe('failed');
});

test('a token that the server does not know is refused at once', async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer('--idle', '60');
  const { lockFile } = await placeOf(workspace.folder);
  await writeFile(lockFile, JSON.stringify({ ...lock, token: 'f'.repeat(64) }));
  const client = workspace.client();
  await expect(client.request(listSessions, {})).rejects.toThrow(/does not know this token/);
  expect(client.state).toBe('failed');
});

test('a request that is cancelled does not wait until a server is attached', async () => {
  const workspace = await testWorkspace();
  const { lock } = await workspace.startServer('--idle', '60');
  process.kill(lock.pid, 'SIGSTOP');
  const client = workspace.client();
  const begun = performance.now();
  const request = client.request(listSessions, {}, AbortSignal.timeout(200));
  await expect(request).rejects.toMatchObject({ name: 'AbortError' });
  expect(performance.now() - begun).toBeLessThan(5000);
});

test('an idle server of another version makes room for ours', async () => {
  const workspace = await testWorkspace();
  const { lock, exit } = await workspace.startServer();
  const newer = workspace.client({ version: '99.0.0' });
  expect(await newer.request(listSessions, {})).toEqual([]);
  expect(await exit).toBe(0);
  expect(newer.serverPid).not.toBe(lock.pid);
});

test('a server of another version makes room though a session runs, and the next one follows the queue', async () => {
  const workspace = await testWorkspace();
  const older = workspace.client();
  const launch = async (name: string): Promise<string> =>
    (await older.request(launchSession, { kind: 'run', experiment: workspace.file(name) })).id;
  const [running, waiting] = [await launch('long.experiment.yaml'), await launch('short.experiment.yaml')];
  await sessionIn(older, running, ['running']);
  const before = older.serverPid;
  older.dispose();
  const newer = workspace.client({ version: '99.0.0' });
  const list = await newer.request(listSessions, {});
  expect(newer.serverPid).not.toBe(before);
  expect(list.map(({ id, state }) => [id, state])).toEqual([
    [running, 'running'],
    [waiting, 'queued'],
  ]);
  await newer.request(stopSession, { id: running, how: 'now' });
  expect(await sessionIn(newer, waiting, ['done', 'failed'])).toMatchObject({ state: 'done' });
});

test('a server whose bundle an update has removed leaves its queue to the next one', async () => {
  const workspace = await testWorkspace();
  const installed = workspace.file('extension/dist');
  await cp(dirname(serverEntry), installed, { recursive: true });
  for (const name of ['node_modules', 'package.json', 'examples', 'media'])
    await symlink(join(dirname(serverEntry), '..', name), join(installed, '..', name));
  const older = workspace.client({ serverEntry: join(installed, 'server.js') });
  const launch = async (name: string): Promise<string> =>
    (await older.request(launchSession, { kind: 'run', experiment: workspace.file(name) })).id;
  const [first, waiting] = [await launch('long.experiment.yaml'), await launch('short.experiment.yaml')];
  await sessionIn(older, first, ['running']);
  await rm(join(installed, '..'), { recursive: true });
  await older.request(stopSession, { id: first, how: 'now' });
  await until('the old server has gone', () => older.state !== 'attached', 15_000);
  older.dispose();
  expect(await sessionIn(workspace.client(), waiting, ['done', 'failed'])).toMatchObject({ state: 'done' });
});

test('a server of another version that is needed is used as it is', async () => {
  const workspace = await testWorkspace();
  const older = workspace.client();
  await older.request(listSessions, {});
  const said: string[] = [];
  const newer = workspace.client({ version: '99.0.0', log: (_, message) => said.push(message) });
  expect(await newer.request(listSessions, {})).toEqual([]);
  expect(newer.serverPid).toBe(older.serverPid);
  expect(said.join()).toMatch(/another editor is attached/);
});

test('Restricted Mode is refused before anything is sent', async () => {
  const workspace = await testWorkspace();
  let trusted = false;
  const client = workspace.client({ trusted: () => trusted });
  const launch = { method: 'sessions/launch', needsTrust: true };
  await expect(client.request(launch, { kind: 'bake' })).rejects.toMatchObject({ code: 'not-trusted' });
  expect(client.state).toBe('stopped');
  expect(await client.request(listSessions, {})).toEqual([]);
  trusted = true;
  // The request tells the server, however late the window hears that trust was granted.
  await expect(client.request(launch, { kind: 'bake' })).rejects.toMatchObject({ code: 'usage' });
});
