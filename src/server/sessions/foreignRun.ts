// Stopping a run that a terminal works on: it gets what Ctrl-C sends.
import { setTimeout as sleep } from 'node:timers/promises';
import { isHeldHere, lockHolder } from '../../runs/lock.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { StopHow } from '../session/messages.ts';
import { killTree } from './processTree.ts';

/** How long a process may take to stop by itself before it is killed. */
const graceMs = 4000;

/** Stops whoever works on a run; throws `run-invalid` when nobody does. */
export async function stopForeignRun(run: string, how: StopHow): Promise<void> {
  const pid = await lockHolder(run);
  if (pid === undefined) {
    throw new LabError('run-invalid', phrase('Nobody works on the run {0}', run), {
      remedy: phrase('It has ended, or its process was killed'),
    });
  }
  if (!(await isHeldHere(run))) {
    throw new LabError('run-invalid', phrase('The run {0} is worked on by another machine', run), {
      remedy: phrase('Stop it there'),
    });
  }
  if (process.platform === 'win32') return stopOnWindows(pid, run, how);
  signal(pid);
  if (how === 'save') return;
  // A second Ctrl-C drops what is in progress.
  await sleep(200);
  if ((await lockHolder(run)) === pid) signal(pid);
  await sleep(graceMs);
  if ((await lockHolder(run)) === pid) await killTree(pid);
}

async function stopOnWindows(pid: number, run: string, how: StopHow): Promise<void> {
  if (how === 'now') return killTree(pid);
  throw new LabError(
    'run-invalid',
    phrase('The run {0} was started in a terminal, which Windows lets nobody else interrupt', run),
    { remedy: phrase('Press Ctrl-C there, or stop it now and resume it from its last checkpoint') },
  );
}

function signal(pid: number): void {
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    // It has just ended.
  }
}
