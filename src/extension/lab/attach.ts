// Attaches to the server of a workspace, and starts one when there is none. Knows nothing of vscode, so that tests and
// scripts attach in the same way.
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorWords, LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import { LAB_PROTOCOL_VERSION, shutdown } from '../../shared/protocol/lab/lifecycle.ts';
import type { LabHelloParams, LabHelloResult } from '../../shared/protocol/lab/lifecycle.ts';
import { staleAfterMs } from '../../shared/protocol/lab/place.ts';
import type { ServerLock, ServerPlace } from '../../shared/protocol/lab/place.ts';
import { BrokenLink, Link, NoAnswer, TurnedAway } from './link.ts';
import { placeOf, readLock } from './place.ts';

export interface AttachOptions {
  /** Folder of the workspace. */
  workspace: string;
  /** Folder for the server's queue, caches and log. */
  stateFolder: string;
  /** The server's bundle. */
  serverEntry: string;
  /** Version of forgetting-lab on this side. */
  version: string;
  /** Who speaks, for the server's log. */
  client: string;
  trusted: () => boolean;
  log: (level: 'info' | 'warning' | 'error', message: string) => void;
  /** Called before a server is started; throws when that has happened too often. */
  beforeStart: () => void;
  /** Further arguments of the server. */
  serverArguments?: readonly string[];
  /** How long a server may take to answer hello. */
  helloMs?: number;
}

export interface Attached {
  link: Link;
  server: LabHelloResult;
  /** Of the server's lock, to say hello again. */
  token: string;
  /** The server has been told that the workspace is trusted. */
  trusted: boolean;
}

/** Thrown where trying again would not help. */
export class AttachRefused extends LabError {}

const pollMs = 40;
/** How long a started server may take until it answers, and an old one until it has gone. */
const startMs = 20_000;
const logLimitBytes = 2 << 20;

/** Says hello to the workspace's server; starts it first if need be. */
export async function attach(options: AttachOptions): Promise<Attached> {
  const place = await placeOf(options.workspace);
  let starting: Starting | undefined;
  let deadline = Infinity;
  for (;;) {
    const found = await greet(place, options);
    // The one that was started here is of our version, or of none that another start would change.
    if (found && (starting || !(await isReplaced(found, options)))) return found;
    if (!starting) {
      options.beforeStart();
      starting = await startServer(options);
      deadline = Date.now() + startMs;
    }
    if (starting.failure !== undefined) throw await startError(options, starting.failure);
    if (Date.now() > deadline) throw await startError(options, phrase('it does not answer'));
    await sleep(pollMs);
  }
}

/** The server that the lock names, if it is there. */
async function greet(place: ServerPlace, options: AttachOptions): Promise<Attached | undefined> {
  const lock = await readLock(place).catch(refuse);
  const link = lock && (await Link.open(lock.endpoint));
  if (!lock || !link) return undefined;
  link.start();
  const { token } = lock;
  const said = helloOf(token, options);
  try {
    return { link, server: await link.hello(said, lock.pid, options.helloMs), token, trusted: said.trusted };
  } catch (error) {
    if (error instanceof NoAnswer) {
      link.close();
      // The server that is started now ends one that hangs, and takes its place.
      if (!isBeating(lock)) return undefined;
      throw error;
    }
    // Another server may have taken the place between reading and connecting: the loop reads the lock again.
    const isReplacement = (await readLock(place))?.token !== lock.token;
    if (lock.protocolVersion === LAB_PROTOCOL_VERSION && !isReplacement) {
      link.close();
      if (error instanceof BrokenLink) throw new TurnedAway(lock.pid);
      refuse(error);
    }
    if (!isReplacement) await replaceOther(link, lock);
    link.close();
    return undefined;
  }
}

/** What was refused once is refused again: a folder that is not private, a token that the server does not know. */
function refuse(error: unknown): never {
  if (!(error instanceof LabError)) throw error;
  const { message, remedy } = error.words;
  throw new AttachRefused(error.code, message, { ...(remedy === undefined ? {} : { remedy }), cause: error });
}

const isBeating = ({ heartbeatAt }: ServerLock): boolean => Date.now() - Date.parse(heartbeatAt) <= staleAfterMs;

/** What this editor says first. */
export function helloOf(token: string, { client, trusted }: Pick<AttachOptions, 'client' | 'trusted'>): LabHelloParams {
  return { protocolVersion: LAB_PROTOCOL_VERSION, token, client, trusted: trusted() };
}

/** A server that speaks another protocol makes room when no other editor needs it; its sessions go on. */
async function replaceOther(link: Link, lock: ServerLock): Promise<void> {
  try {
    await link.request(shutdown.method, {});
    await goneOf(link);
  } catch (error) {
    throw new AttachRefused(
      'server-unavailable',
      phrase(
        'The lab server of this workspace is of version {0} and still at work ({1})',
        lock.version,
        errorWords(error).message,
      ),
      {
        remedy: phrase('Let it finish or stop it with the editor it belongs to, then reload this window'),
        cause: error,
      },
    );
  }
}

/** A server of another version that speaks our protocol is replaced when no other editor needs it, else used as it is. */
async function isReplaced({ link, server }: Attached, { version, log }: AttachOptions): Promise<boolean> {
  if (server.version === version) return false;
  try {
    await link.request(shutdown.method, {});
  } catch (error) {
    log('warning', `Using the lab server of version ${server.version}, which is at work: ${(error as Error).message}`);
    return false;
  }
  await goneOf(link);
  return true;
}

async function goneOf(link: Link): Promise<void> {
  await new Promise<void>((resolve) => link.listen(() => undefined, resolve));
}

interface Starting {
  /** How the process ended, when it ended with an error. */
  failure: Words | undefined;
}

async function startServer(options: AttachOptions): Promise<Starting> {
  const { stateFolder, serverEntry, workspace, serverArguments = [] } = options;
  await mkdir(stateFolder, { recursive: true });
  const log = await openLog(stateFolder);
  const starting: Starting = { failure: undefined };
  try {
    const child = spawn(
      process.execPath,
      [serverEntry, '--workspace', workspace, '--state', stateFolder, ...serverArguments],
      {
        // It outlives this window: no pipes to it, and a process group of its own.
        detached: true,
        windowsHide: true,
        stdio: ['ignore', log.fd, log.fd],
        cwd: stateFolder,
        env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
      },
    );
    child.on('error', (error) => (starting.failure = error.message));
    child.on('exit', (code, signal) => {
      // Code 0: another window was faster, and its server serves us too.
      if (code !== 0) starting.failure = signal ? phrase('signal {0}', signal) : phrase('exit code {0}', String(code));
    });
    child.unref();
    options.log('info', `Started the lab server as process ${child.pid}`);
  } finally {
    await log.close();
  }
  return starting;
}

/** Log of the servers of a workspace; begun anew when it has grown long. */
export const serverLogFile = (stateFolder: string): string => join(stateFolder, 'server.log');

async function openLog(stateFolder: string) {
  const file = serverLogFile(stateFolder);
  const info = await stat(file).catch(() => undefined);
  if (info && info.size > logLimitBytes) await truncate(file);
  return open(file, 'a', 0o600);
}

async function startError({ stateFolder }: AttachOptions, why: Words): Promise<LabError> {
  const text = await readFile(serverLogFile(stateFolder), 'utf8').catch(() => '');
  const last = text.trim().split('\n').slice(-3).join('\n');
  const message = last
    ? phrase('The lab server did not start ({0}): {1}', why, last)
    : phrase('The lab server did not start ({0})', why);
  return new LabError('server-unavailable', message, { remedy: phrase('The log of Forgetting Lab says more') });
}
