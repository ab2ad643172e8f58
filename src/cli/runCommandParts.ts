// What `run`, `resume` and `start` share: events to the terminal or as JSON Lines, signals, and how a run is shown at
// its end.
import { describeBreaches } from '../lab/describeBreaches.ts';
import { readRun } from '../runs/runFolder.ts';
import type { RunEvent, StopSignals } from '../runs/session.ts';
import { exitCodeOf } from '../runs/startRun.ts';
import type { RunOptions, RunOutcome } from '../runs/startRun.ts';
import { startEngine } from '../engine/client.ts';
import { LabError } from '../shared/errors.ts';
import { inEnglish } from '../shared/phrase.ts';
import { printRecords, withoutExamples } from './commands/show.ts';
import { createLive } from './live.ts';
import type { Output } from './output.ts';
import { printError } from './output.ts';
import { presentRun } from './present.ts';
import { writeRunReport } from '../lab/runReport.ts';
import { stopOnSignals } from './signals.ts';

/** Carries out a run with a live display, prints its result, and gives the exit code. */
export async function carryOutAndShow(
  output: Output,
  action: (options: RunOptions) => Promise<RunOutcome>,
): Promise<number> {
  const live = createLive(output.note);
  const signals = stopOnSignals((message) => {
    live.end();
    output.note(message);
  });
  let printing = Promise.resolve();
  const listener = (event: RunEvent): void => {
    live.onEvent(event);
    if (output.json) printing = printing.then(() => printEvent(event, output));
  };
  const { stop, abort }: StopSignals = signals;
  let outcome: RunOutcome;
  try {
    outcome = await action({ startEngine, listener, stop, abort });
  } finally {
    live.end();
    signals.release();
    await printing;
  }
  await printOutcome(outcome, output);
  return exitCodeOf(outcome);
}

/** Records as they are written. */
async function printEvent(event: RunEvent, output: Output): Promise<void> {
  if (event.kind === 'work' || event.kind === 'progress') return;
  if (event.kind === 'plan') {
    const { config, folder, resumed, work } = event;
    await output.value({ kind: 'started', id: config.id, folder, resumed, work: work.length });
  } else await output.value(event.kind === 'targets' ? withoutExamples(event) : event);
}

async function printOutcome(outcome: RunOutcome, output: Output): Promise<void> {
  const { folder, id, state, reason, breaches } = outcome;
  const run = await readRun(folder);
  const files = run.cells.length > 0 ? await writeRunReport(run) : [];
  if (output.json) {
    await printRecords(run, output, { onlyDerived: true });
    for (const file of files) await output.value({ kind: 'file', ...file });
    if (outcome.error !== undefined) await printError(outcome.error, true);
    const why = reason === undefined ? {} : { reason: inEnglish(reason) };
    await output.value({ kind: 'outcome', id, folder, state, ...why, exit: exitCodeOf(outcome) });
    return;
  }
  if (run.cells.length > 0) await presentRun(run, output, files.slice(0, 1));
  describeBreaches(breaches).map(inEnglish).forEach(output.note);
  if (state === 'stopped') output.note(`Stopped and saved. Continue with: forgetting-lab resume ${folder}`);
  if (state === 'failed') {
    await printError(outcome.error ?? new Error(inEnglish(reason ?? '')), false);
    // The same seed would meet the same numbers again.
    const again = outcome.error instanceof LabError && outcome.error.code === 'loss-not-finite';
    output.note(`What was measured is kept.${again ? '' : ` Continue with: forgetting-lab resume ${folder}`}`);
  }
}
