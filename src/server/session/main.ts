// One session in a process of its own: waits for its work, does it, says how it ended. A server that disappears does not
// end it: a run goes on and the next server follows it by its files.
import { readFile } from 'node:fs/promises';
import { stoppedOnRequest } from '../../runs/session.ts';
import { LabError } from '../../shared/errors.ts';
import { inEnglish, phrase } from '../../shared/phrase.ts';
import type { SessionEnd, SessionFiles, StopHow, ToSession } from './messages.ts';
import { perform } from './perform.ts';
import { stepBack } from './priority.ts';
import { Reporter } from './reporter.ts';

const stopFileMs = 500;
/** How long after its server has gone a session still waits for work. */
const lastMessageMs = 500;

const stop = new AbortController();
const abort = new AbortController();
let files: SessionFiles | undefined;
let alone = false;

function askToStop(how: StopHow): void {
  if (how === 'now' && !abort.signal.aborted)
    console.log('Stopping now; the steps since the last checkpoint are lost.');
  else if (!stop.signal.aborted) console.log('Stopping: finishing the step in progress and saving.');
  stop.abort();
  if (how === 'now') abort.abort();
}

async function main(start: Extract<ToSession, { kind: 'start' }>): Promise<void> {
  const reporter = new Reporter(start.files.status);
  const end = await endOf(async () => perform(start.work, { stop: stop.signal, abort: abort.signal, reporter }));
  if (end.reason !== undefined) console.log(inEnglish(end.reason));
  if (end.remedy !== undefined) console.log(inEnglish(end.remedy));
  await reporter.end(end);
  process.exit(0);
}

async function endOf(action: () => Promise<SessionEnd>): Promise<SessionEnd> {
  try {
    return await action();
  } catch (error) {
    if (stop.signal.aborted && error instanceof Error && error.name === 'AbortError') {
      return { state: 'stopped', reason: stoppedOnRequest, exitCode: 130 };
    }
    return failure(error);
  }
}

function failure(error: unknown): SessionEnd {
  if (error instanceof LabError) {
    const { message: reason, ...rest } = error.words;
    return { state: 'failed', reason, exitCode: 1, ...rest };
  }
  console.error(error);
  const reason = error instanceof Error ? error.message : String(error);
  return {
    state: 'failed',
    reason,
    remedy: phrase('This is a bug of forgetting-lab; the log of the session says more'),
    exitCode: 1,
  };
}

/** Without a server, requests to stop come as a file. */
function watchStopFile(file: string): void {
  setInterval(() => {
    readFile(file, 'utf8').then(
      (how) => askToStop(how.trim() === 'now' ? 'now' : 'save'),
      () => undefined, // nobody has asked
    );
  }, stopFileMs).unref();
}

/** The server has gone. Its last message may still be on its way here. */
function goOnAlone(): void {
  if (alone) return;
  alone = true;
  setTimeout(() => {
    // Nobody has written down yet that this session exists.
    if (!files) process.exit(1);
    watchStopFile(files.stop);
  }, lastMessageMs);
}

process.on('message', (message: ToSession) => {
  if (message.kind === 'stop') askToStop(message.how);
  else if (!files) {
    files = message.files;
    void main(message);
  }
});
process.on('disconnect', goOnAlone);
// The server may have gone before anybody here could hear of it.
if (!process.connected) goOnAlone();
process.on('SIGINT', () => askToStop(stop.signal.aborted ? 'now' : 'save'));
process.on('SIGTERM', () => askToStop(stop.signal.aborted ? 'now' : 'save'));
// The terminal that the editor was started from may close.
process.on('SIGHUP', () => undefined);
stepBack();
