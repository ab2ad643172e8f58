// Every run and experiment file of the workspace, in short and up to date. Reads only what has changed, in slices, and
// remembers summaries on disk; who wrote a run makes no difference.
import { existsSync } from 'node:fs';
import { basename, resolve, sep } from 'node:path';
import { findLabFiles } from '../../lab/findRuns.ts';
import { RunReader } from '../../lab/runReader.ts';
import { runState } from '../../lab/runState.ts';
import { corruptSummary, summarizeRun, unreadSummary, withState } from '../../lab/runSummary.ts';
import { loadExperiment } from '../../runs/loadExperiment.ts';
import { lockHolder } from '../../runs/lock.ts';
import { readPlan } from '../../runs/planFile.ts';
import { glanceRun, isRunFolder } from '../../runs/runFolder.ts';
import { errorLine, LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { ExperimentSummary, RunSummary } from '../../shared/protocol/lab/runs.ts';
import { nextTurn, slices } from '../../lab/slices.ts';
import { groupRuns } from './groupRuns.ts';
import type { ExperimentFile } from './groupRuns.ts';
import { fileStamp, stampOf, statusStamp } from './stamp.ts';
import { readSummaryCache, writeSummaryCache } from './summaryCache.ts';
import type { CachedSummary } from './summaryCache.ts';

export interface IndexOptions {
  workspace: string;
  stateFolder: string;
  /** Something changed; `list`: runs or experiment files came or went, or one of their names changed. */
  onChange: (runs: readonly string[], list: boolean) => void;
  /** A run that was being worked on has come to rest. */
  onEnd: (folder: string) => void;
}

/** Readers that are kept open for runs at rest; those of running runs are always kept. */
const readersKept = 16;

/** Runs read at the same time: their reading is mostly waiting. */
const readTogether = 8;

/** No stamp of files is equal to it, so the run is read. */
const unreadStamp = 'unread';

export class RunIndex {
  private readonly options: IndexOptions;
  private readonly runs = new Map<string, CachedSummary>();
  /** Runs outside the workspace that somebody asked for; not listed. */
  private readonly guests = new Map<string, CachedSummary>();
  private readonly experiments = new Map<string, ExperimentFile & { stamp: string }>();
  /** Stamps of the status files. */
  private readonly lives = new Map<string, string>();
  private readonly readers = new Map<string, RunReader>();
  private readonly refreshing = new Map<string, Promise<RunSummary | undefined>>();
  private foundPlaces: string[] = [];
  private unsaved = false;
  private saving: Promise<void> | undefined;

  constructor(options: IndexOptions) {
    this.options = options;
  }

  /** Folders in which runs and experiments appear. */
  get places(): readonly string[] {
    return this.foundPlaces;
  }

  /** Runs that are being worked on. */
  get running(): string[] {
    return [...this.runs.values()].flatMap(({ summary }) => (summary.state === 'running' ? [summary.folder] : []));
  }

  get folders(): string[] {
    return [...this.runs.keys()];
  }

  /** Experiments with their runs. */
  list(): ExperimentSummary[] {
    const summaries = [...this.runs.values()].map((entry) => entry.summary);
    return groupRuns(this.options.workspace, [...this.experiments.values()], summaries);
  }

  /**
   * The first look: finds everything and takes cached summaries where nothing has changed. Of all other runs it reads what
   * a list needs to name them. Gives the runs that have to be read, for `refreshAll`.
   */
  async load(): Promise<string[]> {
    const cached = await readSummaryCache(this.options.stateFolder);
    const { workspace } = this.options;
    const found = await findLabFiles(workspace, { isKnownRun: (folder) => cached.has(folder) && hasRun(folder) });
    this.foundPlaces = found.places;
    const pause = slices();
    const unread: string[] = [];
    for (const folder of found.runs) {
      const known = cached.get(folder);
      if (known && known.stamp === stampOf(folder).text) this.runs.set(folder, known);
      else unread.push(folder);
      await pause();
    }
    await this.readExperiments(found.experiments);
    // The process of a run may have come or gone since its summary was written down.
    await this.refreshAll([...this.runs.values()].flatMap(({ summary }) => (isLive(summary) ? [summary.folder] : [])));
    for (const folder of unread) {
      await this.glance(folder);
      await pause();
    }
    return unread;
  }

  /** Lists a run before its records are read. */
  private async glance(folder: string): Promise<void> {
    try {
      const run = glanceRun(folder);
      this.runs.set(folder, { stamp: unreadStamp, summary: unreadSummary(run, await runState(run)) });
    } catch {
      // What is wrong with it is told when it is read.
    }
  }

  /** Looks for runs and experiment files that came or went, in the whole workspace or below one place in it. */
  async scan(place: string = this.options.workspace, options: { depth?: number } = {}): Promise<void> {
    const whole = place === this.options.workspace && options.depth === undefined;
    const isKnownRun = (folder: string): boolean => this.runs.has(folder) && hasRun(folder);
    const before = new Set(this.foundPlaces);
    const found = await findLabFiles(place, whole ? { isKnownRun } : { isKnownRun, depth: 2, links: false });
    // A search of the whole workspace may have passed a place by before it was found by another one.
    const kept = whole ? this.foundPlaces.filter((one) => !before.has(one)) : this.foundPlaces;
    this.foundPlaces = [...new Set([...kept, ...found.places])];
    const gone = await this.forgetGone();
    const lost = [...this.experiments.keys()].filter((file) => fileStamp(file) === '');
    for (const file of lost) this.experiments.delete(file);
    const added = found.runs.filter((folder) => !this.runs.has(folder));
    const changed = await this.readExperiments(found.experiments);
    await this.refreshAll(added);
    if (gone.length + lost.length > 0 || changed) this.options.onChange(gone, true);
  }

  /** Forgets the runs that have gone, and gives them. */
  private async forgetGone(): Promise<string[]> {
    const pause = slices();
    const gone: string[] = [];
    for (const folder of this.folders) {
      if (!hasRun(folder)) gone.push(folder);
      await pause();
    }
    for (const folder of gone) this.forget(folder);
    return gone;
  }

  private forget(folder: string): void {
    this.runs.delete(folder);
    this.readers.delete(folder);
    this.lives.delete(folder);
    this.unsaved = true;
  }

  /** Reads experiment files again that were edited or have gone. */
  async checkExperiments(): Promise<void> {
    const edited = [...this.experiments.values()].filter(({ file, stamp }) => fileStamp(file) !== stamp);
    if (edited.length === 0) return;
    const gone = edited.filter(({ file }) => fileStamp(file) === '');
    for (const { file } of gone) this.experiments.delete(file);
    const changed = await this.readExperiments(edited.filter((one) => !gone.includes(one)).map(({ file }) => file));
    if (changed || gone.length > 0) this.options.onChange([], true);
  }

  /** Reads experiment files that are new or changed; says whether any was. */
  private async readExperiments(files: readonly string[]): Promise<boolean> {
    let changed = false;
    for (const file of files) {
      const stamp = fileStamp(file);
      const known = this.experiments.get(file);
      // A problem may lie in another file (a dataset that was missing), so it is looked at again.
      if (known && known.stamp === stamp && known.problem === undefined) continue;
      const read = { ...(await readExperiment(file)), stamp };
      if (known && JSON.stringify(known) === JSON.stringify(read)) continue;
      this.experiments.set(file, read);
      changed = true;
    }
    return changed;
  }

  /** Reads runs that are new or changed, several at a time. */
  async refreshAll(folders: readonly string[]): Promise<void> {
    const queue = [...folders];
    const pause = slices();
    const worker = async (): Promise<void> => {
      for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
        await this.refresh(folder);
        await pause();
      }
    };
    await Promise.all(Array.from({ length: Math.min(readTogether, queue.length) }, worker));
  }

  /** Refreshes runs whose life has changed: a run that somebody resumes says so in its status before anything else. */
  async checkLives(): Promise<void> {
    const pause = slices();
    const changed: string[] = [];
    for (const folder of this.folders) {
      const stamp = statusStamp(folder);
      if (this.lives.get(folder) !== stamp) changed.push(folder);
      this.lives.set(folder, stamp);
      await pause();
    }
    await this.refreshAll(changed);
  }

  /**
   * Brings one run up to date and gives it; undefined when there is no run. With `thorough` the checkpoints are looked
   * for on disk as well.
   */
  refresh(folder: string, options: { thorough?: boolean } = {}): Promise<RunSummary | undefined> {
    const going = this.refreshing.get(folder);
    if (going) return going;
    const refreshing = this.refreshNow(folder, options.thorough === true).finally(() => {
      this.refreshing.delete(folder);
    });
    this.refreshing.set(folder, refreshing);
    return refreshing;
  }

  private async refreshNow(folder: string, thorough: boolean): Promise<RunSummary | undefined> {
    const known = this.runs.get(folder) ?? this.guests.get(folder);
    const stamp = stampOf(folder);
    if (stamp.text === '') {
      if (this.runs.has(folder)) {
        this.forget(folder);
        this.options.onChange([folder], true);
      }
      return undefined;
    }
    if (known && known.stamp === stamp.text) {
      const summary = await this.recheck(known.summary, thorough);
      if (summary !== known.summary) this.keep({ ...known, summary });
      return summary;
    }
    const read = withExistence(await this.summarize(folder, stamp.changedAt));
    const exact = known?.exactFor === stamp.results ? known : undefined;
    const summary = exact ? { ...read, breaches: exact.summary.breaches } : read;
    this.keep({ stamp: stamp.text, summary, ...(exact?.exactFor === undefined ? {} : { exactFor: exact.exactFor }) });
    return summary;
  }

  /** What can change without a change of the record files: the process, and the folders of checkpoints. */
  private async recheck(summary: RunSummary, thorough: boolean): Promise<RunSummary> {
    let now = summary;
    if (isLive(summary)) {
      const state = (await lockHolder(summary.folder)) === undefined ? 'interrupted' : 'running';
      if (state !== summary.state) now = withState(summary, state);
    }
    return thorough ? withExistence(now) : now;
  }

  private keep(entry: CachedSummary): void {
    const { folder } = entry.summary;
    if (!this.isInside(folder)) {
      this.guests.set(folder, entry);
      this.options.onChange([folder], false);
      return;
    }
    const before = this.runs.get(folder)?.summary;
    this.runs.set(folder, entry);
    this.unsaved = true;
    const { experiment, experimentFile, createdAt } = entry.summary;
    const isSame = before?.experiment === experiment && before.experimentFile === experimentFile;
    const list = !isSame || before.createdAt !== createdAt;
    this.options.onChange([folder], list);
    if (before?.state === 'running' && entry.summary.state !== 'running') this.options.onEnd(folder);
  }

  private isInside(folder: string): boolean {
    return this.runs.has(folder) || `${folder}${sep}`.startsWith(`${this.options.workspace}${sep}`);
  }

  private async summarize(folder: string, changedAt: number): Promise<RunSummary> {
    const updatedAt = new Date(changedAt).toISOString();
    try {
      const run = await this.reader(folder).read();
      const state = await runState(run);
      if (state !== 'running') this.release();
      const plan = await readPlan(folder);
      // Several runs are read at once: each gets its own turn, or their summaries would add up to a long one.
      await nextTurn();
      const before = (this.runs.get(folder) ?? this.guests.get(folder))?.summary;
      const isSame = before !== undefined && before.createdAt === run.config.createdAt;
      return await summarizeRun(run, { plan, state, updatedAt, ...(isSame ? { shareBefore: before.share } : {}) });
    } catch (error) {
      this.readers.delete(folder);
      return corruptSummary(folder, basename(folder), errorLine(error), updatedAt);
    }
  }

  /** The reader of a run: what it has read once it does not read again. */
  reader(folder: string): RunReader {
    const known = this.readers.get(folder);
    const reader = known ?? new RunReader(folder);
    this.readers.delete(folder);
    this.readers.set(folder, reader);
    return reader;
  }

  /** Keeps the readers of the newest few runs at rest. */
  private release(): void {
    const atRest = [...this.readers.keys()].filter((one) => this.runs.get(one)?.summary.state !== 'running');
    for (const one of atRest.slice(0, Math.max(0, atRest.length - readersKept))) this.readers.delete(one);
  }

  /** The summary of any run folder. Throws `run-invalid` when there is no run. */
  async get(folder: string): Promise<RunSummary> {
    const absolute = resolve(folder);
    if (this.runs.has(absolute) || isRunFolder(absolute)) {
      const summary = await this.refresh(absolute, { thorough: true });
      if (summary) return summary;
    }
    throw new LabError('run-invalid', phrase('There is no run in {0}', folder), {
      remedy: phrase('It may have been deleted or moved; `forgetting-lab list` shows the runs there are'),
    });
  }

  /** Puts the exact number of breaches into a run's summary, for the results it was computed from. */
  setBreaches(folder: string, results: string, breaches: number): void {
    const entry = this.runs.get(folder) ?? this.guests.get(folder);
    if (!entry || stampOf(folder).results !== results) return;
    this.keep({ ...entry, summary: { ...entry.summary, breaches }, exactFor: results });
  }

  /**
   * The newest runs whose breaches are only likely. Where none is likely there is none: intervals can only take a breach
   * away.
   */
  likelyBreached(count: number): string[] {
    const entries = [...this.runs.values()].filter(
      ({ summary, exactFor }) => summary.breaches > 0 && exactFor === undefined && summary.state !== 'running',
    );
    entries.sort((a, b) => b.summary.updatedAt.localeCompare(a.summary.updatedAt));
    return entries.slice(0, count).map(({ summary }) => summary.folder);
  }

  /** Writes the summaries to disk when they have changed since the last time. */
  async save(): Promise<void> {
    await this.saving;
    if (!this.unsaved) return;
    this.unsaved = false;
    this.saving = writeSummaryCache(this.options.stateFolder, this.runs.values());
    await this.saving;
  }
}

const isLive = (summary: RunSummary): boolean => summary.state === 'running' || summary.state === 'interrupted';

function hasRun(folder: string): boolean {
  return stampOf(folder).text !== '';
}

/** The same summary, with the checkpoint folders as they are on disk now. */
function withExistence(summary: RunSummary): RunSummary {
  const checkpoints = summary.trials.flatMap((trial) => trial.stages.flatMap((stage) => stage.checkpoints));
  const wrong = new Set(checkpoints.filter(({ folder, exists }) => existsSync(folder) !== exists));
  if (wrong.size === 0) return summary;
  return {
    ...summary,
    trials: summary.trials.map((trial) => ({
      ...trial,
      stages: trial.stages.map((stage) => ({
        ...stage,
        checkpoints: stage.checkpoints.map((one) => (wrong.has(one) ? { ...one, exists: !one.exists } : one)),
      })),
    })),
  };
}

async function readExperiment(file: string): Promise<ExperimentFile> {
  try {
    const { experiment, arms } = await loadExperiment(file);
    return { file, name: experiment.name, arms: arms.length, stages: experiment.stages.length };
  } catch (error) {
    const name = basename(file).replace(/\.experiment\.(ya?ml|json)$/i, '');
    return { file, name, arms: 0, stages: 0, problem: errorLine(error) };
  }
}
