// What menus and the palette know of the workspace. Keys that hide a command say that there is nothing for it, so that an
// unknown state hides nothing.
import { isActive, isResumable } from './experimentsModel.ts';
import type { ExperimentsModel } from './experimentsModel.ts';

/** Context keys with their values. */
export function contextValues(model: ExperimentsModel, failed: boolean): [key: string, value: boolean][] {
  const states = model.allRuns().map((run) => model.state(run));
  const running = model.allSessions().some(isActive) || states.includes('running');
  return [
    ['forgettingLab.labFailed', failed],
    ['forgettingLab.noRuns', model.loaded && states.length === 0],
    ['forgettingLab.noExperiments', model.loaded && !model.hasExperiments()],
    ['forgettingLab.hasExperiments', model.hasExperiments()],
    ['forgettingLab.running', running],
    ['forgettingLab.noneRunning', model.loaded && !running],
    ['forgettingLab.noneResumable', model.loaded && !states.some(isResumable)],
  ];
}
