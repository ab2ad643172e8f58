// Waits for what a session of the queue does.
import type * as vscode from 'vscode';
import { listSessions, sessionsChanged } from '../../shared/protocol/lab/sessions.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import type { Lab } from '../workbench.ts';

export const isOver = ({ state }: SessionSummary): boolean =>
  state === 'done' || state === 'stopped' || state === 'failed';

/** After a longer wait in the queue, whoever launched it has turned to something else. */
const atOnceMs = 5_000;

/** Nothing that took long was before it in the queue. */
export const beganAtOnce = ({ queuedAt, startedAt = '' }: SessionSummary): boolean =>
  Date.parse(startedAt) - Date.parse(queuedAt) <= atOnceMs;

/**
 * Calls `seen` with a session now and whenever it changes, until `seen` returns true or the session is removed. Survives a
 * lost connection: what was missed is asked for.
 */
export function followSession(lab: Lab, id: string, seen: (session: SessionSummary) => boolean): vscode.Disposable {
  let over = false;
  const subscriptions: vscode.Disposable[] = [];
  const end = (): void => {
    over = true;
    for (const subscription of subscriptions.splice(0)) subscription.dispose();
  };
  const look = (sessions: readonly SessionSummary[]): void => {
    const session = sessions.find((candidate) => candidate.id === id);
    if (session && !over && seen(session)) end();
  };
  const ask = (): void => {
    // A server that is gone tells nothing; the next connection asks again.
    lab.request(listSessions, {}).then(look, () => undefined);
  };
  subscriptions.push(
    lab.on(sessionsChanged, ({ sessions, removed }) => {
      look(sessions);
      if (removed.includes(id)) end();
    }),
    lab.onDidChangeState((state) => {
      if (state === 'attached' && !over) ask();
    }),
  );
  ask();
  return { dispose: end };
}
