// What the experiments tree shows, held here so that drawing a row asks nobody: experiments with their runs, the sessions
// of the queue laid over them, filter, order and stars. Knows no editor.
import type {
  CheckpointSummary,
  ExperimentSummary,
  RunSummary,
  StageSummary,
  TrialSummary,
} from '../../shared/protocol/lab/runs.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import { NodeCache, runOfNode } from './nodes.ts';
import type { CheckpointNode, ExperimentsNode, RunNode, StageNode, TrialNode } from './nodes.ts';
import { minuteOf, sharedMinutes } from './runTime.ts';

export type Order = 'newest' | 'name' | 'forgotten';

/** State of a run with its session laid over it. */
export type ShownState = RunSummary['state'] | 'queued' | 'stopping';

/** Rows to draw again; `all` when rows came or went at the top. */
export interface Changes {
  all: boolean;
  nodes: ExperimentsNode[];
}

const nothing: Changes = { all: false, nodes: [] };

/** Ended work without a run that is kept in sight. */
const endedShown = 5;

export class ExperimentsModel {
  filter = '';
  /** What the row of a run says, for the filter; rows are made outside, in the language of the editor. */
  rowText: (run: RunSummary) => string = () => '';
  order: Order = 'newest';
  stars: ReadonlySet<string> = new Set();
  /** False until the first list has come. */
  loaded = false;
  private experiments = new Map<string, ExperimentSummary>();
  private runs = new Map<string, { summary: RunSummary; experiment: string }>();
  private sessions = new Map<string, SessionSummary>();
  /** Active session of a run. */
  private overlays = new Map<string, SessionSummary>();
  /** Minutes in which several runs of an experiment began, by its key. */
  private twins = new Map<string, Set<string>>();
  private cache = new NodeCache();

  /** Takes a whole list. */
  setList(experiments: readonly ExperimentSummary[]): void {
    this.loaded = true;
    this.twins.clear();
    this.experiments = new Map(experiments.map((one) => [keyOf(one), one]));
    this.runs = new Map(
      experiments.flatMap((one) => one.runs.map((summary) => [summary.folder, { summary, experiment: keyOf(one) }])),
    );
    this.cache.prune((node) => {
      const run = runOfNode(node);
      return run === undefined || this.runs.has(run);
    });
  }

  /** Takes one run as it is now. */
  setRun(summary: RunSummary): Changes {
    const known = this.runs.get(summary.folder);
    const experiment = known && this.experiments.get(known.experiment);
    if (!known || !experiment) return { all: true, nodes: [] };
    const moved = known.summary.state !== summary.state;
    const wasShown = this.matchesRun(known.summary);
    known.summary = summary;
    const runs = experiment.runs.map((one) => (one.folder === summary.folder ? summary : one));
    this.experiments.set(known.experiment, { ...experiment, runs });
    // A run that begins or ceases to match the filter comes or goes, and its experiment with it.
    if (this.matchesRun(summary) !== wasShown) return { all: true, nodes: [] };
    // The row of an experiment tells the state of its newest run; its runs are drawn with it.
    return { all: false, nodes: [moved ? this.experimentNode(experiment) : this.runNode(summary.folder)] };
  }

  setSessions(sessions: readonly SessionSummary[]): void {
    this.sessions = new Map(sessions.map((one) => [one.id, one]));
    this.layOver();
  }

  /** Takes what changed in the queue. Progress alone draws the rows of the run; anything else moves rows. */
  changeSessions(changed: readonly SessionSummary[], removed: readonly string[]): Changes {
    const moved = removed.some((id) => this.sessions.has(id)) || changed.some((one) => this.movesRows(one));
    for (const id of removed) this.sessions.delete(id);
    for (const one of changed) this.sessions.set(one.id, one);
    this.layOver();
    if (moved) return { all: true, nodes: [] };
    const nodes = changed.flatMap((one) => this.nodeOfSession(one));
    return nodes.length === 0 ? nothing : { all: false, nodes };
  }

  private movesRows(session: SessionSummary): boolean {
    const known = this.sessions.get(session.id);
    return known?.state !== session.state || known.run !== session.run;
  }

  private nodeOfSession(session: SessionSummary): ExperimentsNode[] {
    const run = runOf(session);
    if (run !== undefined && this.runs.has(run)) return [this.runNode(run)];
    const node = this.cache.get(`session:${session.id}`);
    return node ? [node] : [];
  }

  private layOver(): void {
    this.overlays.clear();
    for (const session of this.sessions.values()) {
      const run = runOf(session);
      if (run !== undefined && isActive(session)) this.overlays.set(run, session);
    }
  }

  experiment(key: string): ExperimentSummary | undefined {
    return this.experiments.get(key);
  }

  run(folder: string): RunSummary | undefined {
    return this.runs.get(folder)?.summary;
  }

  /** Other runs of the same experiment, newest first. */
  siblings(folder: string): RunSummary[] {
    const runs = this.experiments.get(this.runs.get(folder)?.experiment ?? '')?.runs ?? [];
    return runs.filter((one) => one.folder !== folder);
  }

  /** Whether a sibling began in the same minute. */
  hasTwin(run: RunSummary): boolean {
    const key = this.runs.get(run.folder)?.experiment ?? '';
    let minutes = this.twins.get(key);
    if (!minutes) {
      minutes = sharedMinutes((this.experiments.get(key)?.runs ?? []).map(({ createdAt }) => createdAt));
      this.twins.set(key, minutes);
    }
    return minutes.has(minuteOf(run.createdAt));
  }

  session(id: string): SessionSummary | undefined {
    const session = this.sessions.get(id);
    return session && this.withShareOfRun(session);
  }

  /** A run is as far as its summary says: what every view shows is this one number. */
  private withShareOfRun(session: SessionSummary): SessionSummary {
    const { progress } = session;
    const run = this.run(runOf(session) ?? '');
    return progress && run ? { ...session, progress: { ...progress, share: run.share } } : session;
  }

  /** The session that works on a run or waits to. */
  sessionOf(run: string): SessionSummary | undefined {
    const session = this.overlays.get(run);
    return session && this.withShareOfRun(session);
  }

  allRuns(): RunSummary[] {
    return [...this.runs.values()].map(({ summary }) => summary).sort(newestFirst);
  }

  allSessions(): SessionSummary[] {
    return [...this.sessions.values()].map((session) => this.withShareOfRun(session));
  }

  hasExperiments(): boolean {
    return [...this.experiments.values()].some((one) => one.file !== undefined);
  }

  state(run: RunSummary): ShownState {
    const session = this.overlays.get(run.folder);
    if (session?.state === 'queued' || session?.state === 'stopping') return session.state;
    return session ? 'running' : run.state;
  }

  trial(node: TrialNode): TrialSummary | undefined {
    return this.run(node.path)?.trials[node.trial];
  }

  stage(node: StageNode): StageSummary | undefined {
    return this.trial(node.parent)?.stages[node.stage];
  }

  checkpoint(node: CheckpointNode): CheckpointSummary | undefined {
    return this.stage(node.parent)?.checkpoints[node.checkpoint];
  }

  /** Rows at the top: work without an experiment, then experiments. */
  roots(): ExperimentsNode[] {
    const shown = [...this.experiments.values()].filter((one) => this.shows(one));
    const loose = this.rowlessSessions().filter((one) => this.experimentOf(one) === undefined);
    const ended = new Set(loose.filter((one) => !isActive(one)).slice(0, -endedShown));
    return [
      ...loose.filter((one) => !ended.has(one)).map((one) => this.sessionNode(one)),
      ...shown.sort((a, b) => this.compareExperiments(a, b)).map((one) => this.experimentNode(one)),
    ];
  }

  children(node: ExperimentsNode): ExperimentsNode[] {
    switch (node.kind) {
      case 'experiment':
        return this.experimentChildren(node.key);
      case 'run':
        return (this.run(node.path)?.trials ?? []).map(({ arm, lr, seed }, trial) =>
          this.cache.keep({ kind: 'trial', id: `trial:${node.path}|${arm}|${lr}|${seed}`, path: node.path, trial }),
        );
      case 'trial':
        return (this.trial(node)?.stages ?? []).map(({ stage: number }, stage) =>
          this.cache.keep({ kind: 'stage', id: `${node.id}|${number}`, parent: node, stage }),
        );
      case 'stage':
        return (this.stage(node)?.checkpoints ?? []).map((one, checkpoint) =>
          this.cache.keep({
            kind: 'checkpoint',
            id: `${node.id}|${one.what}|${one.step}`,
            path: one.folder,
            parent: node,
            checkpoint,
          }),
        );
      case 'session':
      case 'checkpoint':
        return [];
    }
  }

  private experimentChildren(key: string): ExperimentsNode[] {
    const experiment = this.experiments.get(key);
    if (!experiment) return [];
    const waiting = this.rowlessSessions().filter((one) => this.experimentOf(one) === key);
    const named = this.matches(experiment.name);
    const runs = experiment.runs.filter((run) => named || this.matchesRun(run));
    return [
      ...waiting.map((one) => this.sessionNode(one)),
      ...runs.sort((a, b) => this.compareRuns(a, b)).map((run) => this.runNode(run.folder)),
    ];
  }

  parent(node: ExperimentsNode): ExperimentsNode | undefined {
    switch (node.kind) {
      case 'run': {
        const experiment = this.experiments.get(this.runs.get(node.path)?.experiment ?? '');
        return experiment && this.experimentNode(experiment);
      }
      case 'trial':
        return this.runNode(node.path);
      case 'session': {
        const session = this.sessions.get(node.session);
        const experiment = session && this.experiments.get(this.experimentOf(session) ?? '');
        return experiment && this.experimentNode(experiment);
      }
      case 'stage':
      case 'checkpoint':
        return node.parent;
      case 'experiment':
        return undefined;
    }
  }

  runNode(folder: string): RunNode {
    return this.cache.keep({ kind: 'run', id: `run:${folder}`, path: folder });
  }

  sessionNode(session: SessionSummary): ExperimentsNode {
    return this.cache.keep({ kind: 'session', id: `session:${session.id}`, session: session.id });
  }

  private experimentNode(experiment: ExperimentSummary): ExperimentsNode {
    const key = keyOf(experiment);
    const { file } = experiment;
    return this.cache.keep({
      kind: 'experiment',
      id: `experiment:${key}`,
      key,
      ...(file === undefined ? {} : { path: file }),
    });
  }

  /** Sessions that no row of a run stands for. */
  private rowlessSessions(): SessionSummary[] {
    return [...this.sessions.values()].filter((session) => {
      const run = runOf(session);
      if (run !== undefined) return isActive(session) && !this.runs.has(run);
      const isRun = session.work.kind === 'run';
      return isActive(session) || session.state === 'failed' || (!isRun && session.state === 'done');
    });
  }

  /** Key of the experiment whose file a session carries out. */
  private experimentOf(session: SessionSummary): string | undefined {
    const { work } = session;
    return work.kind === 'run' && this.experiments.has(work.experiment) ? work.experiment : undefined;
  }

  private shows(experiment: ExperimentSummary): boolean {
    return this.matches(experiment.name) || experiment.runs.some((run) => this.matchesRun(run));
  }

  private matches(text: string): boolean {
    return text.toLowerCase().includes(this.filter.toLowerCase());
  }

  private matchesRun(run: RunSummary): boolean {
    // Ids and states as files have them can be searched for as well.
    return [this.rowText(run), run.id, run.state, ...run.trials.map(({ arm }) => arm)].some((text) =>
      this.matches(text),
    );
  }

  private compareRuns(a: RunSummary, b: RunSummary): number {
    const starred = Number(this.stars.has(b.folder)) - Number(this.stars.has(a.folder));
    if (starred !== 0) return starred;
    if (this.order === 'forgotten') return mostForgotten(a) - mostForgotten(b) || newestFirst(a, b);
    if (this.order === 'name') return a.id.localeCompare(b.id);
    return newestFirst(a, b);
  }

  private compareExperiments(a: ExperimentSummary, b: ExperimentSummary): number {
    const hasStar = (one: ExperimentSummary): number => Number(one.runs.some((run) => this.stars.has(run.folder)));
    const byName = a.name.localeCompare(b.name);
    const starred = hasStar(b) - hasStar(a);
    if (starred !== 0) return starred;
    if (this.order === 'name') return byName;
    if (this.order === 'forgotten') return worst(a) - worst(b) || byName;
    return newest(b).localeCompare(newest(a)) || byName;
  }
}

/** File of an experiment; its name where the file is gone. */
const keyOf = (experiment: ExperimentSummary): string => experiment.file ?? `name:${experiment.name}`;

export const isActive = ({ state }: SessionSummary): boolean =>
  state === 'queued' || state === 'running' || state === 'stopping';

/** Work that waits or is over can be taken off the list. */
export const isRemovable = ({ state }: SessionSummary): boolean => state !== 'running' && state !== 'stopping';

/** A run that has ended before its time. */
export const isResumable = (state: ShownState): boolean =>
  state === 'stopped' || state === 'interrupted' || state === 'failed';

/** Folder of the run a session works on, as far as it is known. */
export function runOf(session: SessionSummary): string | undefined {
  return session.run ?? (session.work.kind === 'resume' ? session.work.run : undefined);
}

const newestFirst = (a: RunSummary, b: RunSummary): number =>
  b.createdAt.localeCompare(a.createdAt) || b.id.localeCompare(a.id);

const newest = (experiment: ExperimentSummary): string =>
  experiment.runs.reduce((latest, run) => (run.createdAt > latest ? run.createdAt : latest), '');

/** Lowest mean change of the old skills over the arms; 0 without a result. */
export const mostForgotten = (run: RunSummary): number =>
  run.trials.reduce((low, { forgot = 0 }) => Math.min(low, forgot), 0);

const worst = (experiment: ExperimentSummary): number =>
  experiment.runs.reduce((low, run) => Math.min(low, mostForgotten(run)), 0);
