// Which runs belong to which experiment file: those that were launched from it. Where that is not told, or the file has
// been moved, those whose configuration has the experiment's name and whose folder lies in `runs/` beside the file. Runs
// whose file is gone make an experiment of their own.
import { basename, dirname } from 'node:path';
import type { ExperimentSummary, RunSummary } from '../../shared/protocol/lab/runs.ts';
import type { Words } from '../../shared/phrase.ts';

/** An experiment file in short. */
export interface ExperimentFile {
  file: string;
  /** From the file, or from the file's name when it cannot be read. */
  name: string;
  arms: number;
  stages: number;
  problem?: Words;
}

/** Experiments by file, then those that have runs only, newest run first; the runs of each newest first. */
export function groupRuns(
  workspace: string,
  files: readonly ExperimentFile[],
  runs: readonly RunSummary[],
): ExperimentSummary[] {
  const groups = new Map<string, ExperimentSummary>();
  for (const { file, name, arms, stages, problem } of [...files].sort((a, b) => a.file.localeCompare(b.file))) {
    groups.set(file, { name, file, arms, stages, runs: [], ...(problem === undefined ? {} : { problem }) });
  }
  for (const run of [...runs].sort(newestFirst)) {
    const group = fileOf(groups, run) ?? orphanage(groups, workspace, run);
    group.runs.push(run);
    // Without a file its runs tell the size; the newest may not have been read yet, or cannot be.
    if (group.file === undefined && group.arms === 0) Object.assign(group, sizeOf(run));
  }
  const all = [...groups.values()];
  return [...all.filter((group) => group.file !== undefined), ...all.filter((group) => group.file === undefined)];
}

function newestFirst(a: RunSummary, b: RunSummary): number {
  return b.createdAt.localeCompare(a.createdAt) || b.folder.localeCompare(a.folder);
}

function fileOf(groups: ReadonlyMap<string, ExperimentSummary>, run: RunSummary): ExperimentSummary | undefined {
  const { experimentFile } = run;
  const own = experimentFile === undefined ? undefined : groups.get(experimentFile);
  if (own) return own;
  const named = [...groups.values()].filter((group) => group.file !== undefined && isNamed(group, run));
  const home = homeOf(run.folder);
  const beside = named.filter((group) => dirname(group.file ?? '') === home);
  // In a workspace that was moved, files are still called as they were.
  const moved = beside.find((group) => basename(group.file ?? '') === basename(experimentFile ?? ''));
  // A run that was put elsewhere with --out belongs to the only file of its name.
  return moved ?? beside[0] ?? (named.length === 1 ? named[0] : undefined);
}

/** The id of a corrupt run has its experiment's name as a file name, so the case and signs of the name are lost. */
function isNamed(group: ExperimentSummary, run: RunSummary): boolean {
  if (run.state !== 'corrupt') return group.name === run.experiment;
  return plain(group.name) === plain(run.experiment);
}

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]+/g, '-');

function homeOf(folder: string): string {
  const parent = dirname(folder);
  return basename(parent) === 'runs' ? dirname(parent) : parent;
}

function orphanage(groups: Map<string, ExperimentSummary>, workspace: string, run: RunSummary): ExperimentSummary {
  const key = JSON.stringify([homeOf(run.folder) || workspace, run.experiment]);
  const known = groups.get(key);
  if (known) return known;
  const made: ExperimentSummary = { name: run.experiment, arms: 0, stages: 0, runs: [] };
  groups.set(key, made);
  return made;
}

/** Arms and stages of a run; none while its records are unread. */
function sizeOf({ trials }: RunSummary): Pick<ExperimentSummary, 'arms' | 'stages'> {
  return {
    arms: new Set(trials.map((trial) => trial.arm)).size,
    stages: Math.max(0, ...trials.map((trial) => trial.stages.length - 1)),
  };
}
