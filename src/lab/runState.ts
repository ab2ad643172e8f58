// How a run stands: what its last status line says, checked against whether a process still works on it.
import { lockHolder } from '../runs/lock.ts';
import { stoppedOnRequest } from '../runs/session.ts';
import { inEnglish } from '../shared/phrase.ts';
import type { Words } from '../shared/phrase.ts';
import type { RunState } from '../shared/protocol/lab/runs.ts';
import type { RunData } from '../shared/records.ts';

/** The state of a run; `interrupted` when it says it is running and no process works on it. */
export async function runState(run: Pick<RunData, 'folder' | 'status'>): Promise<Exclude<RunState, 'corrupt'>> {
  const state = run.status?.state ?? 'interrupted';
  if (state !== 'running') return state;
  return (await lockHolder(run.folder)) === undefined ? 'interrupted' : 'running';
}

/** The reason in a status line: our own words can be said in other languages, errors are as the command line prints them. */
export function wordsOfReason(reason: string): Words {
  return reason === inEnglish(stoppedOnRequest) ? stoppedOnRequest : reason;
}
