// Keeps the experiments model in step with the lab server: one list as soon as the server is there, then only what changed. Tree, status bar
// and commands read the same store.
import * as vscode from 'vscode';
import { LabError } from '../../shared/errors.ts';
import { getRun, listExperiments, runsChanged } from '../../shared/protocol/lab/runs.ts';
import type { RunSummary } from '../../shared/protocol/lab/runs.ts';
import { listSessions, sessionsChanged } from '../../shared/protocol/lab/sessions.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';
import { describeFailure } from '../failure.ts';
import type { Lab } from '../workbench.ts';
import { contextValues } from './contextValues.ts';
import { ExperimentsModel } from './experimentsModel.ts';
import type { Changes } from './experimentsModel.ts';
import type { ExperimentsNode } from './nodes.ts';

/** Rows are drawn again at most this often. */
const drawMs = 250;
/** With more changed runs than this the whole list is cheaper. */
const mostSingleRuns = 20;

export class ExperimentsStore implements vscode.Disposable {
  readonly model = new ExperimentsModel();
  /** Why the last list did not come; to be shown. */
  failure: string | undefined;
  private error: unknown;
  private readonly changed = new vscode.EventEmitter<Changes>();
  private readonly sessionEnded = new vscode.EventEmitter<SessionSummary>();
  private readonly sessionsMoved = new vscode.EventEmitter<void>();
  /** Rows to draw again. */
  readonly onDidChange = this.changed.event;
  /** The queue changed, progress included. */
  readonly onDidChangeSessions = this.sessionsMoved.event;
  /** A session ended, was stopped or failed while this window was attached. */
  readonly onDidEndSession = this.sessionEnded.event;
  private readonly lab: Lab;
  private readonly parts: vscode.Disposable[];
  private loading: Promise<void> | undefined;
  private stale = false;
  private pendingAll = false;
  private readonly pendingNodes = new Set<ExperimentsNode>();
  private timer: NodeJS.Timeout | undefined;
  private shownContext = new Map<string, unknown>();
  private disposed = false;

  constructor(lab: Lab) {
    this.lab = lab;
    this.parts = [
      lab.on(runsChanged, ({ runs, list }) => this.takeRuns(runs, list)),
      lab.on(sessionsChanged, ({ sessions, removed }) => this.takeSessions(sessions, removed)),
      lab.onDidChangeState((state) => {
        if (state !== 'attached') return;
        // What happened while nobody was attached is in the list. The first list serves palette and status bar too, whatever
        // the server was asked for.
        if (this.model.loaded || this.failure !== undefined) this.reload();
        else void this.ensure();
      }),
    ];
  }

  /** Loads the list unless it is there. Does not throw: `failure` says why there is none. */
  async ensure(): Promise<void> {
    if (!this.model.loaded) await (this.loading ??= this.load());
  }

  /** The same for commands, which have to say why there is none. */
  async require(): Promise<void> {
    await this.ensure();
    if (!this.model.loaded) throw this.error;
  }

  /** Loads the list anew. */
  reload(): void {
    // A list that is on its way may be older than what asks for a new one.
    if (this.loading) this.stale = true;
    else this.loading = this.load();
  }

  async refresh(): Promise<void> {
    this.reload();
    await this.loading;
  }

  /** A run that is not on the list: made a moment ago, or outside the workspace. Undefined when there is none. */
  async lookUp(folder: string): Promise<RunSummary | undefined> {
    try {
      return await this.lab.request(getRun, { run: folder });
    } catch (error) {
      if (error instanceof LabError && error.code === 'run-invalid') return undefined;
      throw error;
    }
  }

  private async load(): Promise<void> {
    try {
      do {
        this.stale = false;
        const [experiments, sessions] = await Promise.all([
          this.lab.request(listExperiments, {}),
          this.lab.request(listSessions, {}),
        ]);
        this.model.setList(experiments);
        this.model.setSessions(sessions);
      } while (this.stale);
      this.failure = undefined;
    } catch (error) {
      this.error = error;
      this.failure = describeFailure(error, vscode.l10n.t)?.text ?? '';
    } finally {
      this.loading = undefined;
    }
    this.sessionsMoved.fire();
    this.show({ all: true, nodes: [] });
  }

  private takeRuns(runs: readonly string[], list: boolean): void {
    if (!this.model.loaded && !this.loading) return;
    if (list || this.loading || runs.length > mostSingleRuns) {
      this.reload();
      return;
    }
    for (const run of runs) void this.takeRun(run);
  }

  private async takeRun(run: string): Promise<void> {
    let summary: RunSummary;
    try {
      summary = await this.lab.request(getRun, { run });
    } catch {
      this.reload(); // it went away between the message and the question
      return;
    }
    const changes = this.model.setRun(summary);
    if (changes.all) this.reload();
    else this.show(changes);
  }

  private takeSessions(sessions: readonly SessionSummary[], removed: readonly string[]): void {
    const ended = sessions.filter((one) => hasEnded(one) && !hasEnded(this.model.session(one.id) ?? one));
    const changes = this.model.changeSessions(sessions, removed);
    this.sessionsMoved.fire();
    this.show(changes);
    for (const session of ended) this.sessionEnded.fire(session);
  }

  /** Gathers changes, so that ten messages a second do not draw ten times. */
  private show(changes: Changes): void {
    this.pendingAll ||= changes.all;
    for (const node of changes.nodes) this.pendingNodes.add(node);
    if (changes.all) this.setContext();
    this.timer ??= setTimeout(() => this.flush(), drawMs);
  }

  private flush(): void {
    this.timer = undefined;
    if (this.disposed) return;
    this.setContext();
    this.changed.fire({ all: this.pendingAll, nodes: this.pendingAll ? [] : [...this.pendingNodes] });
    this.pendingAll = false;
    this.pendingNodes.clear();
  }

  /** Draws everything again: filter, order or stars changed. */
  redraw(): void {
    this.changed.fire({ all: true, nodes: [] });
  }

  private setContext(): void {
    for (const [key, value] of contextValues(this.model, this.failure !== undefined)) {
      if (this.shownContext.get(key) === value) continue;
      this.shownContext.set(key, value);
      void vscode.commands.executeCommand('setContext', key, value);
    }
  }

  dispose(): void {
    this.disposed = true;
    clearTimeout(this.timer);
    for (const part of [...this.parts, this.changed, this.sessionEnded, this.sessionsMoved]) part.dispose();
  }
}

export const hasEnded = ({ state }: SessionSummary): boolean =>
  state === 'done' || state === 'stopped' || state === 'failed';
