// Does the work of a session with the functions of the command line.
import { resumeRun, startRun } from '../../runs/startRun.ts';
import type { SessionWork } from '../../shared/protocol/lab/sessions.ts';
import { carryOutRun } from './carryOutRun.ts';
import type { SessionEnd } from './messages.ts';
import { performEvaluation, performMerge, performTargets } from './otherWork.ts';
import type { SessionTools } from './sessionTools.ts';

/** Carries out a session's work. Throws what the command line would print. */
export async function perform(work: SessionWork, tools: SessionTools): Promise<SessionEnd> {
  switch (work.kind) {
    case 'run':
      return carryOutRun(tools, (run) => startRun({ ...run, file: work.experiment, settings: work }));
    case 'resume':
      return carryOutRun(tools, (run) => resumeRun({ ...run, folder: work.run, force: work.force === true }));
    case 'targets':
      return performTargets(work, tools);
    case 'evaluate':
      return performEvaluation(work, tools);
    case 'merge':
      return performMerge(work, tools);
    default:
      return work satisfies never;
  }
}
