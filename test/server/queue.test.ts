// The queue while the process of a session is being started.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import type * as files from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { isSameProcess } from '../../src/runs/processes.ts';
import { Queue } from '../../src/server/sessions/queue.ts';
import { QueueStore } from '../../src/server/sessions/store.ts';
import { LabError } from '../../src/shared/errors.ts';
import { inEnglish } from '../../src/shared/phrase.ts';
import { experiment } from './testWorkspace.ts';

const startMs = 300;

/** Closing the log of a session is slow, so that its process starts slowly. */
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof files>();
  const open: typeof real.open = async (...given) => {
    const handle = await real.open(...given);
    const close = handle.close.bind(handle);
    handle.close = async () => {
      await sleep(startMs);
      await close();
    };
    return handle;
  };
  return { ...real, open };
});

const node = process.execPath;
afterEach(() => (process.execPath = node));

/** A queue that may start sessions, and a way to launch one; `program` is started instead of Node. */
async function startedQueue(program: (folder: string) => Promise<string>) {
  const folder = await mkdtemp(join(tmpdir(), 'queue-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'small.experiment.yaml');
  await writeFile(file, JSON.stringify(experiment(4)));
  for (const name of ['train', 'words']) {
    await writeFile(join(folder, `${name}.jsonl`), '{"prompt": "a", "completion": "b", "answer": "b"}\n');
  }
  const sessions = join(folder, 'sessions');
  await mkdir(sessions);
  process.execPath = await program(folder);
  const nothing = (): void => undefined;
  const newQueue = (): Queue => {
    const queue = new Queue(new QueueStore(folder), {
      changed: nothing,
      removed: nothing,
      busy: nothing,
      log: nothing,
      uninstalled: nothing,
    });
    onTestFinished(() => queue.close());
    return queue;
  };
  const queue = newQueue();
  await queue.open();
  queue.allow();
  const work = { kind: 'run', experiment: file } as const;
  return { folder, sessions, queue, newQueue, work, launch: () => queue.launch(work) };
}

/** A program that writes its process id to a file and waits. */
async function waiter(folder: string): Promise<string> {
  const program = join(folder, 'waiter');
  await writeFile(program, `#!/bin/sh\necho $$ > ${join(folder, 'pid')}\nexec sleep 60\n`, { mode: 0o755 });
  return program;
}

/** The process of the waiter, once it has been ended. */
async function endedWaiter(folder: string): Promise<void> {
  const file = join(folder, 'pid');
  await vi.waitFor(() => expect(existsSync(file)).toBe(true));
  const pid = Number(await readFile(file, 'utf8'));
  onTestFinished(() => void (isSameProcess(pid, '') && process.kill(pid, 'SIGKILL')));
  await vi.waitFor(() => expect(isSameProcess(pid, '')).toBe(false), 10 * startMs);
}

test('a session that is stopped while its process starts never begins', async () => {
  const { folder, queue, launch } = await startedQueue(waiter);
  const id = await launch();
  expect(await queue.stop(id, 'now')).toBe(true);
  await endedWaiter(folder);
  expect(queue.list()).toMatchObject([{ id, state: 'stopped', exitCode: 130 }]);
  expect(queue.find(id)?.startedAt).toBeUndefined();
});

test('a session that is removed while its process starts leaves neither process nor files', async () => {
  const { folder, sessions, queue, launch } = await startedQueue(waiter);
  await queue.remove(await launch());
  await endedWaiter(folder);
  await vi.waitFor(async () => expect(await readdir(sessions)).toEqual(['queue.json']));
  expect(queue.list()).toEqual([]);
});

test('a process that dies before its start is written down ends its session, and the next one begins', async () => {
  const { queue, launch } = await startedQueue(() => Promise.resolve('/bin/false'));
  const ids = [await launch(), await launch()];
  await vi.waitFor(() => expect(ids.map((id) => queue.find(id)?.state)).toEqual(['failed', 'failed']), 20 * startMs);
  expect(inEnglish(queue.find(ids[0] as string)?.reason ?? '')).toMatch(/died \(exit code 1\)/);
});

test('a session that cannot be written down does not begin, and says why', async () => {
  const { folder, queue, launch } = await startedQueue(waiter);
  // The disk is full from the moment at which the process is to be written down.
  const write = vi.spyOn(QueueStore.prototype, 'write').mockImplementation((entries) => {
    const isStarted = entries.some(({ pid }) => pid !== undefined);
    return isStarted
      ? Promise.reject(new LabError('disk-full', 'no room left', { remedy: 'Free some' }))
      : Promise.resolve();
  });
  onTestFinished(() => write.mockRestore());
  const id = await launch();
  await endedWaiter(folder);
  await vi.waitFor(() => expect(queue.find(id)?.state).toBe('failed'), 10 * startMs);
  expect(queue.find(id)).toMatchObject({ reason: 'no room left', remedy: 'Free some', exitCode: 1 });
});

test('a queue that cannot be read is not overwritten, and is taken up when it can be', async () => {
  const { sessions, queue, newQueue, work, launch } = await startedQueue(() => Promise.resolve('/bin/false'));
  const id = await launch();
  await vi.waitFor(() => expect(queue.find(id)?.state).toBe('failed'), 20 * startMs);
  await queue.close();
  const [file, kept] = [join(sessions, 'queue.json'), join(sessions, 'kept')];
  await rename(file, kept);
  await mkdir(file);
  const next = newQueue();
  await expect(next.open()).rejects.toThrow(`Cannot read ${file}: it is a folder`);
  await expect(next.launch(work)).rejects.toMatchObject({ code: 'file-unreadable' });
  await rmdir(file);
  await rename(kept, file);
  await next.launch(work);
  expect(next.list()).toMatchObject([{ id, state: 'failed' }, { state: 'queued' }]);
});
