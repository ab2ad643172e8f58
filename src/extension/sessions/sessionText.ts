// What a session was asked to do, what came of it and what it wrote to its log, as a text to read. Pure.
import { say } from '../../shared/phrase.ts';
import type { SessionState, SessionSummary, SessionWork } from '../../shared/protocol/lab/sessions.ts';
import { formatDuration } from '../../shared/words.ts';
import type { Translate } from '../translate.ts';
import { sessionSeconds } from './sessionTime.ts';

/** The whole text; `log` holds the last lines that the session wrote. */
export function sessionText(session: SessionSummary, log: string, t: Translate): string {
  const { title, work, result = [], reason, remedy, outputs = [] } = session;
  const why = [reason, remedy].flatMap((words) => (words === undefined ? [] : [say(words, t)]));
  const parts = [
    [say(title, t), stateLine(session, t)],
    pathsOfWork(work),
    result.map((line) => say(line, t)),
    why,
    outputs,
    log.trim() === '' ? [] : [t('Log:'), log.trimEnd()],
  ];
  return `${parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function stateLine(session: SessionSummary, t: Translate): string {
  const words: Record<SessionState, string> = {
    queued: t('queued'),
    running: t('running'),
    stopping: t('stopping'),
    done: t('done'),
    stopped: t('stopped'),
    failed: t('failed'),
  };
  const word = words[session.state];
  const seconds = sessionSeconds(session);
  return seconds === undefined ? word : t('{0} after {1}', word, formatDuration(seconds));
}

/** Files and folders that the work was given. */
function pathsOfWork(work: SessionWork): string[] {
  switch (work.kind) {
    case 'run':
      return [work.experiment];
    case 'resume':
      return [work.run];
    case 'targets':
      return [work.data, work.model];
    case 'evaluate':
      return [work.model, work.experiment];
    case 'merge':
      return [work.base, work.tuned];
    default:
      return work satisfies never;
  }
}
