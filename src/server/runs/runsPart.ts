// The part of the lab server that shows runs: the list, single runs, heatmaps, flips, curves, targets, exports and
// comparisons. Run folders are its only source, so a run of a terminal is as good as one of the editor.
import { resolve } from 'node:path';
import { secondsLeftOf } from '../../lab/runTimeLeft.ts';
import { readPlan } from '../../runs/planFile.ts';
import * as protocol from '../../shared/protocol/lab/runs.ts';
import type { HeatmapData } from '../../shared/protocol/lab/runs.ts';
import type { ServerContext, ServerPart } from '../context.ts';
import { compare } from './compare.ts';
import type { ComparedRun } from './compare.ts';
import { readCurves } from './curves.ts';
import { Heatmaps } from './heatmaps.ts';
import { reportAnswers } from './report.ts';
import type { ExportKind, ReportService } from './report.ts';
import { RunIndex } from './runIndex.ts';
import { RunWatch } from './watchRuns.ts';
import type { Desk } from '../threads/desk.ts';
import { createDesk } from '../threads/threadDesk.ts';

/** Changes are told at most this often, milliseconds. */
const notifyMs = 250;

/**
 * So many runs are read within a blink: a first list waits for them, though no longer than this many milliseconds. The results
 * of more than these follow by `runsChanged`.
 */
const readFirst = 40;
const firstListMs = 2000;

/** Intervals of the newest runs are computed in advance, so many and so long after the first list. */
const preparedRuns = 16;
const prepareAfterMs = 5000;

/** Flipped answers in a list when the caller names no number. */
const flipLimit = 200;

export const runsPart: ServerPart = (server) => {
  const part = new RunsPart(server);
  server.handle(protocol.listExperiments, ({ read }) => part.list(read === true));
  server.handle(protocol.getRun, async ({ run }) => (await part.ready()).get(run));
  server.handle(protocol.getHeatmap, ({ run, seed }) => part.heatmap(run, seed));
  server.handle(protocol.getFlips, ({ run, limit = flipLimit, ...cell }) =>
    part.quick.ask('flips', { folder: resolve(run), cell, limit }),
  );
  server.handle(protocol.getCurves, ({ run, from }) => part.curves(resolve(run), from));
  server.handle(
    protocol.getTargets,
    async ({ run }) => (await (await part.ready()).reader(resolve(run)).read()).targets,
  );
  server.handle(protocol.exportRun, ({ run, what }) => part.exportRun(run, what));
  server.handle(protocol.compareRuns, ({ runs }) => part.compare(runs));
  server.onShutdown(() => part.close());
};

/** When a first list may be given, and when every run in it has been read. */
interface FirstLook {
  listed: Promise<void>;
  read: Promise<void>;
}

class RunsPart {
  /** Short answers do not wait behind long ones. */
  readonly quick: Desk<ReportService>;
  private readonly slow: Desk<ReportService>;
  private readonly server: ServerContext;
  private readonly index: RunIndex;
  private readonly heatmaps: Heatmaps;
  private readonly watch: RunWatch;
  private readonly changed = new Set<string>();
  private listChanged = false;
  private timer: NodeJS.Timeout | undefined;
  private loading: Promise<FirstLook> | undefined;
  private later: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(server: ServerContext) {
    this.server = server;
    const { workspace, stateFolder } = server;
    this.quick = createDesk('reportThread', reportAnswers);
    this.slow = createDesk('reportThread', reportAnswers);
    const onChange = (runs: readonly string[], list: boolean): void => {
      this.noteChange(runs, list);
    };
    const log = (message: string): void => {
      server.log('warning', message);
    };
    const onEnd = (folder: string): void => {
      void this.heatmaps.prepare(folder);
    };
    this.index = new RunIndex({ workspace, stateFolder, onChange, onEnd });
    const onReady = (folder: string): void => {
      this.noteChange([folder], false);
    };
    this.heatmaps = new Heatmaps({ stateFolder, index: this.index, desk: this.slow, onReady, log });
    this.watch = new RunWatch(this.index, workspace, log);
  }

  /** The index is built when somebody first asks for it. */
  async ready(): Promise<RunIndex> {
    await this.load();
    return this.index;
  }

  /** One look is enough, and one that failed is taken again. */
  private load(): Promise<FirstLook> {
    this.loading ??= this.lookFirst().catch((error: unknown) => {
      this.loading = undefined;
      throw error;
    });
    return this.loading;
  }

  private async lookFirst(): Promise<FirstLook> {
    const unread = await this.index.load();
    const read = this.index.refreshAll(unread).then(() => {
      if (this.closed) return;
      this.watch.start();
      this.later = setTimeout(() => void this.prepareNewest(), prepareAfterMs);
      this.later.unref();
    });
    const listed = unread.length > readFirst ? Promise.resolve() : Promise.race([read, wait(firstListMs)]);
    return { listed, read };
  }

  /** The newest runs get their exact breaches, one after the other, when the first rush is over. */
  private async prepareNewest(): Promise<void> {
    for (const folder of this.index.likelyBreached(preparedRuns)) {
      if (this.closed) return;
      await this.heatmaps.prepare(folder);
    }
  }

  async list(whenRead: boolean): Promise<protocol.ExperimentSummary[]> {
    const { listed, read } = await this.load();
    await (whenRead ? read : listed);
    return this.index.list();
  }

  async heatmap(run: string, seed: number | undefined): Promise<HeatmapData> {
    await this.ready();
    return this.heatmaps.get(resolve(run), seed);
  }

  async curves(run: string, from: protocol.CurvePosition | undefined): Promise<protocol.CurveData> {
    const data = await readCurves(run, from);
    if (data.more) return data;
    const records = await (await this.ready()).reader(run).read();
    const secondsLeft = secondsLeftOf(records, await readPlan(run));
    return { ...data, ...(secondsLeft === undefined ? {} : { secondsLeft }) };
  }

  async exportRun(run: string, what: ExportKind): Promise<{ text: string; suggestedName: string }> {
    const summary = await (await this.ready()).get(run);
    const text = await this.slow.ask('export', { folder: summary.folder, what });
    const endings: { [What in ExportKind]: string } = {
      'matrix-csv': 'matrix.csv',
      'matrix-markdown': 'report.md',
      'report-html': 'report.html',
    };
    return { text, suggestedName: `${summary.id}-${endings[what]}` };
  }

  async compare(runs: readonly string[]): Promise<protocol.Comparison> {
    await this.ready();
    const compared: ComparedRun[] = [];
    for (const run of runs) {
      const { run: summary, config, view } = await this.heatmaps.get(resolve(run));
      compared.push({ summary, config, view });
    }
    return compare(compared);
  }

  private noteChange(runs: readonly string[], list: boolean): void {
    for (const run of runs) this.changed.add(run);
    this.listChanged ||= list;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      const params = { runs: [...this.changed], list: this.listChanged };
      this.changed.clear();
      this.listChanged = false;
      this.server.broadcast(protocol.runsChanged, params);
    }, notifyMs);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    clearTimeout(this.later);
    await this.watch.stop();
    await Promise.all([this.quick.close(), this.slow.close()]);
    await this.heatmaps.settled();
    await this.index.save();
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => {
    setTimeout(done, ms).unref();
  });
}
