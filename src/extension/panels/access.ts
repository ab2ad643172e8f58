// What each kind of panel may ask the lab server for, and what it hears. One table, so that it can be read at a glance.
import { scoreFlips } from '../../shared/protocol/lab/flipTokens.ts';
import { listModels, modelsChanged } from '../../shared/protocol/lab/models.ts';
import {
  compareRuns,
  exportRun,
  getCurves,
  getFlips,
  getHeatmap,
  getRun,
  getTargets,
  listExperiments,
  runsChanged,
} from '../../shared/protocol/lab/runs.ts';
import { listSessions, sessionLog, sessionsChanged } from '../../shared/protocol/lab/sessions.ts';
import {
  arrangeComparison,
  chooseTargets,
  closeComparison,
  comparisonChanged,
  findTargetSources,
  getComparison,
  getComparisonRows,
  judgeComparison,
  openComparison,
  scoreComparison,
  writeChosenTargets,
} from '../../shared/protocol/lab/targetDiff.ts';
import type { PanelKind } from '../workbench.ts';
import type { PanelAccess } from './relay.ts';

/** Starting, stopping and resuming are commands, which ask what has to be asked; no panel sends them itself. */
export const panelAccess: Record<PanelKind, PanelAccess> = {
  heatmap: {
    requests: [getRun, getHeatmap, getFlips, scoreFlips, getTargets, exportRun],
    notifications: [runsChanged],
  },
  monitor: {
    requests: [getRun, getCurves, getTargets, listSessions, sessionLog],
    notifications: [runsChanged, sessionsChanged],
  },
  compare: {
    requests: [listExperiments, getRun, compareRuns],
    notifications: [runsChanged],
  },
  targetDiff: {
    requests: [
      getRun,
      listModels,
      findTargetSources,
      openComparison,
      getComparison,
      closeComparison,
      judgeComparison,
      scoreComparison,
      arrangeComparison,
      getComparisonRows,
      chooseTargets,
      writeChosenTargets,
    ],
    notifications: [runsChanged, modelsChanged, comparisonChanged],
    // A comparison outlives a hidden page: its scores and choices are there again with the page.
    owned: { open: openComparison, adopt: getComparison, close: closeComparison, forPage: false },
  },
};

/** What makes two panels of a kind the same one; everything else in a subject is state of its page. */
export const panelIdentity: Record<PanelKind, readonly string[]> = {
  heatmap: ['run'],
  monitor: ['run'],
  compare: ['runs'],
  targetDiff: ['dataset', 'other', 'run', 'stage'],
};

/** A name for "the panel of this kind for this subject". Lists are the same in any order. */
export function identityOf(kind: PanelKind, subject: Record<string, unknown>): string {
  const parts = panelIdentity[kind].map((key) => subject[key] ?? null);
  return JSON.stringify([kind, ...parts.map((part) => (Array.isArray(part) ? (part as unknown[]).toSorted() : part))]);
}
