// The forgetting budget: which guarded benchmarks fell below the base by more than the experiment tolerates, with an
// interval of the paired difference that excludes zero (methods 5.12). Such a run ends with exit code 2.
import { breachesBudget, exceedsBudget } from '../metrics/budget.ts';
import { pairedBootstrap } from '../metrics/statistics.ts';
import type { BenchmarkConfig } from '../shared/experiment.ts';
import type { CellRecord, RunData, TrialKey } from '../shared/records.ts';
import { sameKey } from './plan.ts';
import { readItems } from './runFolder.ts';

/** A guarded benchmark that lost too much. `change` is score - base, with its 95 % interval. */
export interface Breach extends TrialKey {
  kind: 'breach';
  stage: number;
  benchmark: string;
  change: number;
  lo: number;
  hi: number;
  budget: number;
}

/** Whether a benchmark counts towards the budget. */
export function isGuarded(benchmark: BenchmarkConfig): boolean {
  return benchmark.guard ?? benchmark.group !== 'target';
}

/**
 * The breaches after the last measured stage of every trial, in the order of the cells. Cells whose answers cannot be read
 * are left out and told; with nobody to tell, the first of them rejects.
 */
export async function findBreaches(
  run: Pick<RunData, 'folder' | 'config' | 'cells'>,
  onUnreadable?: (error: unknown) => void,
): Promise<Breach[]> {
  const { forgettingBudget: budget, benchmarks } = run.config.experiment;
  const guarded = new Set(benchmarks.filter(isGuarded).map((benchmark) => benchmark.name));
  const breaches: Breach[] = [];
  for (const cell of run.cells) {
    if (cell.stage === 0 || cell.insensitive || !guarded.has(cell.benchmark) || cell.stage < lastStage(run, cell))
      continue;
    const base = run.cells.find((one) => one.stage === 0 && one.benchmark === cell.benchmark);
    if (!base || base.protocol !== cell.protocol || !exceedsBudget(cell.score - base.score, budget)) continue;
    const found = await change(run.folder, base, cell).catch((error: unknown) => {
      if (!onUnreadable) throw error;
      onUnreadable(error);
    });
    if (!found || !breachesBudget(found, budget)) continue;
    const { value, lo, hi } = found;
    const { arm, lr, seed, stage, benchmark } = cell;
    breaches.push({ kind: 'breach', arm, lr, seed, stage, benchmark, change: value, lo, hi, budget });
  }
  return breaches;
}

function lastStage(run: Pick<RunData, 'cells'>, key: TrialKey): number {
  return Math.max(...run.cells.filter((cell) => sameKey(cell, key)).map((cell) => cell.stage));
}

async function change(
  folder: string,
  base: CellRecord,
  cell: CellRecord,
): Promise<{ value: number; lo: number; hi: number }> {
  const before = new Map((await readItems(folder, base)).map((item) => [item.index, item.strict]));
  const after = (await readItems(folder, cell)).filter((item) => before.has(item.index));
  return pairedBootstrap(
    after.map((item) => before.get(item.index) ?? 0),
    after.map((item) => item.strict),
  );
}
