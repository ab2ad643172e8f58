// The one line of truth: what is being done, how far it is, how fast, and how long it will take.
import { trialTitle } from '../../src/shared/arms.ts';
import type { RunSummary } from '../../src/shared/protocol/lab/runs.ts';
import type { SessionSummary } from '../../src/shared/protocol/lab/sessions.ts';
import type { RunConfig } from '../../src/shared/records.ts';
import { formatCount, formatDone, formatDuration, sentence } from '../../src/shared/words.ts';
import { say, text } from '../ui/host.ts';
import type { Curves } from './series.ts';

/** Whether somebody works on the run. */
export function isGoing(run: RunSummary, session: SessionSummary | undefined): boolean {
  return run.state === 'running' || session?.state === 'running' || session?.state === 'stopping';
}

/** The answer in a sentence: how the run stands. */
export function stateSentence(run: RunSummary, session: SessionSummary | undefined): string {
  if (session?.state === 'queued') return text('Waiting in the queue.');
  if (session?.state === 'stopping') return text('Stopping: the step in progress is finished and saved.');
  // The session knows first: right after a resume the run's files still say how it ended.
  if (session?.state === 'running' && session.progress) return text('{0}.', sentence(say(session.progress.activity)));
  const line = say(run.line);
  switch (run.state) {
    case 'running':
      return text('Running: {0}.', line);
    case 'done':
      return run.lineArm === undefined ? text('Done: {0}.', line) : text('Done: {0} {1}.', run.lineArm, line);
    // These lines begin with the state.
    case 'stopped':
    case 'interrupted':
    case 'failed':
      return text('{0}.', sentence(line));
    case 'corrupt':
      return text('The run folder cannot be read.');
  }
}

/**
 * Arm, stage, step, speed, time left and device of the newest step; empty before the first. `secondsLeft` is what the
 * run's own records say: a session of the queue follows the run by the clock and knows better.
 */
export function truthLine(
  curves: Curves,
  run: RunSummary,
  session: SessionSummary | undefined,
  secondsLeft: number | undefined,
): string {
  const { config } = curves;
  // Of a finished run the last step says nothing.
  if (run.state === 'done' && !isGoing(run, session))
    return text('{0} steps per trained model on {1}', formatCount(curves.steps), deviceName(config));
  const newest = curves.newest();
  const parts = [text('{0} done', formatDone(run.share))];
  if (newest) {
    const stage = config.experiment.stages[newest.stage - 1]?.name ?? '';
    const seed = config.experiment.seeds.length > 1 ? ` \u00b7 ${text('seed {0}', newest.seed)}` : '';
    parts.unshift(
      `${trialTitle(config, newest.arm, newest.lr)}${seed}`,
      text('stage {0} of {1}, {2}', newest.stage, config.experiment.stages.length, stage),
      text('step {0} of {1}', formatCount(newest.step), formatCount(newest.steps)),
      text('{0} tokens/s', formatCount(newest['train/tokens_per_second'])),
    );
  }
  // A session that has ended says nothing of a run that somebody else has resumed since.
  const follows = session?.state === 'running' || session?.state === 'stopping';
  const left = (follows ? session.progress?.secondsLeft : undefined) ?? secondsLeft;
  if (isGoing(run, session) && left !== undefined) parts.push(text('{0} left', formatDuration(left)));
  return [...parts, deviceName(config)].join(' \u00b7 ');
}

function deviceName({ device }: RunConfig): string {
  return device.threads > 1 ? text('{0}, {1} threads', device.name, device.threads) : device.name;
}
