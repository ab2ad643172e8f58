// What the status bar says about the queue. Pure.
import { inEnglish, say } from '../../shared/phrase.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import { formatCount, formatDone } from '../../shared/words.ts';
import { inLabel, inMarkdown } from '../outsideText.ts';
import { progressWords } from '../sidebar/rows.ts';
import type { Translate } from '../translate.ts';

export interface StatusText {
  text: string;
  /** Markdown. */
  tooltip: string;
  accessible: string;
  failed: boolean;
  /** The session a click leads to; absent while nothing happens. */
  session?: SessionSummary;
}

/**
 * A running session comes first, then the newest failure until it has been seen (`seen` holds ids), taken off the list or
 * made good, then what waits.
 */
export function statusText(sessions: readonly SessionSummary[], seen: ReadonlySet<string>, t: Translate): StatusText {
  const running = sessions.find(({ state }) => state === 'running' || state === 'stopping');
  const waiting = sessions.filter(({ state }) => state === 'queued');
  const failed = sessions.findLast((one) => one.state === 'failed' && !seen.has(one.id) && !isMadeGood(one, sessions));
  if (running) return runningText(running, waiting.length, t);
  if (failed) return failedText(failed, t);
  const [next] = waiting;
  if (!next) return idleText(t);
  const words = t('{0} queued', waiting.length);
  return {
    text: `$(clock) ${words}`,
    tooltip: inMarkdown(say(next.title, t)),
    accessible: words,
    failed: false,
    session: next,
  };
}

/** The same work, begun later, has succeeded. */
function isMadeGood(failed: SessionSummary, sessions: readonly SessionSummary[]): boolean {
  const later = sessions.slice(sessions.indexOf(failed) + 1);
  return later.some((one) => one.state === 'done' && subjectOf(one) === subjectOf(failed));
}

/** Sessions on runs have the name of their experiment as title; one that resumes a run does not know the file. */
const subjectOf = ({ work, title }: SessionSummary): string =>
  work.kind === 'run' || work.kind === 'resume' ? inEnglish(title) : JSON.stringify(work);

function idleText(t: Translate): StatusText {
  const words = t('idle');
  return {
    text: '$(beaker)',
    tooltip: t('Forgetting Lab: nothing runs. A click opens the experiments.'),
    accessible: t('Forgetting Lab: {0}', words),
    failed: false,
  };
}

function runningText(session: SessionSummary, waiting: number, t: Translate): StatusText {
  const { progress } = session;
  const title = say(session.title, t);
  const percent = progress ? formatDone(progress.share) : t('starting');
  const words = session.state === 'stopping' ? t('stopping') : percent;
  const lines = [`**${inMarkdown(title)}** ${inMarkdown(progress ? progressWords(progress, t) : words)}`];
  if (progress) lines.push(inMarkdown(say(progress.activity, t)));
  if (progress?.step) lines.push(t('Step {0} of {1}', progress.step.index, progress.step.count));
  if (progress?.tokensPerSecond) lines.push(t('{0} tokens/s', formatCount(progress.tokensPerSecond)));
  if (waiting > 0) lines.push(t('{0} queued', waiting));
  return {
    text: `$(sync~spin) ${inLabel(title)} ${words}`,
    tooltip: lines.join('  \n'),
    accessible: t('Forgetting Lab: {0}, {1}', title, words),
    failed: false,
    session,
  };
}

function failedText(session: SessionSummary, t: Translate): StatusText {
  const title = say(session.title, t);
  const lines = [`**${inMarkdown(title)}** ${t('failed')}`];
  if (session.reason !== undefined) lines.push(inMarkdown(say(session.reason, t)));
  if (session.remedy !== undefined) lines.push(inMarkdown(say(session.remedy, t)));
  return {
    text: `$(error) ${inLabel(title)} ${t('failed')}`,
    tooltip: lines.join('  \n'),
    accessible: t('Forgetting Lab: {0}, {1}', title, t('failed')),
    failed: true,
    session,
  };
}
