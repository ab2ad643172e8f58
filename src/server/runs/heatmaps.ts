// What the heatmap shows. The sketch from the cells is there at once; intervals and the verdict that rests on them come
// from the report thread, are kept by what they were computed from, and are announced when they are ready.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { slices } from '../../lab/slices.ts';
import { estimatePlan, progressOf } from '../../lab/runSummary.ts';
import type { RunRecords } from '../../lab/runReader.ts';
import { planeNumbers, shownDefinitions } from '../../report/derive.ts';
import { sketchMatrix } from '../../report/matrix.ts';
import { verdictSentences } from '../../report/verdict.ts';
import { writeTextAtomically } from '../../runs/files.ts';
import { packageVersion } from '../../runs/packageRoot.ts';
import { readPlan } from '../../runs/planFile.ts';
import type { MatrixCell, MatrixRow, MatrixView } from '../../shared/matrixView.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { HeatmapData, RunSummary } from '../../shared/protocol/lab/runs.ts';
import type { Desk } from '../threads/desk.ts';
import type { MatrixReport, ReportService } from './report.ts';
import type { RunIndex } from './runIndex.ts';
import { itemsStamp, stampOf } from './stamp.ts';

export interface HeatmapOptions {
  stateFolder: string;
  index: RunIndex;
  desk: Desk<ReportService>;
  /** Intervals of a run are ready. */
  onReady: (folder: string) => void;
  log: (message: string) => void;
}

/** Raised when a report of an earlier version must not be used. */
const formatVersion = 3;

/** Reports kept in memory and on disk. */
const keptInMemory = 8;
const keptOnDisk = 300;
/** Times kept in memory: more than there are heatmaps that anybody looks at. */
const keptTimes = 300;

/** A live run gets new intervals at most this often. */
const liveIntervalMs = 10_000;

/** What failed, or lacked answers that could not be read, is tried again when it is asked for after this. */
const retryMs = 30_000;

/** A report that is wanted: of a run as its files are now, over all seeds or of one. */
interface Wanted {
  folder: string;
  seed: number | undefined;
  /** Stamp of the records that it is made from. */
  results: string;
  /** Another one whenever the report may say something else. */
  key: string;
  /** The same for every state of the run. */
  subject: string;
}

async function wantedOf(run: RunRecords, seed: number | undefined): Promise<Wanted> {
  const { folder, cells } = run;
  const { results } = stampOf(folder);
  const stamps = [results, await itemsStamp(folder, cells)];
  const text = JSON.stringify([formatVersion, packageVersion, folder, ...stamps, seed ?? null]);
  const key = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return { folder, seed, results, key, subject: subjectOf(folder, seed) };
}

/** Throws `run-invalid`, with what is wrong, for a run that is listed as corrupt. */
function requireReadable({ folder, state, reason = '' }: RunSummary): void {
  if (state !== 'corrupt') return;
  throw new LabError('run-invalid', phrase('The run {0} cannot be shown: {1}', folder, reason), {
    remedy: phrase('Mend its files, or move it out of the workspace'),
  });
}

export class Heatmaps {
  private readonly options: HeatmapOptions;
  private readonly reports = new Map<string, MatrixReport>();
  private readonly going = new Map<string, Promise<void>>();
  private readonly lastAsked = new Map<string, number>();
  /** Newest report per run and seed: what it says of cells that have not changed still holds. */
  private readonly newest = new Map<string, MatrixReport>();
  /** When a report came to nothing, or to less than all. */
  private readonly failedAt = new Map<string, number>();

  constructor(options: HeatmapOptions) {
    this.options = options;
  }

  /** The heatmap as far as it is known now; intervals follow where `pending` says so. */
  async get(folder: string, seed?: number): Promise<HeatmapData> {
    const summary = await this.options.index.get(folder);
    requireReadable(summary);
    const run = await this.options.index.reader(summary.folder).read();
    const wanted = await wantedOf(run, seed);
    const report = await this.report(wanted);
    const isLive = summary.state === 'running';
    if (!report?.complete) this.begin(wanted, isLive);
    const known = this.newest.get(wanted.subject)?.view;
    const { view, verdict } = report ?? (await sketched(run, seed, known));
    const active = isLive ? await activeCell(run) : undefined;
    return {
      run: report?.complete ? { ...summary, breaches: report.breaches } : summary,
      config: run.config,
      view,
      verdict,
      definitions: shownDefinitions,
      pending: report === undefined && !this.hasFailed(wanted),
      ...(active ? { active } : {}),
    };
  }

  /** Has the intervals of a run computed if they are not known, so that they are there when somebody asks. */
  async prepare(folder: string): Promise<void> {
    const { index } = this.options;
    const run = await index
      .reader(folder)
      .read()
      .catch(() => undefined); // the list says what is wrong with it
    if (!run) return;
    const wanted = await wantedOf(run, undefined);
    const report = await this.report(wanted);
    if (report?.complete) index.setBreaches(folder, wanted.results, report.breaches);
    else this.begin(wanted, false);
    await this.going.get(wanted.subject);
  }

  private file(key: string): string {
    return join(this.options.stateFolder, 'matrices', `${key}.json`);
  }

  private async report({ key }: Wanted): Promise<MatrixReport | undefined> {
    const known = this.reports.get(key);
    if (known) return known;
    const text = await readFile(this.file(key), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    try {
      const report = JSON.parse(text) as MatrixReport;
      keepNewest(this.reports, key, report, keptInMemory);
      return report;
    } catch {
      return undefined; // computed again
    }
  }

  private hasFailed({ key }: Wanted): boolean {
    return Date.now() - (this.failedAt.get(key) ?? -Infinity) < retryMs;
  }

  private begin(wanted: Wanted, isLive: boolean): void {
    const { subject } = wanted;
    const now = Date.now();
    if (this.going.has(subject) || this.hasFailed(wanted)) return;
    if (isLive && now - (this.lastAsked.get(subject) ?? 0) < liveIntervalMs) return;
    keepNewest(this.lastAsked, subject, now, keptTimes);
    const going = this.compute(wanted).finally(() => {
      this.going.delete(subject);
    });
    this.going.set(subject, going);
  }

  private async compute({ folder, seed, results, key, subject }: Wanted): Promise<void> {
    const { desk, index, onReady, log } = this.options;
    try {
      const report = await desk.ask('matrix', { folder, ...(seed === undefined ? {} : { seed }) });
      keepNewest(this.reports, key, report, keptInMemory);
      keepNewest(this.newest, subject, report, keptInMemory);
      // What it lacks may still come; a report that stays must be exact.
      if (!report.complete) keepNewest(this.failedAt, key, Date.now(), keptTimes);
      else {
        // Cells that were measured in the meantime make another report.
        if (stampOf(folder).results === results) await this.store(key, report);
        index.setBreaches(folder, results, report.breaches);
      }
    } catch (error) {
      keepNewest(this.failedAt, key, Date.now(), keptTimes);
      log(`The intervals of ${folder} cannot be computed: ${(error as Error).message}`);
    }
    onReady(folder);
  }

  private async store(key: string, report: MatrixReport): Promise<void> {
    const folder = join(this.options.stateFolder, 'matrices');
    await mkdir(folder, { recursive: true });
    await writeTextAtomically(this.file(key), JSON.stringify(report));
    const names = await readdir(folder);
    if (names.length <= keptOnDisk) return;
    const dated = await Promise.all(
      names.map(async (name) => {
        const info = await stat(join(folder, name)).catch(() => undefined);
        return { name, at: info?.mtimeMs ?? 0 };
      }),
    );
    dated.sort((a, b) => b.at - a.at);
    for (const { name } of dated.slice(keptOnDisk)) await rm(join(folder, name), { force: true });
  }

  /** Waits for everything that is being computed. */
  async settled(): Promise<void> {
    await Promise.all(this.going.values());
  }
}

/** Puts an entry last, and lets go of the first ones beyond `count`. */
function keepNewest<Value>(entries: Map<string, Value>, key: string, value: Value, count: number): void {
  entries.delete(key);
  entries.set(key, value);
  for (const old of [...entries.keys()].slice(0, -count)) entries.delete(old);
}

const subjectOf = (folder: string, seed: number | undefined): string => JSON.stringify([folder, seed ?? null]);

/** What can be shown before there is a report. In slices: a sweep has hundreds of trials. */
async function sketched(
  run: RunRecords,
  seed: number | undefined,
  known: MatrixView | undefined,
): Promise<Pick<MatrixReport, 'view' | 'verdict'>> {
  const pause = slices();
  const average = sketchMatrix(run);
  await pause();
  const view = withKnownIntervals(seed === undefined ? average : sketchMatrix(run, { seed }), known);
  await pause();
  return { view, verdict: verdictSentences(run, average, planeNumbers(run, average)) };
}

/** A sketch of a live run, with the intervals of those cells and rows that an earlier report was about already. */
function withKnownIntervals(sketch: MatrixView, known: MatrixView | undefined): MatrixView {
  if (!known) return sketch;
  const blocks = sketch.blocks.map((block, b) => ({
    ...block,
    rows: block.rows.map((row, r) => knownRow(row, known.blocks[b]?.rows[r])),
  }));
  return { ...sketch, blocks };
}

function knownRow(row: MatrixRow, known: MatrixRow | undefined): MatrixRow {
  if (!known) return row;
  const isSame = row.cells.map((cell, k) => sameRecords(cell, known.cells[k]));
  if (isSame.every(Boolean)) return known;
  return { ...row, cells: row.cells.map((cell, k) => (isSame[k] ? (known.cells[k] ?? cell) : cell)) };
}

function sameRecords(cell: MatrixCell, known: MatrixCell | undefined): boolean {
  if (cell.kind !== 'measured' || known?.kind !== 'measured') return cell.kind === known?.kind;
  // Answers that could not be read may be there by now.
  if (known.change?.note !== undefined) return false;
  return JSON.stringify(cell.records) === JSON.stringify(known.records);
}

/** The row that is being trained or measured. */
async function activeCell(run: RunRecords): Promise<HeatmapData['active']> {
  const pause = slices();
  const plan = (await readPlan(run.folder)) ?? estimatePlan(run);
  await pause();
  const { active } = progressOf(run, plan);
  return active ? { arm: active.arm, lr: active.lr, stage: active.stage } : undefined;
}
