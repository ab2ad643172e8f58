// How a run stands: what its last status line says, checked against whether a process still works on it.
import { lockHolder } from '../runs/lock.ts';
import type { Words } from '../shared/phrase.ts';
import type { RunState } from '../shared/protocol/lab/runs.ts';
import type { RunData, StatusRecord } from '../shared/records.ts';

/** The state of a run; `interrupted` when it says it is running and no process works on it. */
export async function runState(run: Pick<RunData, 'folder' | 'status'>): Promise<Exclude<RunState, 'corrupt'>> {
  const state = run.status?.state ?? 'interrupted';
  if (state !== 'running') return state;
  return (await lockHolder(run.folder)) === undefined ? 'interrupted' : 'running';
}

/** Why a run stopped or failed; undefined when nothing was said. */
export function reasonOf(status: StatusRecord | undefined): Words | undefined {
  return status?.words ?? status?.reason;
}
