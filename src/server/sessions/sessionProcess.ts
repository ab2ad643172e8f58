// The process of a session as the queue sees it: one that this server has started, or one that an earlier server started
// and that is followed by its files.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { fileError } from '../../runs/files.ts';
import { isSameProcess, processStart } from '../../runs/processes.ts';
import { LabError } from '../../shared/errors.ts';
import { joined, phrase } from '../../shared/phrase.ts';
import type { Phrase } from '../../shared/phrase.ts';
import type { SessionWork } from '../../shared/protocol/lab/sessions.ts';
import type { SessionFiles, SessionStatus, StopHow, ToSession } from '../session/messages.ts';
import { killTree } from './processTree.ts';

/** How long a session may take to stop by itself before its processes are killed. */
const graceMs = 4000;
const followMs = 500;

export interface SessionProcess {
  readonly pid: number;
  readonly processStart: string;
  /** `now` asks, waits, and kills the whole tree. */
  stop(how: StopHow): void;
  /** Stops following; the process goes on. */
  detach(): void;
}

export interface ProcessEvents {
  onStatus(status: SessionStatus): void;
  /** The process has gone; `status` is the last it wrote, `how` how it ended in words. */
  onExit(status: SessionStatus, how: Phrase): void;
}

function sessionEntry(): string {
  const candidates = ['./session.js', '../../../dist/session.js'].map((relative) =>
    fileURLToPath(new URL(relative, import.meta.url)),
  );
  const found = candidates.find((file) => existsSync(file));
  if (found) return found;
  throw new LabError('file-not-found', phrase('the session bundle is missing (looked for {0})', joined(candidates)), {
    remedy: phrase('Run `npm run build`, or install the extension again'),
  });
}

/** Whether the bundle of this very server is gone: an update of the extension has removed its folder. */
export const isUninstalled = (): boolean => !existsSync(fileURLToPath(import.meta.url));

/** A session process that this server has started. */
export interface StartedProcess extends SessionProcess {
  /** Tells what becomes of it, also when it has ended already. */
  follow(events: ProcessEvents): void;
  /** Lets it do its work: until then it does nothing. */
  begin(work: SessionWork): void;
}

/** Starts a session process. It waits until `begin` is called. */
export async function startSessionProcess(files: SessionFiles): Promise<StartedProcess> {
  const log = await open(files.log, 'a', 0o600).catch((error: unknown) => {
    throw fileError(error, 'write', files.log);
  });
  try {
    const child = spawn(process.execPath, [sessionEntry()], {
      // A group of its own: it outlives this server, and can be killed with everything in it.
      detached: true,
      windowsHide: true,
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
      env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    return new OwnProcess(child, files);
  } finally {
    await log.close();
  }
}

class OwnProcess implements StartedProcess {
  readonly pid: number;
  readonly processStart: string;
  private readonly child: ChildProcess;
  private readonly files: SessionFiles;
  /** How it ended. It may do so before anybody follows it. */
  private readonly exit: Promise<Phrase>;

  constructor(child: ChildProcess, files: SessionFiles) {
    this.child = child;
    this.files = files;
    this.pid = child.pid as number;
    this.processStart = processStart(this.pid);
    child.on('error', () => undefined); // a message to one that has just gone; its exit is told
    this.exit = new Promise((resolve) => {
      child.once('exit', (code, signal) =>
        resolve(signal ? phrase('signal {0}', signal) : phrase('exit code {0}', code ?? '')),
      );
    });
  }

  follow(events: ProcessEvents): void {
    this.child.on('message', (status) => events.onStatus(status as SessionStatus));
    void this.exit.then(async (how) => events.onExit(await readStatus(this.files), how));
  }

  begin(work: SessionWork): void {
    this.send({ kind: 'start', work, files: this.files });
  }

  stop(how: StopHow): void {
    this.send({ kind: 'stop', how });
    if (how === 'now') killLater(this);
  }

  detach(): void {
    if (this.child.connected) this.child.disconnect();
    this.child.unref();
  }

  private send(message: ToSession): void {
    if (this.child.connected) this.child.send(message, () => undefined);
  }
}

/** Follows a session that another server has started. */
export function adoptSessionProcess(
  pid: number,
  start: string,
  files: SessionFiles,
  events: ProcessEvents,
): SessionProcess {
  const timer = setInterval(() => {
    const alive = isSameProcess(pid, start);
    if (!alive) clearInterval(timer);
    void readStatus(files).then((status) => {
      if (alive) events.onStatus(status);
      else events.onExit(status, phrase('its process is gone'));
    });
  }, followMs);
  return {
    pid,
    processStart: start,
    stop(how) {
      void writeFile(files.stop, how);
      if (how === 'now') killLater(this);
    },
    detach: () => clearInterval(timer),
  };
}

function killLater({ pid, processStart: start }: { pid: number; processStart: string }): void {
  setTimeout(() => {
    if (isSameProcess(pid, start)) void killTree(pid);
  }, graceMs);
}

/** The last status that a session wrote. */
export async function readStatus(files: SessionFiles): Promise<SessionStatus> {
  try {
    return JSON.parse(await readFile(files.status, 'utf8')) as SessionStatus;
  } catch {
    // It had not come to writing one.
    return {};
  }
}
