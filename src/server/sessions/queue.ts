// The queue: sessions one after another, each in a process of its own. It remembers across restarts of the server, follows
// what an earlier server has started, and resumes a run whose process died, within limits.
import { randomBytes } from 'node:crypto';
import { isSameProcess } from '../../runs/processes.ts';
import { describeError, errorWords, LabError } from '../../shared/errors.ts';
import { inEnglish, phrase } from '../../shared/phrase.ts';
import type { Phrase, Words } from '../../shared/phrase.ts';
import type { SessionState, SessionSummary, SessionWork } from '../../shared/protocol/lab/sessions.ts';
import type { SessionEnd, SessionStatus, StopHow } from '../session/messages.ts';
import { killTree } from './processTree.ts';
import { adoptSessionProcess, isUninstalled, readStatus, startSessionProcess } from './sessionProcess.ts';
import type { ProcessEvents, SessionProcess, StartedProcess } from './sessionProcess.ts';
import type { Entry, QueueStore } from './store.ts';
import { prepareWork } from './work.ts';

/** Ended sessions that are remembered. */
const keptEnded = 100;
/** A run is resumed by itself so often within this time when its process dies. */
const mostRestarts = 5;
const restartWindowMs = 3 * 60_000;

/** Whom the queue tells. */
export interface QueueEvents {
  /** A session has changed or appeared. */
  changed(id: string): void;
  removed(id: string): void;
  /** Whether anything runs, or waits and may run. */
  busy(busy: boolean): void;
  log(level: 'info' | 'warning' | 'error', message: string): void;
  /** This server cannot start sessions any more, and must make room for one that can. */
  uninstalled(): void;
}

const resumeRemedy = phrase('Resume the run to continue from its last checkpoint');

const isEnded = (state: SessionState): boolean => state === 'done' || state === 'stopped' || state === 'failed';

const isStopping = ({ summary }: Entry): boolean => summary.state === 'stopping';

export class Queue {
  private readonly store: QueueStore;
  private readonly events: QueueEvents;
  private readonly prepare: (work: SessionWork) => Promise<Words>;
  private opening: Promise<void> | undefined;
  private entries: Entry[] = [];
  private current: { entry: Entry; process: SessionProcess } | undefined;
  private starting: Promise<void> | undefined;
  private allowed = false;
  private closed = false;

  /** `prepare` refuses work that cannot be done and gives it a title. */
  constructor(store: QueueStore, events: QueueEvents, prepare: (work: SessionWork) => Promise<Words> = prepareWork) {
    this.store = store;
    this.events = events;
    this.prepare = prepare;
  }

  /**
   * Takes up the queue as the last server left it. Throws where that cannot be read, and whoever asks next tries again:
   * nothing is queued before, for that would overwrite it.
   */
  open(): Promise<void> {
    this.opening ??= this.takeUpAll().catch((error: unknown) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  private async takeUpAll(): Promise<void> {
    this.entries = await this.store.read((message) => this.events.log('warning', message));
    for (const entry of this.entries) {
      const { state } = entry.summary;
      if (state === 'running' || state === 'stopping') await this.takeUp(entry);
    }
    await this.save();
    this.next();
  }

  /** Lets waiting sessions start: a trusted editor has attached. */
  allow(): void {
    this.allowed = true;
    this.next();
  }

  list(): SessionSummary[] {
    return this.entries.map(({ summary }) => summary);
  }

  find(id: string): SessionSummary | undefined {
    return this.entries.find(({ summary }) => summary.id === id)?.summary;
  }

  /** Checks and queues work; gives the session's id. */
  async launch(work: SessionWork): Promise<string> {
    await this.open();
    if (work.kind === 'resume') this.requireNotWaiting(work.run);
    const title = await this.prepare(work);
    // Another window may have been faster in the meantime.
    if (work.kind === 'resume') this.requireNotWaiting(work.run);
    // A run that is resumed stands in the list once.
    const replaced = work.kind === 'resume' ? this.endedOf(work.run) : [];
    const id = `${Date.now().toString(36)}-${randomBytes(3).toString('hex')}`;
    const queuedAt = new Date().toISOString();
    const run = work.kind === 'resume' ? { run: work.run } : {};
    this.entries.push({ summary: { id, work, title, state: 'queued', queuedAt, ...run }, restarts: [] });
    await this.save();
    this.events.changed(id);
    await this.drop(replaced);
    this.next();
    return id;
  }

  /** Stops a session. Gives false when it has ended already. */
  async stop(id: string, how: StopHow): Promise<boolean> {
    const entry = this.require(id);
    if (isEnded(entry.summary.state)) return false;
    if (entry.summary.state === 'queued') {
      await this.finish(entry, {
        state: 'stopped',
        reason: phrase('taken off the queue before it began'),
        exitCode: 130,
      });
      return true;
    }
    entry.summary.state = 'stopping';
    this.events.changed(id);
    if (this.current?.entry === entry) this.current.process.stop(how);
    await this.save();
    return true;
  }

  /** The session that works on a run now. */
  runningOn(run: string): SessionSummary | undefined {
    const found = this.entries.find(({ summary }) => summary.run === run && !isEnded(summary.state));
    return found?.summary;
  }

  /** Takes an ended or waiting session off the list. */
  async remove(id: string): Promise<void> {
    const entry = this.require(id);
    const { state, title } = entry.summary;
    if (state === 'running' || state === 'stopping') {
      throw new LabError('usage', phrase('{0} is running', title), { remedy: phrase('Stop it first') });
    }
    await this.drop([entry]);
    this.next();
  }

  /** Leaves running sessions to themselves, once it is settled whether one that is just being started is among them. */
  async close(): Promise<void> {
    this.closed = true;
    await this.starting;
    this.current?.process.detach();
  }

  private require(id: string): Entry {
    const entry = this.entries.find(({ summary }) => summary.id === id);
    if (entry) return entry;
    throw new LabError('usage', phrase('There is no session {0}', id), {
      remedy: phrase('It may have been removed in another window'),
    });
  }

  private requireNotWaiting(run: string): void {
    if (!this.runningOn(run)) return;
    throw new LabError('run-invalid', phrase('The run {0} is in the queue already', run), {
      remedy: phrase('Wait until it is its turn'),
    });
  }

  private endedOf(run: string): Entry[] {
    return this.entries.filter(({ summary }) => summary.run === run && isEnded(summary.state));
  }

  private async drop(entries: readonly Entry[]): Promise<void> {
    if (entries.length === 0) return;
    this.entries = this.entries.filter((entry) => !entries.includes(entry));
    await this.save();
    for (const { summary } of entries) {
      this.events.removed(summary.id);
      await this.store.forget(summary.id);
    }
  }

  /** Starts the next session when nothing runs. */
  private next(): void {
    const queued = this.entries.find(({ summary }) => summary.state === 'queued');
    const busy = this.current !== undefined || this.starting !== undefined;
    this.events.busy(busy || (this.allowed && queued !== undefined));
    if (busy || !queued || !this.allowed || this.closed) return;
    this.starting = this.start(queued)
      .catch((error: unknown) => this.failToStart(queued, error))
      .finally(() => {
        this.starting = undefined;
        this.next();
      });
  }

  private async start(entry: Entry): Promise<void> {
    const begun = await startSessionProcess(this.store.files(entry.summary.id));
    if (this.closed || !this.isWaiting(entry)) return this.giveUp(entry, begun);
    this.current = { entry, process: begun };
    entry.summary.state = 'running';
    entry.summary.startedAt ??= new Date().toISOString();
    Object.assign(entry, { pid: begun.pid, processStart: begun.processStart });
    this.events.changed(entry.summary.id);
    // The process does nothing before it is written down that it is the one: no server can start a second.
    try {
      await this.store.write(this.entries);
    } catch (error) {
      this.current = undefined;
      entry.summary.state = 'queued';
      await this.giveUp(entry, begun);
      throw error;
    }
    begun.follow(this.eventsOf(entry));
    // Asked to stop in the meantime: nothing has begun that could be saved.
    if (isStopping(entry)) await killTree(begun.pid);
    else begun.begin(entry.summary.work);
  }

  /** Whether a session still waits: while its process starts it may be stopped or taken off the list. */
  private isWaiting(entry: Entry): boolean {
    return entry.summary.state === 'queued' && this.entries.includes(entry);
  }

  /** Ends a process that is not wanted any more and has done nothing yet. */
  private async giveUp(entry: Entry, begun: StartedProcess): Promise<void> {
    await killTree(begun.pid);
    if (!this.entries.includes(entry)) await this.store.forget(entry.summary.id);
  }

  private async failToStart(entry: Entry, error: unknown): Promise<void> {
    if (!this.isWaiting(entry)) return;
    if (isUninstalled()) {
      this.closed = true;
      this.events.uninstalled();
      return;
    }
    this.events.log('error', `session ${entry.summary.id} did not start: ${describeError(error)}`);
    const { message: reason, ...rest } = errorWords(error);
    await this.finish(entry, { state: 'failed', reason, exitCode: 1, ...rest });
  }

  /** A session that was running when the last server went away. */
  private async takeUp(entry: Entry): Promise<void> {
    const { pid, processStart = '' } = entry;
    const files = this.store.files(entry.summary.id);
    if (pid !== undefined && isSameProcess(pid, processStart)) {
      this.current = { entry, process: adoptSessionProcess(pid, processStart, files, this.eventsOf(entry)) };
      return;
    }
    const status = await readStatus(files);
    this.take(entry, status);
    if (status.end) setEnd(entry.summary, status.end);
    else {
      const remedy = entry.summary.run ? resumeRemedy : phrase('Start it again');
      setEnd(entry.summary, {
        state: 'failed',
        reason: phrase('its process was gone when the lab server started'),
        remedy,
        exitCode: 1,
      });
    }
  }

  private eventsOf(entry: Entry): ProcessEvents {
    return {
      onStatus: (status) => {
        if (this.current?.entry === entry) this.take(entry, status);
      },
      onExit: (status, how) => {
        if (this.closed) return;
        this.take(entry, status);
        void this.exited(entry, status.end, how);
      },
    };
  }

  /** Takes over what a session tells about itself. */
  private take(entry: Entry, { run, progress }: SessionStatus): void {
    const { summary } = entry;
    const isNewRun = run !== undefined && run !== summary.run;
    if (run !== undefined) summary.run = run;
    if (progress) summary.progress = progress;
    this.events.changed(summary.id);
    if (isNewRun) void this.save();
  }

  private async exited(entry: Entry, end: SessionEnd | undefined, how: Phrase): Promise<void> {
    // An engine may still be computing for a session that was killed, and one that ended may leave something behind.
    if (entry.pid !== undefined) await killTree(entry.pid);
    if (this.current?.entry === entry) this.current = undefined;
    if (end) await this.finish(entry, end);
    else if (isStopping(entry)) {
      const remedy = entry.summary.run ? resumeRemedy : undefined;
      const reason = phrase('stopped at once on request');
      await this.finish(entry, {
        state: 'stopped',
        reason,
        exitCode: 130,
        ...(remedy === undefined ? {} : { remedy }),
      });
    } else await this.died(entry, how);
    this.next();
  }

  /** The process ended without a word: the run is resumed, unless that happens too often. */
  private async died(entry: Entry, how: Phrase): Promise<void> {
    const { summary } = entry;
    const { run } = summary;
    const now = Date.now();
    const recent = entry.restarts.filter((at) => now - at < restartWindowMs);
    this.events.log(
      'warning',
      `the process of session ${summary.id} (${inEnglish(summary.title)}) died: ${inEnglish(how)}`,
    );
    if (run === undefined) {
      const remedy = phrase('The log of the session may say why; start it again');
      await this.finish(entry, {
        state: 'failed',
        reason: phrase('the process of the session died ({0})', how),
        remedy,
        exitCode: 1,
      });
    } else if (recent.length >= mostRestarts) {
      const reason = phrase('the process of the session died {0} times within 3 minutes ({1})', mostRestarts + 1, how);
      const remedy = phrase(
        'The log of the session may say why; then resume the run to continue from its last checkpoint',
      );
      await this.finish(entry, { state: 'failed', reason, remedy, exitCode: 1 });
    } else {
      entry.restarts = [...recent, now];
      // A resume that was forced stays so.
      const force = summary.work.kind === 'resume' && summary.work.force === true ? { force: true } : {};
      summary.work = { kind: 'resume', run, ...force };
      summary.state = 'queued';
      // It goes on before anything else begins.
      this.entries = [entry, ...this.entries.filter((one) => one !== entry)];
      this.events.changed(summary.id);
      await this.save();
    }
  }

  private async finish(entry: Entry, end: SessionEnd): Promise<void> {
    setEnd(entry.summary, end);
    this.events.changed(entry.summary.id);
    await this.save();
    const ended = this.entries.filter(({ summary }) => isEnded(summary.state));
    await this.drop(ended.slice(0, Math.max(0, ended.length - keptEnded)));
  }

  /** A full disk must not stop the queue; it is said in the log. */
  private async save(): Promise<void> {
    try {
      await this.store.write(this.entries);
    } catch (error) {
      this.events.log('error', `the queue cannot be written: ${describeError(error)}`);
    }
  }
}

function setEnd(summary: SessionSummary, { state, reason, remedy, exitCode, outputs, result }: SessionEnd): void {
  for (const key of ['progress', 'reason', 'remedy'] as const) delete summary[key];
  Object.assign(summary, {
    state,
    exitCode,
    endedAt: new Date().toISOString(),
    ...(reason === undefined ? {} : { reason }),
    ...(remedy === undefined ? {} : { remedy }),
    ...(outputs === undefined ? {} : { outputs }),
    ...(result === undefined ? {} : { result }),
  });
}
