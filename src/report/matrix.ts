// The forgetting matrix as a view model: one block per arm and learning rate, rows base and stages, columns benchmarks.
// Every change carries a paired interval and every cell that cannot be compared says why. It draws nothing.
import { breachesBudget } from '../metrics/budget.ts';
import {
  bootstrapMeanOfMeans,
  excludesZero,
  mcnemarExact,
  mean,
  pairedBootstrap,
  sampleStd,
} from '../metrics/statistics.ts';
import type { BenchmarkConfig } from '../shared/experiment.ts';
import type {
  Change,
  ColumnRole,
  MatrixBlock,
  MatrixCell,
  MatrixColumn,
  MatrixRow,
  MatrixView,
  MeasuredCell,
  Total,
} from '../shared/matrixView.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase, Words } from '../shared/phrase.ts';
import type { CellRecord, RunConfig } from '../shared/records.ts';
import { meanSeries, sameItems, seriesSource } from './items.ts';
import type { ItemReader, SeriesResult, SeriesSource } from './items.ts';

/** What a matrix is made of; RunData is one. */
export interface MatrixSource {
  config: RunConfig;
  cells: readonly CellRecord[];
}

export interface MatrixOptions {
  /** One seed; default: the mean over the seeds that are measured. */
  seed?: number;
}

/** Column order of the groups. */
const roles: readonly ColumnRole[] = ['target', 'skill', 'safety', 'format'];

/** The matrix with paired bootstrap intervals. `readItems` is asked once per cell. */
export async function buildMatrix(
  run: MatrixSource,
  readItems: ItemReader,
  options: MatrixOptions = {},
): Promise<MatrixView> {
  return buildMatrixFrom(run, seriesSource(readItems), options);
}

/** As `buildMatrix`, with series that are already at hand. */
export async function buildMatrixFrom(
  run: MatrixSource,
  source: SeriesSource,
  options: MatrixOptions = {},
): Promise<MatrixView> {
  const paired = new Map<string, PairedItems>();
  for (const { key, records, base } of comparisons(run, options))
    paired.set(key, await pairItems(source, records, base));
  return assemble(run, options, (key) => paired.get(key));
}

/** The matrix from cells alone, without intervals: cheap enough for a live view. */
export function sketchMatrix(run: MatrixSource, options: MatrixOptions = {}): MatrixView {
  return assemble(run, options, () => undefined);
}

/** Columns in the order of their groups, then as declared. */
export function matrixColumns(run: MatrixSource): MatrixColumn[] {
  return columnsOf(run, new CellIndex(run.cells));
}

function columnsOf(run: MatrixSource, index: CellIndex): MatrixColumn[] {
  const { benchmarks, stages } = run.config.experiment;
  const columns = benchmarks.map((benchmark) => {
    const taughtAt = stages.flatMap((stage, k) => (stage.benchmark === benchmark.name ? [k + 1] : []));
    return columnOf(benchmark, taughtAt, index.base(benchmark.name));
  });
  return columns.sort((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role));
}

function columnOf(benchmark: BenchmarkConfig, taughtAt: number[], base: CellRecord | undefined): MatrixColumn {
  const role = taughtAt.length > 0 ? 'target' : benchmark.group;
  const column: MatrixColumn = {
    benchmark: benchmark.name,
    role,
    scorer: benchmark.scorer,
    guarded: benchmark.guard ?? benchmark.group !== 'target',
    chance: benchmark.chance,
    taughtAt,
  };
  if (base?.insensitive && role !== 'target') {
    column.insensitive = phrase(
      'the base scores {0} where guessing gives {1}: this benchmark cannot show forgetting',
      base.score.toFixed(2),
      benchmark.chance.toFixed(2),
    );
  }
  return column;
}

interface Trial {
  arm: string;
  lr: number;
  seeds: number[];
}

/** Finds cells without looking through all of them: a sweep has thousands. */
class CellIndex {
  private readonly cells = new Map<string, CellRecord>();
  private readonly bases = new Map<string, CellRecord>();

  /** Of the trials of one seed, or of all. */
  constructor(cells: readonly CellRecord[], seed?: number) {
    // Later records take the place of earlier ones: a resumed run may have measured a cell twice.
    for (const cell of cells) {
      if (cell.stage === 0) this.bases.set(cell.benchmark, cell);
      else if (seed === undefined || seed === cell.seed)
        this.cells.set(placeOf(cell, cell.seed, cell.stage, cell.benchmark), cell);
    }
  }

  base(benchmark: string): CellRecord | undefined {
    return this.bases.get(benchmark);
  }

  /** One record of every seed that is measured. */
  of(trial: Trial, stage: number, benchmark: string): CellRecord[] {
    return trial.seeds.flatMap((seed) => this.cells.get(placeOf(trial, seed, stage, benchmark)) ?? []);
  }
}

function placeOf({ arm, lr }: { arm: string; lr: number }, seed: number, stage: number, benchmark: string): string {
  return `${stage} ${seed} ${lr} ${benchmark.length} ${benchmark} ${arm}`;
}

/** Arms and learning rates in the order of the experiment, with the seeds of this view. */
function trials(run: MatrixSource, options: MatrixOptions): Trial[] {
  const seeds = options.seed === undefined ? run.config.experiment.seeds : [options.seed];
  return run.config.arms.flatMap((arm) => arm.learningRates.map((lr) => ({ arm: arm.name, lr, seeds })));
}

function cellKey(trial: Trial, stage: number, benchmark: string): string {
  return JSON.stringify([trial.arm, trial.lr, stage, benchmark]);
}

/** Why records and base must not be compared, if they must not. */
function incomparable(records: readonly CellRecord[], base: CellRecord): Phrase | undefined {
  const other = records.find((record) => record.protocol !== base.protocol);
  if (!other) return undefined;
  return phrase(
    'measured under another protocol than the base ({0} and {1}): items, template, decoding, scorer or tokenizer differ',
    other.protocol.slice(0, 8),
    base.protocol.slice(0, 8),
  );
}

function* comparisons(
  run: MatrixSource,
  options: MatrixOptions,
): Generator<{ key: string; records: CellRecord[]; base: CellRecord }> {
  const index = new CellIndex(run.cells, options.seed);
  for (const trial of trials(run, options)) {
    for (let stage = 1; stage <= run.config.experiment.stages.length; stage++) {
      for (const { name } of run.config.experiment.benchmarks) {
        const base = index.base(name);
        const records = index.of(trial, stage, name);
        if (!base || records.length === 0 || incomparable(records, base)) continue;
        yield { key: cellKey(trial, stage, name), records, base };
      }
    }
  }
}

/** Scores before and after on the same items, or why there are none. */
type PairedItems = { before: Float64Array; after: Float64Array; problem?: never } | { problem: Phrase };

async function pairItems(source: SeriesSource, records: CellRecord[], base: CellRecord): Promise<PairedItems> {
  const before = await source(base);
  const seeds: SeriesResult[] = [];
  for (const record of records) seeds.push(await source(record));
  const problem = [before, ...seeds].find((result) => result.problem !== undefined)?.problem;
  if (problem !== undefined) return { problem };
  const after = meanSeries(seeds.flatMap((result) => result.series ?? []));
  if (!before.series || !after.series) return { problem: after.problem ?? phrase('no per-item results') };
  if (!sameItems(before.series, after.series))
    return { problem: phrase('base and checkpoint were measured on different items') };
  return { before: before.series.strict, after: after.series.strict };
}

function changeOf(records: CellRecord[], base: CellRecord, paired: PairedItems | undefined): Change {
  const change: Change = {
    value: mean(records.map((record) => record.score)) - base.score,
    lenient: mean(records.map((record) => record.lenient)) - base.lenient,
  };
  if (!paired) return change;
  if (paired.problem !== undefined) return { ...change, note: paired.problem };
  const interval = pairedBootstrap(paired.before, paired.after);
  const flips = records.length === 1 ? flipsOf(paired.before, paired.after) : undefined;
  return {
    ...change,
    lo: interval.lo,
    hi: interval.hi,
    significant: excludesZero(interval),
    ...(flips ? { flips } : {}),
  };
}

/** Item churn with its exact McNemar p; nothing when the scores are not all 0 or 1. */
function flipsOf(before: Float64Array, after: Float64Array): Change['flips'] {
  const binary = (value: number): boolean => value === 0 || value === 1;
  if (!before.every(binary) || !after.every(binary)) return undefined;
  let lost = 0;
  let gained = 0;
  before.forEach((value, item) => {
    if (value > after[item]!) lost += 1;
    if (value < after[item]!) gained += 1;
  });
  return { lost, gained, p: mcnemarExact(lost, gained) };
}

type PairedLookup = (key: string) => PairedItems | undefined;

function assemble(run: MatrixSource, options: MatrixOptions, lookup: PairedLookup): MatrixView {
  const index = new CellIndex(run.cells, options.seed);
  const columns = columnsOf(run, index);
  const baseCells = columns.map(({ benchmark }) => baseRowCell(index.base(benchmark)));
  const base: MatrixRow = { stage: 0, label: phrase('base'), cells: baseCells };
  const blocks = trials(run, options).map((trial) => ({
    ...trial,
    rows: run.config.experiment.stages.map((stage, k) =>
      stageRow({ run, index, columns, lookup }, trial, k + 1, phrase('after {0}', stage.name)),
    ),
  }));
  return { columns, base, blocks, clip: clipOf(blocks) };
}

function baseRowCell(record: CellRecord | undefined): MatrixCell {
  return record ? { ...measured([record]), breach: false } : { kind: 'missing', reason: phrase('not measured yet') };
}

/** What every row of a matrix is made with. */
interface Assembly {
  run: MatrixSource;
  index: CellIndex;
  columns: MatrixColumn[];
  lookup: PairedLookup;
}

function stageRow(assembly: Assembly, trial: Trial, stage: number, label: Words): MatrixRow {
  const { index, columns, lookup } = assembly;
  const keys = columns.map((column) => cellKey(trial, stage, column.benchmark));
  const cells = columns.map((column, k) =>
    stageCell(assembly, column, index.of(trial, stage, column.benchmark), lookup(keys[k]!)),
  );
  const row: MatrixRow = { stage, label, cells };
  const paired = keys.map(lookup);
  const gained = totalOf(columns, cells, paired, targetsUpTo(columns, stage));
  const forgot = totalOf(columns, cells, paired, (column) => column.role !== 'target' && !column.insensitive);
  return { ...row, ...(gained ? { gained } : {}), ...(forgot ? { forgot } : {}) };
}

/** Picks the benchmarks taught by the stages so far; when no stage names one, every target counts. */
export function targetsUpTo(columns: readonly MatrixColumn[], stage: number): (column: MatrixColumn) => boolean {
  if (columns.every((column) => column.taughtAt.length === 0)) return (column) => column.role === 'target';
  return (column) => column.taughtAt.some((at) => at <= stage);
}

function stageCell(
  { run, index }: Assembly,
  column: MatrixColumn,
  records: CellRecord[],
  paired: PairedItems | undefined,
): MatrixCell {
  if (records.length === 0) return { kind: 'missing', reason: phrase('not measured yet') };
  const cell = measured(records);
  const base = index.base(column.benchmark);
  if (!base) return { ...cell, notComparable: phrase('the base has not been measured on this benchmark') };
  const notComparable = incomparable(records, base);
  if (notComparable !== undefined) return { ...cell, notComparable };
  const change = changeOf(records, base, paired);
  const breach = column.guarded && !base.insensitive && breachesBudget(change, run.config.experiment.forgettingBudget);
  return { ...cell, change, breach };
}

/** One cell over one or several seeds. Intervals of several seeds are the means of their ends. */
function measured(records: CellRecord[]): MeasuredCell {
  const average = (pick: (record: CellRecord) => number): number => mean(records.map(pick));
  const names = new Set(records.flatMap((record) => Object.keys(record.rates)));
  const rates = Object.fromEntries(
    [...names].map((name) => {
      const carriers = records.filter((record) => Object.hasOwn(record.rates, name));
      return [name, mean(carriers.map((record) => record.rates[name] ?? 0))];
    }),
  );
  const margins = records.flatMap((record) => record.refusalMargin ?? []);
  return {
    kind: 'measured',
    score: average((record) => record.score),
    lo: average((record) => record.lo),
    hi: average((record) => record.hi),
    lenient: average((record) => record.lenient),
    parseRate: average((record) => record.parseRate),
    n: records[0]!.n,
    protocol: records[0]!.protocol,
    rates,
    ...(margins.length === 0 ? {} : { refusalMargin: mean(margins) }),
    seeds: records.length,
    ...(records.length > 1 ? { seedStd: sampleStd(records.map((record) => record.score)) } : {}),
    breach: false,
    records,
  };
}

/** Mean change over the picked columns; nothing unless every one of them is measured (a partial mean would mislead). */
function totalOf(
  columns: readonly MatrixColumn[],
  cells: readonly MatrixCell[],
  paired: readonly (PairedItems | undefined)[],
  pick: (column: MatrixColumn) => boolean,
): Total | undefined {
  const changes: Change[] = [];
  const differences: Float64Array[] = [];
  const benchmarks: string[] = [];
  for (const [k, column] of columns.entries()) {
    const cell = cells[k]!;
    if (!pick(column) || (cell.kind === 'measured' && cell.notComparable !== undefined)) continue;
    if (cell.kind === 'missing' || !cell.change) return undefined;
    changes.push(cell.change);
    benchmarks.push(column.benchmark);
    const pair = paired[k];
    if (pair && pair.problem === undefined)
      differences.push(pair.after.map((value, item) => value - pair.before[item]!));
  }
  if (changes.length === 0) return undefined;
  const total: Total = {
    value: mean(changes.map((change) => change.value)),
    lenient: mean(changes.map((change) => change.lenient)),
    benchmarks,
  };
  if (differences.length < changes.length) return total;
  const interval = bootstrapMeanOfMeans(differences);
  return { ...total, lo: interval.lo, hi: interval.hi, significant: excludesZero(interval) };
}

function clipOf(blocks: readonly MatrixBlock[]): number {
  let largest = 0;
  for (const row of blocks.flatMap((block) => block.rows)) {
    for (const cell of row.cells) {
      if (cell.kind === 'measured' && cell.change) largest = Math.max(largest, Math.abs(cell.change.value));
    }
  }
  return Math.min(0.5, Math.max(0.1, largest));
}

/** The last row of a block that has any measured cell. */
export function lastMeasuredRow(block: MatrixBlock): MatrixRow | undefined {
  return block.rows.findLast((row) => row.cells.some((cell) => cell.kind === 'measured'));
}
