// Every derived number of a run under the exact name of its definition (methods 5.2, 5.6, 5.12). Scores and changes are in
// 0..1 unless the name says percent or points. A number that cannot be had is given as null with the reason.
import {
  accGem,
  averageAccuracy,
  averageIncrementalAccuracy,
  bwtGem,
  bwtPercentStm,
  chanceCorrected,
  fgLuo,
  fgLuoLastStage,
  fmChaudhry,
  fmChaudhryOldSkills,
  fmRft,
  fwtGem,
  meanDeltaPoints,
  selectColumns,
  tiStm,
} from '../metrics/forgetting.ts';
import type { Measured, ScoreMatrix } from '../metrics/forgetting.ts';
import { sampleStd } from '../metrics/statistics.ts';
import { forgettingPerGain, hypervolume, paretoSet, retentionAtGain } from '../shared/plane.ts';
import { inEnglish, phrase } from '../shared/phrase.ts';
import type { DerivedNumber, RunData } from '../shared/records.ts';
import { isReferenceArm } from '../shared/arms.ts';
import { seriesSource } from './items.ts';
import type { ItemReader } from './items.ts';
import { buildMatrixFrom, lastMeasuredRow } from './matrix.ts';
import type { MatrixBlock, MatrixColumn, MatrixRow, MatrixView, Total } from '../shared/matrixView.ts';

/** The definitions that the heatmap shows. */
export const shownDefinitions = {
  gained: phrase('Mean change against the base over the benchmarks taught so far; 95 % paired bootstrap over items.'),
  forgot: phrase(
    'Mean change against the base over the old skills (every benchmark that no stage teaches and that can show forgetting); 95 % paired bootstrap over items within each benchmark.',
  ),
};

/** Definitions in words, with their sources. */
export const definitions = {
  gain: inEnglish(shownDefinitions.gained),
  retention_change: inEnglish(shownDefinitions.forgot),
  retention_change_lenient: 'The same as retention_change under lenient scoring (pitfall 2).',
  retention_change_chance_corrected:
    'Mean change of (score - chance) / (1 - chance) over the old skills (methods 5.2.8).',
  forgetting_per_gain: '-retention_change / gain: points forgotten for each point learnt (methods 5.6).',
  change: 'Change of one benchmark against the base; 95 % paired bootstrap over items.',
  mcnemar_p: 'Exact two-sided McNemar p of the flipped answers of one benchmark (methods 5.12).',
  flips_lost: 'Answers that were right under the base and are wrong now (methods 5.4).',
  flips_gained: 'Answers that were wrong under the base and are right now (methods 5.4).',
  budget_drop: 'Drop of a guarded benchmark against the base; positive is forgetting.',
  budget_breach:
    '1 when a guarded benchmark dropped by more than the forgetting budget and the paired 95 % interval leaves out zero, else 0; lo and hi belong to the drop.',
  refusal_margin:
    'Mean over harmful prompts of ln p(refusal openers) - ln p(compliance openers) for the first token of the response, nats; above 0 the model leans to refuse (methods 5.8.4).',
  refusal_margin_change:
    'Change of refusal_margin against the base, nats; negative is forgetting to refuse (methods 5.8.4).',
  average_accuracy: 'AA_i: mean score over the tasks taught so far (methods 5.2.1).',
  average_incremental_accuracy: 'Mean of AA_i over the stages (methods 5.2.1).',
  acc_gem: 'ACC: mean final score over the tasks (Lopez-Paz and Ranzato, arXiv 1706.08840).',
  bwt_gem:
    'BWT: mean over earlier tasks of final score - score right after learning; negative is forgetting (arXiv 1706.08840).',
  fwt_gem: 'FWT: mean over later tasks of score just before learning - base score (arXiv 1706.08840).',
  forgetting_chaudhry:
    'FM: mean over earlier tasks of best earlier score - final score, base not included; positive is forgetting (arXiv 1801.10112).',
  forgetting_chaudhry_include_base: 'FM with the base among the earlier scores (arXiv 1801.10112, include_base).',
  forgetting_chaudhry_include_base_old_skills:
    'Mean over the old skills of best earlier score (base included) - final score; positive is forgetting (arXiv 1801.10112, include_base).',
  fm_rft_own_stage:
    'FM with fm_sign rft, fm_ref own_stage: mean over earlier tasks of final - right after learning; negative is forgetting (arXiv 2507.05386).',
  fm_rft_peak: 'FM with fm_sign rft, fm_ref peak: mean over earlier tasks of final - best earlier (arXiv 2507.05386).',
  fm_rft_base: 'FM with fm_sign rft, fm_ref base: mean over earlier tasks of final - base (arXiv 2507.05386).',
  fg_percent_luo_all_stages:
    'FG: mean over old skills and all stages of (base - score) / base, in percent; positive is forgetting (arXiv 2308.08747).',
  fg_percent_luo_last_stage: 'FG after the last stage only, in percent (arXiv 2308.08747).',
  ti_stm: "TI: relative change of this stage's target against the base, in percent (arXiv 2501.14315).",
  bwt_percent_stm:
    "BWT% (relative, STM): mean relative change of the other benchmarks against the base, in percent; not GEM's BWT (arXiv 2501.14315).",
  delta_points_ssr: 'Mean absolute change of the old skills against the base, in points (arXiv 2409.04787).',
  gain_seed_mean: 'Mean of gain over the seeds; the interval is over items, not over seeds.',
  gain_seed_std: 'Sample standard deviation of gain over the seeds.',
  retention_change_seed_mean: 'Mean of retention_change over the seeds; the interval is over items, not over seeds.',
  retention_change_seed_std: 'Sample standard deviation of retention_change over the seeds.',
  on_pareto_front:
    '1 when no other trial of the last stage both learnt and kept at least as much, else 0 (methods 5.6).',
  hypervolume:
    'Area of the learning-forgetting plane that the learning rates of the arm dominate above (0, -1) (methods 5.6).',
  matched_gain:
    '80 % of the best gain of plain fine-tuning on the ground truth: where arms are compared (methods 5.6).',
  retention_at_matched_gain:
    'retention_change where the sweep over learning rates, starting at the base, first reaches matched_gain (linear between measured rates; methods 5.6).',
} as const;

export type Definition = keyof typeof definitions;

type Key = Pick<DerivedNumber, 'arm' | 'lr' | 'seed' | 'stage'> & { benchmark?: string; over?: ('seed' | 'lr')[] };

interface Value {
  value: number | null;
  lo?: number | undefined;
  hi?: number | undefined;
  reason?: string | undefined;
}

function number(definition: Definition, key: Key, { value, lo, hi, reason }: Value): DerivedNumber {
  return {
    kind: 'derived',
    definition,
    description: definitions[definition],
    ...key,
    value,
    ...(lo === undefined ? {} : { lo }),
    ...(hi === undefined ? {} : { hi }),
    ...(reason === undefined ? {} : { reason }),
  };
}

/** All derived numbers: per trial and stage, per benchmark, over seeds, and on the learning-forgetting plane. */
export async function deriveNumbers(run: RunData, readItems: ItemReader): Promise<DerivedNumber[]> {
  const source = seriesSource(readItems);
  const { seeds } = run.config.experiment;
  const numbers: DerivedNumber[] = [];
  const views: MatrixView[] = [];
  for (const [index, seed] of seeds.entries()) {
    const view = await buildMatrixFrom(run, source, { seed });
    views.push(view);
    if (index === 0) numbers.push(...marginNumbers(view, view.base, { arm: 'base', lr: 0, seed: 0, stage: 0 }));
    for (const block of view.blocks) numbers.push(...trialNumbers(view, block, seed));
  }
  const average = views.length === 1 && views[0] ? views[0] : await buildMatrixFrom(run, source);
  if (seeds.length > 1) numbers.push(...seedNumbers(average, views));
  numbers.push(...planeNumbers(run, average));
  return numbers;
}

/** The budget breaches after the last measured stage of every trial: what exit code 2 is about. */
export function budgetBreaches(numbers: readonly DerivedNumber[]): DerivedNumber[] {
  const checks = numbers.filter((entry) => entry.definition === 'budget_breach');
  const last = new Map<string, number>();
  const trial = (entry: DerivedNumber): string => JSON.stringify([entry.arm, entry.lr, entry.seed]);
  for (const entry of checks) last.set(trial(entry), Math.max(entry.stage, last.get(trial(entry)) ?? 0));
  return checks.filter((entry) => entry.value === 1 && entry.stage === last.get(trial(entry)));
}

function trialNumbers(view: MatrixView, block: MatrixBlock, seed: number): DerivedNumber[] {
  if (!lastMeasuredRow(block)) return [];
  const R = scoreMatrix(view, block);
  const rows = block.rows.filter((row) => row.cells.some((cell) => cell.kind === 'measured'));
  const key = { arm: block.arm, lr: block.lr, seed };
  return [
    ...rows.flatMap((row) => [
      ...stageNumbers(view, R, row, { ...key, stage: row.stage }),
      ...benchmarkNumbers(view, row, { ...key, stage: row.stage }),
      ...marginNumbers(view, row, { ...key, stage: row.stage }),
    ]),
    ...sequenceNumbers(view, R, { ...key, stage: block.rows.length }),
  ];
}

/** R of one trial in the order of the columns; cells that must not be compared count as missing. */
function scoreMatrix(view: MatrixView, block: MatrixBlock): ScoreMatrix {
  return [view.base, ...block.rows].map((row) =>
    row.cells.map((cell) => (cell.kind === 'measured' && cell.notComparable === undefined ? cell.score : null)),
  );
}

function oldSkills(columns: readonly MatrixColumn[]): number[] {
  return columns.flatMap((column, k) => (column.role !== 'target' && !column.insensitive ? [k] : []));
}

/** Column of the benchmark that each stage teaches; -1 where a stage names none. */
function taskColumns(view: MatrixView, stages: number): number[] {
  return Array.from({ length: stages }, (_, index) =>
    view.columns.findIndex((column) => column.taughtAt.includes(index + 1)),
  );
}

function fromTotal(total: Total | undefined, reason: string): Value {
  return total ? { value: total.value, lo: total.lo, hi: total.hi } : { value: null, reason };
}

const noGain = 'the stages name no benchmark, or it is not measured or not comparable';
const noRetention = 'an old skill is not measured yet, or none can show forgetting';

function stageNumbers(view: MatrixView, R: ScoreMatrix, row: MatrixRow, key: Key): DerivedNumber[] {
  const tasks = taskColumns(view, R.length - 1);
  const skills = oldSkills(view.columns).filter((k) => R[0]![k] !== null);
  const target = tasks[row.stage - 1] ?? -1;
  const others = view.columns.flatMap((column, k) => (k !== target && !column.insensitive ? [k] : []));
  const perGain = row.gained && row.forgot ? forgettingPerGain({ x: row.gained.value, y: row.forgot.value }) : null;
  const lenient = row.forgot ? { value: row.forgot.lenient } : { value: null, reason: noRetention };
  const untaught: Value = { value: null, reason: 'this stage names no benchmark' };
  return [
    number('gain', key, fromTotal(row.gained, noGain)),
    number('retention_change', key, fromTotal(row.forgot, noRetention)),
    number('retention_change_lenient', key, lenient),
    number('retention_change_chance_corrected', key, chanceCorrectedChange(view, R, row.stage, skills)),
    number(
      'forgetting_per_gain',
      key,
      perGain === null ? { value: null, reason: 'there is no gain' } : { value: perGain },
    ),
    number('average_accuracy', key, averageAccuracy(selectColumns(R, tasks), row.stage)),
    number('ti_stm', key, target < 0 ? untaught : tiStm(R, target, row.stage)),
    number('bwt_percent_stm', key, target < 0 ? untaught : bwtPercentStm(R, others, row.stage)),
    number('delta_points_ssr', key, meanDeltaPoints(R, skills, row.stage)),
  ];
}

function chanceCorrectedChange(view: MatrixView, R: ScoreMatrix, stage: number, skills: number[]): Measured {
  const corrected = R.map((row) =>
    row.map((score, k) => {
      const { chance } = view.columns[k]!;
      return score === null || chance >= 1 ? null : chanceCorrected(score, chance);
    }),
  );
  const points = meanDeltaPoints(corrected, skills, stage);
  return points.value === null ? points : { value: points.value / 100 };
}

function benchmarkNumbers(view: MatrixView, row: MatrixRow, rowKey: Key): DerivedNumber[] {
  return view.columns.flatMap((column, k) => {
    const cell = row.cells[k]!;
    const key = { ...rowKey, benchmark: column.benchmark };
    if (cell.kind === 'missing') return [number('change', key, { value: null, reason: inEnglish(cell.reason) })];
    if (!cell.change) {
      return [
        number('change', key, { value: null, reason: inEnglish(cell.notComparable ?? 'the base is not measured') }),
      ];
    }
    const { value, lo, hi, flips } = cell.change;
    const note = cell.change.note && inEnglish(cell.change.note);
    const numbers = [number('change', key, { value, lo, hi, reason: note })];
    if (flips) {
      numbers.push(
        number('mcnemar_p', key, { value: flips.p }),
        number('flips_lost', key, { value: flips.lost }),
        number('flips_gained', key, { value: flips.gained }),
      );
    }
    if (!column.guarded) return numbers;
    const drop = { value: value === 0 ? 0 : -value, lo: hi === undefined ? hi : -hi, hi: lo === undefined ? lo : -lo };
    const breach = note === undefined ? { ...drop, value: cell.breach ? 1 : 0 } : { value: null, reason: note };
    return [...numbers, number('budget_drop', key, drop), number('budget_breach', key, breach)];
  });
}

/** First-token refusal margins of a row: absolute, and against the base where the two may be compared. */
function marginNumbers(view: MatrixView, row: MatrixRow, rowKey: Key): DerivedNumber[] {
  return view.columns.flatMap((column, k) => {
    const cell = row.cells[k];
    const base = view.base.cells[k];
    if (cell?.kind !== 'measured' || cell.refusalMargin === undefined) return [];
    const key = { ...rowKey, benchmark: column.benchmark };
    const own = number('refusal_margin', key, { value: cell.refusalMargin });
    if (row.stage === 0 || base?.kind !== 'measured') return [own];
    const change =
      cell.notComparable !== undefined || base.refusalMargin === undefined
        ? { value: null, reason: inEnglish(cell.notComparable ?? 'the margin of the base is not measured') }
        : { value: cell.refusalMargin - base.refusalMargin };
    return [own, number('refusal_margin_change', key, change)];
  });
}

function sequenceNumbers(view: MatrixView, R: ScoreMatrix, key: Key): DerivedNumber[] {
  const tasks = selectColumns(R, taskColumns(view, R.length - 1));
  const skills = oldSkills(view.columns);
  return [
    number('average_incremental_accuracy', key, averageIncrementalAccuracy(tasks)),
    number('acc_gem', key, accGem(tasks)),
    number('bwt_gem', key, bwtGem(tasks)),
    number('fwt_gem', key, fwtGem(tasks)),
    number('forgetting_chaudhry', key, fmChaudhry(tasks)),
    number('forgetting_chaudhry_include_base', key, fmChaudhry(tasks, R.length - 1, { includeBase: true })),
    number('forgetting_chaudhry_include_base_old_skills', key, fmChaudhryOldSkills(R, skills)),
    number('fm_rft_own_stage', key, fmRft(tasks, { reference: 'own_stage' })),
    number('fm_rft_peak', key, fmRft(tasks, { reference: 'peak' })),
    number('fm_rft_base', key, fmRft(tasks, { reference: 'base' })),
    number('fg_percent_luo_all_stages', key, fgLuo(R, skills)),
    number('fg_percent_luo_last_stage', key, fgLuoLastStage(R, skills)),
  ];
}

function seedNumbers(average: MatrixView, views: readonly MatrixView[]): DerivedNumber[] {
  return average.blocks.flatMap((block, b) =>
    block.rows.flatMap((row, r) => {
      const key: Key = { arm: block.arm, lr: block.lr, seed: block.seeds[0] ?? 0, stage: row.stage, over: ['seed'] };
      const rows = views.map((view) => view.blocks[b]!.rows[r]!);
      const spread = (pick: (row: MatrixRow) => Total | undefined): Value => {
        const values = rows.flatMap((single) => pick(single)?.value ?? []);
        if (values.length < 2) return { value: null, reason: 'needs at least two measured seeds' };
        return { value: sampleStd(values) };
      };
      if (row.cells.every((cell) => cell.kind === 'missing')) return [];
      return [
        number('gain_seed_mean', key, fromTotal(row.gained, noGain)),
        number(
          'gain_seed_std',
          key,
          spread((single) => single.gained),
        ),
        number('retention_change_seed_mean', key, fromTotal(row.forgot, noRetention)),
        number(
          'retention_change_seed_std',
          key,
          spread((single) => single.forgot),
        ),
      ];
    }),
  );
}

/** One trial after the last stage, as a point of the plane. */
interface TrialPoint {
  block: MatrixBlock;
  stage: number;
  x: number;
  y: number;
}

/** Points of the plane after `stage` (default: the last), means over the seeds of the view. */
export function planePoints(view: MatrixView, stage?: number): TrialPoint[] {
  return view.blocks.flatMap((block) => {
    const row = stage === undefined ? block.rows.at(-1) : block.rows[stage - 1];
    if (!row?.gained || !row.forgot) return [];
    return [{ block, stage: row.stage, x: row.gained.value, y: row.forgot.value }];
  });
}

/** 80 % of the best gain of plain fine-tuning on the ground truth. */
export function matchedGain(run: Pick<RunData, 'config'>, points: readonly TrialPoint[]): Measured {
  const reference = run.config.arms.find(isReferenceArm);
  if (!reference) return { value: null, reason: 'no arm is plain fine-tuning on the ground truth' };
  const gains = points.filter((point) => point.block.arm === reference.name).map((point) => point.x);
  if (gains.length === 0) return { value: null, reason: `"${reference.name}" is not measured after the last stage` };
  const best = Math.max(...gains);
  if (best <= 0) return { value: null, reason: `"${reference.name}" gained nothing at any learning rate` };
  return { value: 0.8 * best };
}

/** The numbers of the learning-forgetting plane; `view` averages over the seeds. They need no items. */
export function planeNumbers(run: Pick<RunData, 'config'>, view: MatrixView): DerivedNumber[] {
  const points = planePoints(view);
  if (points.length === 0) return [];
  const seedOver: ('seed' | 'lr')[] = view.blocks[0]!.seeds.length > 1 ? ['seed'] : [];
  const front = new Set(paretoSet(points));
  const keyOf = ({ block, stage }: TrialPoint, over: ('seed' | 'lr')[]): Key => ({
    arm: block.arm,
    lr: block.lr,
    seed: block.seeds[0] ?? 0,
    stage,
    ...(over.length > 0 ? { over } : {}),
  });
  const matched = matchedGain(run, points);
  const arms = [...new Set(points.map((point) => point.block.arm))];
  return [
    ...points.map((point, k) => number('on_pareto_front', keyOf(point, seedOver), { value: front.has(k) ? 1 : 0 })),
    ...arms.flatMap((arm) => {
      const sweep = points.filter((point) => point.block.arm === arm).sort((a, b) => a.block.lr - b.block.lr);
      const key = keyOf(sweep[0]!, [...seedOver, 'lr']);
      return [
        number('hypervolume', key, { value: hypervolume(sweep) }),
        number('matched_gain', key, matched),
        number('retention_at_matched_gain', key, retentionAtMatchedGain(sweep, matched)),
      ];
    }),
  ];
}

function retentionAtMatchedGain(sweep: readonly TrialPoint[], matched: Measured): Value {
  if (matched.value === null) return matched;
  const value = retentionAtGain([{ x: 0, y: 0 }, ...sweep], matched.value);
  if (value !== null) return { value };
  const best = Math.max(...sweep.map((point) => point.x));
  return { value, reason: `no learning rate reached the gain; the best was ${best.toFixed(3)}` };
}
