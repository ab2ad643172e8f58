// A run inside a session: its events become progress and log lines, its end a report and a sentence.
import { startEngine } from '../../engine/client.ts';
import { describeBreaches } from '../../lab/describeBreaches.ts';
import { RunFollower } from '../../lab/runFollower.ts';
import { writeRunReport } from '../../lab/runReport.ts';
import { describeWork } from '../../runs/plan.ts';
import { readRun } from '../../runs/runFolder.ts';
import type { RunEvent } from '../../runs/session.ts';
import { exitCodeOf } from '../../runs/startRun.ts';
import type { RunOptions, RunOutcome } from '../../runs/startRun.ts';
import { inEnglish, phrase } from '../../shared/phrase.ts';
import { LabError } from '../../shared/errors.ts';
import type { SessionProgress } from '../../shared/protocol/lab/sessions.ts';
import type { SessionEnd } from './messages.ts';
import type { SessionTools } from './sessionTools.ts';

/** Starts or continues a run and writes its report. */
export async function carryOutRun(
  { stop, abort, reporter }: SessionTools,
  action: (options: RunOptions) => Promise<RunOutcome>,
): Promise<SessionEnd> {
  const follower = new RunFollower();
  const speaker = new Speaker();
  const listener = (event: RunEvent): void => {
    const now = performance.now();
    follower.take(event, now / 1000);
    speaker.tell(event);
    if (event.kind === 'plan') reporter.run(event.folder);
    if (!reporter.wantsProgress(now)) return;
    const progress = progressOf(follower);
    if (progress) reporter.progress(progress, now);
  };
  const outcome = await action({ startEngine, listener, stop, abort });
  const run = await readRun(outcome.folder);
  if (run.cells.length > 0) await writeRunReport(run);
  return endOf(outcome);
}

function progressOf(follower: RunFollower): SessionProgress | undefined {
  const progress = follower.progress();
  if (!progress) return undefined;
  const { overall, activity, secondsLeft, step, loss, tokensPerSecond } = progress;
  return {
    share: overall,
    activity,
    secondsLeft,
    ...(step ? { step } : {}),
    ...(loss === undefined ? {} : { loss }),
    ...(tokensPerSecond === undefined ? {} : { tokensPerSecond }),
  };
}

function endOf(outcome: RunOutcome): SessionEnd {
  const { state, reason, error, breaches } = outcome;
  const remedy = error instanceof LabError ? error.words.remedy : undefined;
  const again = phrase('What was measured is kept. Resume the run to continue from its last checkpoint.');
  return {
    state,
    exitCode: exitCodeOf(outcome),
    ...(reason === undefined ? {} : { reason: error instanceof LabError ? error.words.message : reason }),
    ...(state === 'failed' ? { remedy: remedy ?? again } : {}),
    ...(breaches.length > 0 ? { result: describeBreaches(breaches) } : {}),
  };
}

/** The log of a session: one line per piece of work and per remark. */
class Speaker {
  private plan: Extract<RunEvent, { kind: 'plan' }> | undefined;

  tell(event: RunEvent): void {
    if (event.kind === 'plan') {
      this.plan = event;
      console.log(`${event.resumed ? 'Continuing' : 'Started'} ${event.folder}: ${event.work.length} pieces of work`);
    } else if (event.kind === 'work' && event.state === 'begin') {
      const work = this.plan?.work[event.index];
      const names = this.plan?.config.experiment.stages.map(({ name }) => name) ?? [];
      if (work) console.log(inEnglish(describeWork(work, names)));
    } else if (event.kind === 'log') console.log(`${event.level}: ${event.message}`);
    else if (event.kind === 'cell') {
      console.log(`  ${event.benchmark} ${event.score.toFixed(3)} [${event.lo.toFixed(3)}, ${event.hi.toFixed(3)}]`);
    }
  }
}
