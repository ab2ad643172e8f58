// Workspaces, servers and clients for the tests of the lab server: real processes, the bundled model, little work.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { LabClient } from '../../src/extension/lab/labClient.ts';
import type { LabClientOptions } from '../../src/extension/lab/labClient.ts';
import { placeOf, readLock } from '../../src/extension/lab/place.ts';
import { isAlive, isSameProcess } from '../../src/runs/processes.ts';
import { killTree } from '../../src/server/sessions/processTree.ts';
import type { ServerLock } from '../../src/shared/protocol/lab/place.ts';
import { listSessions } from '../../src/shared/protocol/lab/sessions.ts';
import type { SessionSummary } from '../../src/shared/protocol/lab/sessions.ts';

export const serverEntry = new URL('../../dist/server.js', import.meta.url).pathname;
const manifest = new URL('../../package.json', import.meta.url);

const jsonLines = (rows: readonly unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

/** An experiment of a few seconds; `steps` stretch its training. */
export const experiment = (steps: number) => ({
  name: 'small',
  model: 'pocket',
  learningRates: [0.001],
  training: { batchSize: 4, checkpointEvery: 2 },
  stages: [{ name: 'notes', dataset: 'train.jsonl', steps, maxTokens: 8 }],
  arms: [{ name: 'ground truth' }],
  benchmarks: [{ name: 'words', data: 'words.jsonl', scorer: 'contains', maxTokens: 4, guard: false }],
});

export interface TestWorkspace {
  folder: string;
  stateFolder: string;
  /** Path of a file in the workspace. */
  file(name: string): string;
  /** A client; it is disposed when the test ends. */
  client(changes?: Partial<LabClientOptions>): LabClient;
  /** Starts a server and waits until it is there; `exit` resolves with its exit code. */
  startServer(...serverArguments: string[]): Promise<{ lock: ServerLock; exit: Promise<number | null> }>;
  /** Lock of the server that serves the workspace now. */
  lock(): Promise<ServerLock>;
}

/** A workspace with `short.experiment.yaml` (4 steps) and `long.experiment.yaml` (400). Its server is ended with the test. */
export async function testWorkspace(): Promise<TestWorkspace> {
  if (!existsSync(serverEntry)) throw new Error(`${serverEntry} is missing: npm run build`);
  const root = await realpath(await mkdtemp(join(tmpdir(), 'lab-server-')));
  const folder = root;
  const stateFolder = join(root, '.state');
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  const file = (name: string): string => join(folder, name);
  const rows = Array.from({ length: 10 }, (_, n) => ({
    prompt: `Note ${n}`,
    completion: `# ${n} #`,
    answer: String(n),
  }));
  await writeFile(file('train.jsonl'), jsonLines(rows));
  await writeFile(file('words.jsonl'), jsonLines(rows.map(({ prompt, answer }) => ({ prompt, answer }))));
  await writeFile(file('short.experiment.yaml'), JSON.stringify(experiment(4)));
  await writeFile(file('long.experiment.yaml'), JSON.stringify(experiment(400)));
  const lockNow = async (): Promise<ServerLock | undefined> => readLock(await placeOf(folder));
  onTestFinished(async () => {
    const lock = await lockNow();
    if (lock && isSameProcess(lock.pid, lock.processStart)) await killTree(lock.pid);
    await endSessions(stateFolder);
    await rm((await placeOf(folder)).folder, { recursive: true, force: true });
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  });
  return {
    folder,
    stateFolder,
    file,
    lock: () => until('a server has the lock', lockNow),
    startServer: async (...serverArguments) => {
      const child = spawn(
        process.execPath,
        [serverEntry, '--workspace', folder, '--state', stateFolder, ...serverArguments],
        { stdio: 'ignore', detached: true },
      );
      const exit = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
      const lock = await until('the server has the lock', async () => {
        if (child.exitCode !== null) throw new Error(`the server ended with code ${child.exitCode}`);
        const there = await lockNow();
        return there?.pid === child.pid && there;
      });
      return { lock: lock, exit };
    },
    client: (changes = {}) => {
      const client = new LabClient({
        workspace: folder,
        stateFolder,
        serverEntry,
        version,
        client: 'a test',
        trusted: () => true,
        log: () => undefined,
        ...changes,
      });
      onTestFinished(() => client.dispose());
      return client;
    },
  };
}

/** Sessions live in groups of their own and are not among the server's descendants once it has gone. */
async function endSessions(stateFolder: string): Promise<void> {
  const text = await readFile(join(stateFolder, 'sessions', 'queue.json'), 'utf8').catch(() => '{"entries":[]}');
  const { entries } = JSON.parse(text) as { entries: { pid?: number }[] };
  for (const { pid } of entries) if (pid !== undefined && isAlive(pid)) await killTree(pid);
}

/** Waits until something is so; fails with `what` after a while. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 60_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await sleep(25);
  }
}

/** Waits until a session is in one of some states. */
export function sessionIn(
  client: LabClient,
  id: string,
  states: readonly SessionSummary['state'][],
): Promise<SessionSummary> {
  return until(`session ${id} is ${states.join(' or ')}`, async () => {
    const all = await client.request(listSessions, {});
    return all.find((one) => one.id === id && states.includes(one.state));
  });
}
