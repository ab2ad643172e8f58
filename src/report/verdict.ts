// The answer in words: what every arm gained and forgot, what fell most, and everything that should make a reader careful.
// Whatever cannot be told from noise is said to be so.
import type { DerivedNumber, RunData } from '../shared/records.ts';
import { isReferenceArm } from '../shared/arms.ts';
import { headline } from './headline.ts';
import { lastMeasuredRow } from './matrix.ts';
import type { MatrixBlock, MatrixColumn, MatrixRow, MatrixView, Total } from '../shared/matrixView.ts';
import { targetTable } from './targetTable.ts';
import {
  countWord,
  formatChange,
  formatLearningRate,
  formatPerplexity,
  formatPoints,
  list,
  plainText,
  plural,
  sentence,
} from '../shared/words.ts';

/** What the verdict needs of a run. */
export type VerdictSource = Pick<RunData, 'config' | 'targets' | 'status'>;

/** The verdict as one paragraph. `view` should average over the seeds; `numbers` come from deriveNumbers. */
export function writeVerdict(run: VerdictSource, view: MatrixView, numbers: readonly DerivedNumber[]): string {
  return verdictSentences(run, view, numbers).join(' ');
}

/** The sentences of the verdict, the answer first. */
export function verdictSentences(run: VerdictSource, view: MatrixView, numbers: readonly DerivedNumber[]): string[] {
  const { blocks, lr } = headline(run.config, view);
  if (blocks.length === 0) return [emptyVerdict(view)];
  const rates = new Set(run.config.arms.flatMap((arm) => arm.learningRates));
  return [
    ...mainSentences(run, blocks, rates.size > 1 ? lr : undefined),
    ...hardestHit(view, blocks),
    ...lostTargets(view, blocks),
    ...lenientGap(blocks),
    ...whyItForgets(run, blocks),
    ...(rates.size > 1 ? matchedSentence(run, numbers) : []),
    ...caveats(run, view, blocks, lr),
  ];
}

function emptyVerdict(view: MatrixView): string {
  const base = view.base.cells.some((cell) => cell.kind === 'measured');
  return base
    ? 'The base model is measured; no arm has been measured yet.'
    : 'Nothing has been measured yet: the base model comes first.';
}

const name = (text: string): string => plainText(text);

/** The targets in words: `subtraction`, `the mean of subtraction and new-api`. */
function benchmarksInWords(total: Total): string {
  const names = list(total.benchmarks.map(name));
  return total.benchmarks.length > 1 ? `the mean of ${names}` : names;
}

function skillsInWords(total: Total): string {
  return total.benchmarks.length === 1
    ? `the old skill ${name(total.benchmarks[0] ?? '')}`
    : `the ${countWord(total.benchmarks.length)} old skills`;
}

/** `gained 41 points on subtraction`, or honestly less. */
function gainPhrase(total: Total | undefined, brief: boolean): string {
  if (!total) return 'has no measured gain';
  const on = brief ? '' : ` on ${benchmarksInWords(total)}`;
  if (total.significant === false) {
    return brief
      ? `did not clearly gain (${formatChange(total.value)})`
      : `did not clearly change ${benchmarksInWords(total)} (${formatChange(total.value)} points, interval includes zero)`;
  }
  const verb = total.value >= 0 ? 'gained' : 'lost';
  return `${verb} ${formatPoints(total.value)}${brief ? '' : ' points'}${on}${total.value < 0 ? ' itself' : ''}`;
}

function forgetPhrase(total: Total | undefined, brief: boolean): string {
  if (!total) return 'old skills not measured yet';
  const on = brief ? '' : ` on ${skillsInWords(total)}`;
  if (total.significant === false) {
    const change = total.value === 0 ? 'no change' : `${formatChange(total.value)}, within noise`;
    return brief ? `kept them (${change})` : `kept ${skillsInWords(total)} (${change})`;
  }
  if (total.value <= 0) return `lost ${formatPoints(total.value)}${on}`;
  return `improved ${brief ? 'them' : skillsInWords(total)} by ${formatPoints(total.value)}`;
}

/** "Training on ground truth gained 41 points on subtraction and lost 38 on the eight old skills; ...", then the others. */
function mainSentences(run: VerdictSource, blocks: readonly MatrixBlock[], lr: number | undefined): string[] {
  const phrases = blocks.map((block, index) => {
    const row = lastMeasuredRow(block);
    const stages = run.config.experiment.stages.length;
    const partly = row && row.stage < stages ? ` (after stage ${row.stage} of ${stages})` : '';
    // Later arms leave out what the first has said, unless they are measured on something else.
    const brief = index > 0 && sameColumns(row, lastMeasuredRow(blocks[0]!));
    const subject = index === 0 ? `Training on ${name(block.arm)}` : name(block.arm);
    return `${subject}${partly} ${gainPhrase(row?.gained, brief)} and ${forgetPhrase(row?.forgot, brief)}`;
  });
  const where = lr === undefined ? '' : `At learning rate ${formatLearningRate(lr)}, `;
  // Two arms make the headline; the rest follows in a sentence of its own.
  const first = phrases.slice(0, 2).join('; ');
  const others = phrases.slice(2).join('; ');
  const main = `${where}${where === '' ? first : first.charAt(0).toLowerCase() + first.slice(1)}.`;
  return others === '' ? [main] : [main, `${sentence(others)}.`];
}

function sameColumns(a: MatrixRow | undefined, b: MatrixRow | undefined): boolean {
  const key = (row: MatrixRow | undefined): string =>
    JSON.stringify([row?.gained?.benchmarks, row?.forgot?.benchmarks]);
  return key(a) === key(b);
}

/** The clearest drops of the arm that forgot most. */
function hardestHit(view: MatrixView, blocks: readonly MatrixBlock[]): string[] {
  const worst = blocks
    .map((block) => ({ block, row: lastMeasuredRow(block) }))
    .filter(({ row }) => row?.forgot?.significant === true && row.forgot.value < 0)
    .sort((a, b) => (a.row?.forgot?.value ?? 0) - (b.row?.forgot?.value ?? 0))[0];
  if (!worst?.row) return [];
  const drops = clearDrops(view, worst.row, (column) => column.role !== 'target').slice(0, 3);
  if (drops.length === 0) return [];
  const where = blocks.length > 1 ? ` under ${name(worst.block.arm)}` : '';
  return [
    `Hardest hit${where}: ${list(drops.map((drop) => `${name(drop.benchmark)} (${formatChange(drop.value)})`))}.`,
  ];
}

function clearDrops(
  view: MatrixView,
  row: MatrixRow,
  pick: (column: MatrixColumn) => boolean,
): { benchmark: string; value: number }[] {
  return view.columns
    .flatMap((column, k) => {
      const cell = row.cells[k];
      const change = cell?.kind === 'measured' ? cell.change : undefined;
      if (!change?.significant || change.value >= 0 || !pick(column) || column.insensitive) return [];
      return [{ benchmark: column.benchmark, value: change.value }];
    })
    .sort((a, b) => a.value - b.value);
}

/** Targets of earlier stages that a later stage took back. */
function lostTargets(view: MatrixView, blocks: readonly MatrixBlock[]): string[] {
  const parts = blocks.flatMap((block) => {
    const last = lastMeasuredRow(block);
    return view.columns.flatMap((column, k) => {
      const taught = column.taughtAt[0];
      if (taught === undefined || !last || taught >= last.stage || column.taughtAt.includes(last.stage)) return [];
      const then = block.rows[taught - 1]?.cells[k];
      const now = last.cells[k];
      if (then?.kind !== 'measured' || now?.kind !== 'measured') return [];
      const drop = now.score - then.score;
      // Overlapping intervals of the two scores: not worth a sentence.
      if (drop >= 0 || now.hi >= then.lo) return [];
      return [`${name(block.arm)} ${formatPoints(drop)} of ${name(column.benchmark)}`];
    });
  });
  if (parts.length === 0) return [];
  return [`Later stages took back what an earlier one had taught: ${list(parts)}.`];
}

/** Says when much of a loss is format and not skill (pitfall 2). */
function lenientGap(blocks: readonly MatrixBlock[]): string[] {
  const parts = blocks.flatMap((block) => {
    const forgot = lastMeasuredRow(block)?.forgot;
    if (!forgot || forgot.value >= 0 || forgot.lenient - forgot.value < 0.05) return [];
    return [`${name(block.arm)} ${formatChange(forgot.lenient)} instead of ${formatChange(forgot.value)}`];
  });
  if (parts.length === 0) return [];
  return [`Scored leniently the change is smaller (${parts.join('; ')}): part of it is format, not skill.`];
}

/** How hard the targets were to predict, for arms that differ in nothing else. */
function whyItForgets(run: VerdictSource, blocks: readonly MatrixBlock[]): string[] {
  const lastStage = Math.max(...run.targets.map((record) => record.stage), 0);
  const rows = targetTable(run).filter((row) => row.stage === 1 && lastStage > 0);
  const shown = new Set(blocks.map((block) => block.arm));
  const truth = rows.find((row) => row.source === 'Ground truth' && row.arms.some((arm) => shown.has(arm)));
  const own = rows.find((row) => row.source === 'Own output' && row.arms.some((arm) => shown.has(arm)));
  if (!truth || !own) return [];
  const order = truth.pplMean > own.pplMean ? 'harder' : 'no harder';
  return [
    `For the base model the ground truth was ${order} to predict (perplexity ${formatPerplexity(truth.pplMean)}) than its own output (${formatPerplexity(own.pplMean)}).`,
  ];
}

/** Arms at the same learning, where learning rates were swept. */
function matchedSentence(run: VerdictSource, numbers: readonly DerivedNumber[]): string[] {
  const gain = numbers.find((entry) => entry.definition === 'matched_gain')?.value;
  const matched = numbers.filter((entry) => entry.definition === 'retention_at_matched_gain');
  if (gain === null || gain === undefined || matched.length < 2) return [];
  const parts = matched.map((entry) =>
    entry.value === null ? `${name(entry.arm)} never got there` : `${name(entry.arm)} ${formatChange(entry.value)}`,
  );
  const reference = run.config.arms.find(isReferenceArm)?.name ?? 'the reference';
  return [
    `At the same gain of ${formatPoints(gain)} points (80 % of the best of ${name(reference)}), the old skills changed by: ${parts.join(', ')}.`,
  ];
}

function caveats(
  run: VerdictSource,
  view: MatrixView,
  blocks: readonly MatrixBlock[],
  lr: number | undefined,
): string[] {
  const { seeds } = run.config.experiment;
  const said: string[] = [];
  const insensitive = view.columns.filter((column) => column.insensitive).map((column) => name(column.benchmark));
  if (insensitive.length > 0) {
    said.push(`Left out, because the base is at chance there: ${list(insensitive)}.`);
  }
  const broken = view.columns
    .filter((_, k) => blocks.some((block) => block.rows.some((row) => isIncomparable(row, k))))
    .map((column) => name(column.benchmark));
  if (broken.length > 0) said.push(`Not comparable with the base, and left out: ${list(broken)}.`);
  const planned = view.blocks.length;
  const finished = view.blocks.filter(isFinished).length;
  if (finished < planned) {
    const what =
      planned > run.config.arms.length ? 'arms and learning rates are' : planned === 1 ? 'arm is' : 'arms are';
    said.push(`${sentence(countWord(finished))} of ${countWord(planned)} ${what} measured to the end.`);
  }
  if (lr === undefined && blocks.length > 1) {
    said.push('The arms share no learning rate; each is shown where it gained most.');
  }
  if (seeds.length === 1) said.push('One seed: differences of a few points between arms may be luck.');
  else said.push(`Means over ${plural(seeds.length, 'seed')}; intervals are over items.`);
  return said;
}

/** Every benchmark is measured after the last stage for every seed. */
function isFinished(block: MatrixBlock): boolean {
  return (
    block.rows.at(-1)?.cells.every((cell) => cell.kind === 'measured' && cell.seeds === block.seeds.length) === true
  );
}

function isIncomparable(row: MatrixRow, k: number): boolean {
  const cell = row.cells[k];
  return cell?.kind === 'measured' && cell.notComparable !== undefined;
}
