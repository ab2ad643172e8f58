// Forgetting and transfer by their published definitions (methods 5.2), as pure functions of the score matrix R. Names are
// exact because the definitions differ in sign and size (pitfall 3): never show one of these without its name.

/** R[i][j]: score of column j after stage i, row 0 is the untouched base. `null` is a cell that was not measured. */
export type ScoreMatrix = readonly (readonly (number | null)[])[];

/** A number, or the reason why there is none. */
export type Measured = { value: number; reason?: never } | { value: null; reason: string };

const found = (value: number): Measured => ({ value });
const absent = (reason: string): Measured => ({ value: null, reason });

/** Stages in R, its rows without the base. */
function stagesOf(R: ScoreMatrix): number {
  return R.length - 1;
}

function cell(R: ScoreMatrix, stage: number, column: number): Measured {
  const value = R[stage]?.[column];
  if (value === undefined || value === null) return absent(`no score in column ${column + 1} after stage ${stage}`);
  return Number.isFinite(value)
    ? found(value)
    : absent(`score in column ${column + 1} after stage ${stage} is not finite`);
}

/** Mean of the parts; the first missing part's reason when one is missing, `none` when there are none. */
function meanOf(parts: readonly Measured[], none: string): Measured {
  if (parts.length === 0) return absent(none);
  let sum = 0;
  for (const part of parts) {
    if (part.value === null) return part;
    sum += part.value;
  }
  return found(sum / parts.length);
}

function difference(a: Measured, b: Measured): Measured {
  if (a.value === null) return a;
  if (b.value === null) return b;
  return found(a.value - b.value);
}

/** Largest of the parts; missing when any part is, because the missing one could be the largest. */
function maximum(parts: readonly Measured[], none: string): Measured {
  if (parts.length === 0) return absent(none);
  let best = -Infinity;
  for (const part of parts) {
    if (part.value === null) return part;
    best = Math.max(best, part.value);
  }
  return found(best);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, k) => from + k);
}

/** R reduced to the given columns, in that order. For the task definitions, column k-1 must be the task of stage k. */
export function selectColumns(R: ScoreMatrix, columns: readonly number[]): (number | null)[][] {
  return R.map((row) => columns.map((column) => row[column] ?? null));
}

/** AA_i = mean over j <= i of R[i][j] (methods 5.2.1). */
export function averageAccuracy(R: ScoreMatrix, stage: number): Measured {
  return meanOf(
    range(1, stage).map((task) => cell(R, stage, task - 1)),
    'no stage has been trained',
  );
}

/** Mean over stages of AA_i (methods 5.2.1). */
export function averageIncrementalAccuracy(R: ScoreMatrix): Measured {
  return meanOf(
    range(1, stagesOf(R)).map((stage) => averageAccuracy(R, stage)),
    'no stage has been trained',
  );
}

/** ACC of GEM (1706.08840; methods 5.2.2): mean over tasks of the final row. */
export function accGem(R: ScoreMatrix): Measured {
  return averageAccuracy(R, stagesOf(R));
}

/** BWT of GEM (1706.08840; methods 5.2.2): mean over j < T of R[T][j] - R[j][j]. Negative is forgetting. */
export function bwtGem(R: ScoreMatrix): Measured {
  const last = stagesOf(R);
  return meanOf(
    range(1, last - 1).map((task) => difference(cell(R, last, task - 1), cell(R, task, task - 1))),
    'needs at least two stages',
  );
}

/** FWT of GEM (1706.08840; methods 5.2.2): mean over j >= 2 of R[j-1][j] - R[0][j]. */
export function fwtGem(R: ScoreMatrix): Measured {
  return meanOf(
    range(2, stagesOf(R)).map((task) => difference(cell(R, task - 1, task - 1), cell(R, 0, task - 1))),
    'needs at least two stages',
  );
}

/**
 * f_j^i of Chaudhry et al. (1801.10112; methods 5.2.3): best earlier score of `column` minus its score after `stage`.
 * Positive is forgetting. `includeBase` lets the best range over the base row too, as capabilities that the base already
 * had need it.
 */
export function forgettingChaudhry(
  R: ScoreMatrix,
  stage: number,
  column: number,
  options: { includeBase?: boolean } = {},
): Measured {
  const earlier = range(options.includeBase ? 0 : 1, stage - 1).map((row) => cell(R, row, column));
  return difference(maximum(earlier, 'no earlier stage to compare with'), cell(R, stage, column));
}

/** FM_i of Chaudhry et al. (1801.10112; methods 5.2.3): mean of f_j^i over the tasks learnt before `stage`. */
export function fmChaudhry(
  R: ScoreMatrix,
  stage: number = stagesOf(R),
  options: { includeBase?: boolean } = {},
): Measured {
  return meanOf(
    range(1, stage - 1).map((task) => forgettingChaudhry(R, stage, task - 1, options)),
    'needs at least two stages',
  );
}

/** f_j^T with the base included, averaged over columns that no stage trains: old skills (methods 5.2.3, include_base). */
export function fmChaudhryOldSkills(R: ScoreMatrix, columns: readonly number[]): Measured {
  return meanOf(
    columns.map((column) => forgettingChaudhry(R, stagesOf(R), column, { includeBase: true })),
    'no old skill to compare',
  );
}

/** I_i of Chaudhry et al. (1801.10112; methods 5.2.3): reference score (single-task or joint training) minus R[i][i]. */
export function intransigence(R: ScoreMatrix, stage: number, reference: number | null): Measured {
  if (reference === null) return absent('needs a model trained on the task alone, or jointly');
  return difference(found(reference), cell(R, stage, stage - 1));
}

/** What a final score is compared with in `fmRft`: right after learning the task, the best of stages 1..T-1, or the base. */
export type FmReference = 'own_stage' | 'peak' | 'base';

/** `rft`: final - reference, negative is forgetting. `chaudhry`: reference - final, positive is forgetting. */
export type FmSign = 'rft' | 'chaudhry';

/** FM as in reinforcement fine-tuning in a sequence (2507.05386; methods 5.2.4), over the tasks before the last. */
export function fmRft(R: ScoreMatrix, options: { sign?: FmSign; reference?: FmReference } = {}): Measured {
  const { sign = 'rft', reference = 'own_stage' } = options;
  const last = stagesOf(R);
  const parts = range(1, last - 1).map((task) => {
    const column = task - 1;
    const references: Record<FmReference, () => Measured> = {
      own_stage: () => cell(R, task, column),
      peak: () =>
        maximum(
          range(1, last - 1).map((row) => cell(R, row, column)),
          'no earlier stage',
        ),
      base: () => cell(R, 0, column),
    };
    const change = difference(cell(R, last, column), references[reference]());
    return change.value !== null && sign === 'chaudhry' ? found(-change.value) : change;
  });
  return meanOf(parts, 'needs at least two stages');
}

/** (after - before) / before; no value when the base is zero. */
function relativeChange(before: Measured, after: Measured): Measured {
  if (before.value === null) return before;
  if (after.value === null) return after;
  if (before.value === 0) return absent('a relative change needs a base score above zero');
  return found((after.value - before.value) / before.value);
}

function fgLuoAt(R: ScoreMatrix, stage: number, columns: readonly number[]): Measured {
  const parts = columns.map((column) => {
    const change = relativeChange(cell(R, 0, column), cell(R, stage, column));
    return change.value === null ? change : found(-100 * change.value);
  });
  return meanOf(parts, 'no old skill to compare');
}

/**
 * FG of Luo et al. (2308.08747; methods 5.2.5): mean over `columns` and over all stages of (R0 - Rm) / R0, in percent.
 * Positive is forgetting.
 */
export function fgLuo(R: ScoreMatrix, columns: readonly number[]): Measured {
  return meanOf(
    range(1, stagesOf(R)).map((stage) => fgLuoAt(R, stage, columns)),
    'no stage has been trained',
  );
}

/** The same as `fgLuo` after the last stage only, in percent. */
export function fgLuoLastStage(R: ScoreMatrix, columns: readonly number[]): Measured {
  return stagesOf(R) < 1 ? absent('no stage has been trained') : fgLuoAt(R, stagesOf(R), columns);
}

/** TI of the STM paper (2501.14315; methods 5.2.6): relative change of the target against the base, in percent. */
export function tiStm(R: ScoreMatrix, target: number, stage = 1): Measured {
  const change = relativeChange(cell(R, 0, target), cell(R, stage, target));
  return change.value === null ? change : found(100 * change.value);
}

/**
 * "BWT% (relative, STM)" (2501.14315; methods 5.2.6): mean relative change of the other columns against the base, in
 * percent. Not GEM's BWT although it borrows the name.
 */
export function bwtPercentStm(R: ScoreMatrix, columns: readonly number[], stage = 1): Measured {
  const parts = columns.map((column) => {
    const change = relativeChange(cell(R, 0, column), cell(R, stage, column));
    return change.value === null ? change : found(100 * change.value);
  });
  return meanOf(parts, 'no other benchmark to compare');
}

/** Mean absolute change against the base in points (x100), as in selective self-rehearsal (2409.04787; methods 5.2.7). */
export function meanDeltaPoints(R: ScoreMatrix, columns: readonly number[], stage: number): Measured {
  const mean = meanOf(
    columns.map((column) => difference(cell(R, stage, column), cell(R, 0, column))),
    'no old skill to compare',
  );
  return mean.value === null ? mean : found(100 * mean.value);
}

/** (score - chance) / (1 - chance): 0 is guessing, 1 is perfect (methods 5.2.8). */
export function chanceCorrected(score: number, chance: number): number {
  if (!(chance >= 0 && chance < 1)) throw new RangeError(`chance must be in [0, 1), not ${chance}`);
  return (score - chance) / (1 - chance);
}

/** LLL score of LAMOL (1909.03329; methods 5.2.9): mean and sample deviation over task orders of the final task means. */
export function lllScore(finalScoresPerOrder: readonly (readonly number[])[]): { mean: Measured; std: Measured } {
  const means = finalScoresPerOrder.map((scores) => meanOf(scores.map(found), 'an order without tasks'));
  const mean = meanOf(means, 'no task order');
  if (mean.value === null) return { mean, std: mean };
  if (means.length < 2) return { mean, std: absent('a deviation needs at least two task orders') };
  const centre = mean.value;
  const squares = means.reduce((sum, part) => sum + ((part.value ?? centre) - centre) ** 2, 0);
  return { mean, std: found(Math.sqrt(squares / (means.length - 1))) };
}
