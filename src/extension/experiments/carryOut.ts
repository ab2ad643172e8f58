// Work that a command hands to the queue and whose end it tells: with what was made and the next thing to do.
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import { launchSession } from '../../shared/protocol/lab/sessions.ts';
import type { SessionSummary, SessionWork } from '../../shared/protocol/lab/sessions.ts';
import { showFailure } from '../command.ts';
import { toldSessions } from '../toldSessions.ts';
import type { Workbench } from '../workbench.ts';
import { followSession, isOver } from './sessionEvents.ts';

/** Queues the work and answers with the session's id; `done` is called when it has succeeded. */
export async function carryOut(
  workbench: Workbench,
  work: SessionWork,
  done: (session: SessionSummary) => Promise<void>,
): Promise<string> {
  const { lab, log, context } = workbench;
  const { id } = await lab.request(launchSession, work);
  toldSessions.add(id);
  const following = followSession(lab, id, (session) => {
    if (!isOver(session)) return false;
    if (session.state === 'failed') showFailure(failureOf(session), work.kind, log, id);
    else if (session.state === 'done') done(session).catch((error: unknown) => showFailure(error, work.kind, log));
    return true;
  });
  context.subscriptions.push(following);
  return id;
}

/** Why a session failed, as an error with its remedy. */
export function failureOf({ title, reason, remedy }: SessionSummary): LabError {
  return new LabError('run-invalid', phrase('{0}: {1}', title, reason ?? phrase('see the log')), { remedy });
}
