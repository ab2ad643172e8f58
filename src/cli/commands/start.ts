// `start`: what `npm start` does. Runs the pocket experiment, resumes it when it was cut off, and shows it when it is
// there already.
import type { Command } from 'commander';
import { access } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pocketExperimentFile } from '../../runs/packageRoot.ts';
import { readRun } from '../../runs/runFolder.ts';
import { resumeRun, startRun } from '../../runs/startRun.ts';
import type { RunData } from '../../shared/records.ts';
import { createCommand, onAction } from '../command.ts';
import type { Exit } from '../command.ts';
import { findRuns } from '../../lab/findRuns.ts';
import { presentRun } from '../present.ts';
import { writeRunReport } from '../../lab/runReport.ts';
import { carryOutAndShow } from '../runCommandParts.ts';
import { runState } from '../../lab/runState.ts';
import { printRecords } from './show.ts';

const rerun = 'forgetting-lab run examples/pocket/pocket.experiment.yaml (or: npm start -- --again)';

export function startCommand(exit: Exit): Command {
  const command = createCommand('start', 'Runs the pocket experiment, or shows it when it has been run', [
    'start',
    'start --again',
  ]).option('--again', 'run it again although there is a finished run');
  return onAction<[], { again?: boolean }>(command, exit, async (_, options, output) => {
    const runs = options.again ? [] : await pocketRuns();
    const finished = runs.find(({ state }) => state === 'done');
    if (finished) {
      if (output.json) await printRecords(finished.run, output);
      else await presentRun(finished.run, output, [await reportOf(finished.run)]);
      output.note(`This run is finished: ${finished.run.folder}\nTo run it again: ${rerun}`);
      return 0;
    }
    const unfinished = runs.find(({ state }) => state !== 'running');
    if (unfinished) output.note(`Continuing the unfinished run ${unfinished.run.folder}`);
    const code = await carryOutAndShow(output, (run) =>
      unfinished
        ? resumeRun({ ...run, folder: unfinished.run.folder })
        : startRun({ ...run, file: pocketExperimentFile }),
    );
    // The example is there to show forgetting: a broken budget is its result and not a failure of `npm start`.
    return code === 2 ? 0 : code;
  });
}

/** The page of a finished run: the one that is there, or a new one. */
async function reportOf(run: RunData): Promise<{ label: string; path: string }> {
  const path = join(run.folder, 'report.html');
  const there = await access(path).then(
    () => true,
    () => false,
  );
  return there ? { label: 'Report', path } : (await writeRunReport(run))[0]!;
}

/** Runs of the pocket experiment, the newest first; damaged folders are not in the way. */
async function pocketRuns(): Promise<{ run: RunData; state: string }[]> {
  const found: { run: RunData; state: string }[] = [];
  for (const folder of await findRuns(dirname(pocketExperimentFile))) {
    const run = await readRun(folder).catch(() => undefined);
    if (run) found.push({ run, state: await runState(run) });
  }
  return found.sort((a, b) => b.run.config.createdAt.localeCompare(a.run.config.createdAt));
}
