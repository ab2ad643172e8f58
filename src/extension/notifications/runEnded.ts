// When the end of a session deserves a notification: it was long, and nobody was looking. Pure.
import { say } from '../../shared/phrase.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import { formatDuration } from '../../shared/words.ts';
import { inMessage } from '../outsideText.ts';
import { sessionSeconds } from '../sessions/sessionTime.ts';
import type { Translate } from '../translate.ts';

/** Shorter work is over before somebody turns away. */
const longSeconds = 60;

export interface EndedMessage {
  text: string;
  failed: boolean;
}

/** The notification for a session that has ended, or undefined. `watched`: the window has the focus and shows it. */
export function endedMessage(session: SessionSummary, watched: boolean, t: Translate): EndedMessage | undefined {
  const seconds = sessionSeconds(session) ?? 0;
  if (watched || seconds < longSeconds || session.state === 'stopped') return undefined;
  const time = formatDuration(seconds);
  const title = say(session.title, t);
  if (session.state === 'failed') {
    const reason = session.reason === undefined ? t('see the log') : say(session.reason, t);
    const remedy = session.remedy === undefined ? '' : `. ${say(session.remedy, t)}`;
    return { text: inMessage(t('{0} failed after {1}: {2}', title, time, reason) + remedy), failed: true };
  }
  return { text: inMessage(t('{0} is done after {1}.', title, time)), failed: false };
}
