// The one line of truth: what is being done, how far it is, how fast, and how long it will take.
import { trialTitle } from '../../src/shared/arms.ts';
import type { RunSummary } from '../../src/shared/protocol/lab/runs.ts';
import type { SessionSummary } from '../../src/shared/protocol/lab/sessions.ts';
import type { RunConfig } from '../../src/shared/records.ts';
import { formatCount, formatDuration, formatShare, sentence } from '../../src/shared/words.ts';
import { text } from '../ui/host.ts';
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
  if (session?.state === 'running' && session.progress) return `${sentence(session.progress.activity)}.`;
  const line = run.line === '' ? '' : `: ${run.line}`;
  switch (run.state) {
    case 'running':
      return `${text('Running')}${line}.`;
    case 'done':
      return `${text('Done')}${line}.`;
    case 'stopped':
      return `${text('Stopped')}${line}.`;
    case 'interrupted':
      return `${text('Interrupted')}${line.replace(/^: interrupted, /, ': ')}.`;
    case 'failed':
      return `${text('Failed')}${line.replace(/^: failed,? ?/, ': ')}.`;
    case 'corrupt':
      return text('The run folder cannot be read.');
  }
}

/** Arm, stage, step, speed, time left and device of the newest step; empty before the first. */
export function truthLine(curves: Curves, run: RunSummary, session: SessionSummary | undefined): string {
  const { config } = curves;
  // Of a finished run the last step says nothing.
  if (run.state === 'done' && !isGoing(run, session))
    return text('{0} steps per trained model on {1}', formatCount(curves.steps), deviceName(config));
  const newest = curves.newest();
  const progress = session?.progress;
  const parts = [text('{0} done', formatShare(progress?.share ?? run.share))];
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
  if (isGoing(run, session) && progress?.secondsLeft !== undefined) {
    parts.push(text('{0} left', formatDuration(progress.secondsLeft)));
  }
  return [...parts, deviceName(config)].join(' \u00b7 ');
}

function deviceName({ device }: RunConfig): string {
  return device.threads > 1 ? text('{0}, {1} threads', device.name, device.threads) : device.name;
}
