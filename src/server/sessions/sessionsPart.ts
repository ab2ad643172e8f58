// The messages about sessions.
import { mkdir, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { TextFacts } from '../../data/textSide.ts';
import { requireSameTokenizer } from '../../lab/mergeModels.ts';
import { describeError, LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import {
  checkMerge,
  launchSession,
  listSessions,
  removeSession,
  sessionLog,
  sessionsChanged,
  stopSession,
} from '../../shared/protocol/lab/sessions.ts';
import type { ServerContext, ServerPart } from '../context.ts';
import { stampOf } from '../datasets/scoredModels.ts';
import { ModelTexts, textDeskOf } from '../texts/modelTexts.ts';
import { stopForeignRun } from './foreignRun.ts';
import { Queue } from './queue.ts';
import { QueueStore } from './store.ts';
import { parseWork, prepareWork } from './work.ts';

const notifyMs = 100;
const tailBytes = 64 * 1024;

export const sessionsPart: ServerPart = async (server) => {
  await mkdir(join(server.stateFolder, 'sessions'), { recursive: true, mode: 0o700 });
  const store = new QueueStore(server.stateFolder);
  const changes = new Changes(server, (id) => queue.find(id));
  const holder = new Holder(server);
  const readFacts = async (folder: string): Promise<TextFacts> =>
    (await ModelTexts.open(textDeskOf(server), { folder, stamp: await stampOf(folder) })).facts;
  const queue: Queue = new Queue(
    store,
    {
      changed: (id) => changes.add(id),
      removed: (id) => changes.add(id),
      busy: (busy) => holder.set(busy),
      log: (level, message) => server.log(level, message),
      uninstalled: () => void server.end('its bundle is gone, and the queue waits for another server'),
    },
    (work) => prepareWork(work, readFacts),
  );
  // A queue that cannot be read is said in the log, and to whoever wants something queued.
  const openQueue = (): Promise<void> =>
    queue.open().catch((error: unknown) => server.log('error', describeError(error)));
  server.handle(listSessions, async () => {
    await openQueue();
    return queue.list();
  });
  server.handle(launchSession, async (work) => ({ id: await queue.launch(parseWork(work)) }));
  server.handle(checkMerge, async ({ base, tuned }) => {
    await requireSameTokenizer({ base, tuned }, readFacts);
    return null;
  });
  server.handle(stopSession, async ({ id, run, how }) => {
    if (how !== 'save' && how !== 'now') throw new LabError('usage', phrase('A session is stopped by "save" or "now"'));
    await stop(queue, { ...(id === undefined ? {} : { id }), ...(run === undefined ? {} : { run }) }, how);
    return null;
  });
  server.handle(removeSession, async ({ id }) => {
    await queue.remove(id);
    return null;
  });
  server.handle(sessionLog, async ({ id }) => {
    if (!queue.find(id)) throw new LabError('usage', phrase('There is no session {0}', id));
    return { text: await readTail(store.files(id).log) };
  });
  server.onShutdown(() => queue.close());
  server.onTrusted(() => queue.allow());
  await openQueue();
};

async function stop(queue: Queue, what: { id?: string; run?: string }, how: 'save' | 'now'): Promise<void> {
  const run = what.run === undefined ? undefined : resolve(what.run);
  const id = what.id ?? (run === undefined ? undefined : queue.runningOn(run)?.id);
  if (id !== undefined) await queue.stop(id, how);
  else if (run !== undefined) await stopForeignRun(run, how);
  else throw new LabError('usage', phrase('Which session is to be stopped? Give its id or its run folder'));
}

/** Gathers changes and tells them at most ten times a second. */
class Changes {
  private readonly server: ServerContext;
  private readonly find: Queue['find'];
  private readonly ids = new Set<string>();
  private timer: NodeJS.Timeout | undefined;

  constructor(server: ServerContext, find: Queue['find']) {
    this.server = server;
    this.find = find;
  }

  add(id: string): void {
    this.ids.add(id);
    this.timer ??= setTimeout(() => this.tell(), notifyMs);
  }

  private tell(): void {
    this.timer = undefined;
    const ids = [...this.ids];
    this.ids.clear();
    const sessions = ids.flatMap((id) => this.find(id) ?? []);
    this.server.broadcast(sessionsChanged, { sessions, removed: ids.filter((id) => !this.find(id)) });
  }
}

/** Holds the server while the queue is busy; sessions outlive it, and the next server follows them. */
class Holder {
  private readonly server: ServerContext;
  private release: (() => void) | undefined;

  constructor(server: ServerContext) {
    this.server = server;
  }

  set(busy: boolean): void {
    if (busy) this.release ??= this.server.hold(phrase('a session is running'), 'next');
    else {
      this.release?.();
      this.release = undefined;
    }
  }
}

/** The last lines of a log; nothing before it exists. */
async function readTail(file: string): Promise<string> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - tailBytes);
    const bytes = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    const text = bytes.toString('utf8', 0, bytesRead);
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await handle.close();
  }
}
