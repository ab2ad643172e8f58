// The answer in words: what every arm gained and forgot, what fell most, and everything that should make a reader careful.
// Whatever cannot be told from noise is said to be so.
import type { DerivedNumber, RunData } from '../shared/records.ts';
import { isReferenceArm } from '../shared/arms.ts';
import { headline } from './headline.ts';
import { lastMeasuredRow } from './matrix.ts';
import type { MatrixBlock, MatrixColumn, MatrixRow, MatrixView, Total } from '../shared/matrixView.ts';
import { capital, inEnglish, joined, joinedBySemicolon, listed, phrase } from '../shared/phrase.ts';
import type { Phrase, Words } from '../shared/phrase.ts';
import {
  countWord,
  formatChange,
  formatLearningRate,
  formatPerplexity,
  formatPoints,
  plainText,
} from '../shared/words.ts';
import { targetTable } from './targetTable.ts';

/** What the verdict needs of a run. */
export type VerdictSource = Pick<RunData, 'config' | 'targets' | 'status'>;

/** The verdict as one paragraph, in English. `view` should average over the seeds; `numbers` come from deriveNumbers. */
export function writeVerdict(run: VerdictSource, view: MatrixView, numbers: readonly DerivedNumber[]): string {
  return verdictSentences(run, view, numbers).map(inEnglish).join(' ');
}

/** The sentences of the verdict, the answer first. */
export function verdictSentences(run: VerdictSource, view: MatrixView, numbers: readonly DerivedNumber[]): Phrase[] {
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

function emptyVerdict(view: MatrixView): Phrase {
  const base = view.base.cells.some((cell) => cell.kind === 'measured');
  return base
    ? phrase('The base model is measured; no arm has been measured yet.')
    : phrase('Nothing has been measured yet: the base model comes first.');
}

const name = (text: string): string => plainText(text);

/** The targets in words: `subtraction`, `the mean of subtraction and new-api`. */
function benchmarksInWords(total: Total): Words {
  const names = listed(total.benchmarks.map(name));
  return total.benchmarks.length > 1 ? phrase('the mean of {0}', names) : names;
}

function skillsInWords(total: Total): Phrase {
  return total.benchmarks.length === 1
    ? phrase('the old skill {0}', name(total.benchmarks[0] ?? ''))
    : phrase('the {0} old skills', countWord(total.benchmarks.length));
}

/** `gained 41 points on subtraction`, or honestly less. */
function gainPhrase(total: Total | undefined, brief: boolean): Phrase {
  if (!total) return phrase('has no measured gain');
  const [points, change] = [formatPoints(total.value), formatChange(total.value)];
  if (total.significant === false) {
    return brief
      ? phrase('did not clearly gain ({0})', change)
      : phrase('did not clearly change {0} ({1} points, interval includes zero)', benchmarksInWords(total), change);
  }
  if (total.value >= 0) {
    return brief ? phrase('gained {0}', points) : phrase('gained {0} points on {1}', points, benchmarksInWords(total));
  }
  return brief
    ? phrase('lost {0} itself', points)
    : phrase('lost {0} points on {1} itself', points, benchmarksInWords(total));
}

/** The second half of what is said of an arm, with its `and`. */
function forgetPhrase(total: Total | undefined, brief: boolean): Phrase {
  if (!total) return phrase('and old skills not measured yet');
  const points = formatPoints(total.value);
  if (total.significant === false) {
    const change = total.value === 0 ? phrase('no change') : phrase('{0}, within noise', formatChange(total.value));
    return brief ? phrase('and kept them ({0})', change) : phrase('and kept {0} ({1})', skillsInWords(total), change);
  }
  if (total.value <= 0) {
    return brief ? phrase('and lost {0}', points) : phrase('and lost {0} on {1}', points, skillsInWords(total));
  }
  return brief
    ? phrase('and improved them by {0}', points)
    : phrase('and improved {0} by {1}', skillsInWords(total), points);
}

/** "Training on ground truth gained 41 points on subtraction and lost 38 on the eight old skills; ...", then the others. */
function mainSentences(run: VerdictSource, blocks: readonly MatrixBlock[], lr: number | undefined): Phrase[] {
  const phrases = blocks.map((block, index) => {
    const row = lastMeasuredRow(block);
    const stages = run.config.experiment.stages.length;
    // Later arms leave out what the first has said, unless they are measured on something else.
    const brief = index > 0 && sameColumns(row, lastMeasuredRow(blocks[0]!));
    const arm = index === 0 ? phrase('training on {0}', name(block.arm)) : name(block.arm);
    const subject = row && row.stage < stages ? phrase('{0} (after stage {1} of {2})', arm, row.stage, stages) : arm;
    return phrase('{0} {1} {2}', subject, gainPhrase(row?.gained, brief), forgetPhrase(row?.forgot, brief));
  });
  // Two arms make the headline; the rest follows in a sentence of its own.
  const first = joinedBySemicolon(phrases.slice(0, 2));
  const main =
    lr === undefined
      ? capital(phrase('{0}.', first))
      : phrase('At learning rate {0}, {1}.', formatLearningRate(lr), first);
  const others = phrases.slice(2);
  return others.length === 0 ? [main] : [main, capital(phrase('{0}.', joinedBySemicolon(others)))];
}

function sameColumns(a: MatrixRow | undefined, b: MatrixRow | undefined): boolean {
  const key = (row: MatrixRow | undefined): string =>
    JSON.stringify([row?.gained?.benchmarks, row?.forgot?.benchmarks]);
  return key(a) === key(b);
}

/** The clearest drops of the arm that forgot most. */
function hardestHit(view: MatrixView, blocks: readonly MatrixBlock[]): Phrase[] {
  const worst = blocks
    .map((block) => ({ block, row: lastMeasuredRow(block) }))
    .filter(({ row }) => row?.forgot?.significant === true && row.forgot.value < 0)
    .sort((a, b) => (a.row?.forgot?.value ?? 0) - (b.row?.forgot?.value ?? 0))[0];
  if (!worst?.row) return [];
  const drops = clearDrops(view, worst.row, (column) => column.role !== 'target').slice(0, 3);
  if (drops.length === 0) return [];
  const hit = listed(drops.map((drop) => phrase('{0} ({1})', name(drop.benchmark), formatChange(drop.value))));
  return blocks.length > 1
    ? [phrase('Hardest hit under {0}: {1}.', name(worst.block.arm), hit)]
    : [phrase('Hardest hit: {0}.', hit)];
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
function lostTargets(view: MatrixView, blocks: readonly MatrixBlock[]): Phrase[] {
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
      return [phrase('{0} {1} of {2}', name(block.arm), formatPoints(drop), name(column.benchmark))];
    });
  });
  if (parts.length === 0) return [];
  return [phrase('Later stages took back what an earlier one had taught: {0}.', listed(parts))];
}

/** Says when much of a loss is format and not skill (pitfall 2). */
function lenientGap(blocks: readonly MatrixBlock[]): Phrase[] {
  const parts = blocks.flatMap((block) => {
    const forgot = lastMeasuredRow(block)?.forgot;
    if (!forgot || forgot.value >= 0 || forgot.lenient - forgot.value < 0.05) return [];
    return [
      phrase('{0} {1} instead of {2}', name(block.arm), formatChange(forgot.lenient), formatChange(forgot.value)),
    ];
  });
  if (parts.length === 0) return [];
  const gaps = joinedBySemicolon(parts);
  return [phrase('Scored leniently the change is smaller ({0}): part of it is format, not skill.', gaps)];
}

/** How hard the targets were to predict, for arms that differ in nothing else. */
function whyItForgets(run: VerdictSource, blocks: readonly MatrixBlock[]): Phrase[] {
  const lastStage = Math.max(...run.targets.map((record) => record.stage), 0);
  const rows = targetTable(run).filter((row) => row.stage === 1 && lastStage > 0);
  const shown = new Set(blocks.map((block) => block.arm));
  const truth = rows.find((row) => row.source === 'Ground truth' && row.arms.some((arm) => shown.has(arm)));
  const own = rows.find((row) => row.source === 'Own output' && row.arms.some((arm) => shown.has(arm)));
  if (!truth || !own) return [];
  const [hard, easy] = [formatPerplexity(truth.pplMean), formatPerplexity(own.pplMean)];
  return truth.pplMean > own.pplMean
    ? [
        phrase(
          'For the base model the ground truth was harder to predict (perplexity {0}) than its own output ({1}).',
          hard,
          easy,
        ),
      ]
    : [
        phrase(
          'For the base model the ground truth was no harder to predict (perplexity {0}) than its own output ({1}).',
          hard,
          easy,
        ),
      ];
}

/** Arms at the same learning, where learning rates were swept. */
function matchedSentence(run: VerdictSource, numbers: readonly DerivedNumber[]): Phrase[] {
  const gain = numbers.find((entry) => entry.definition === 'matched_gain')?.value;
  const matched = numbers.filter((entry) => entry.definition === 'retention_at_matched_gain');
  if (gain === null || gain === undefined || matched.length < 2) return [];
  const parts = matched.map((entry) =>
    entry.value === null
      ? phrase('{0} never got there', name(entry.arm))
      : phrase('{0} {1}', name(entry.arm), formatChange(entry.value)),
  );
  const reference = run.config.arms.find(isReferenceArm)?.name;
  return [
    phrase(
      'At the same gain of {0} points (80 % of the best of {1}), the old skills changed by: {2}.',
      formatPoints(gain),
      reference === undefined ? phrase('the reference') : name(reference),
      joined(parts),
    ),
  ];
}

function caveats(
  run: VerdictSource,
  view: MatrixView,
  blocks: readonly MatrixBlock[],
  lr: number | undefined,
): Phrase[] {
  const { seeds } = run.config.experiment;
  const said: Phrase[] = [];
  const insensitive = view.columns.filter((column) => column.insensitive).map((column) => name(column.benchmark));
  if (insensitive.length > 0) {
    said.push(phrase('Left out, because the base is at chance there: {0}.', listed(insensitive)));
  }
  const broken = view.columns
    .filter((_, k) => blocks.some((block) => block.rows.some((row) => isIncomparable(row, k))))
    .map((column) => name(column.benchmark));
  if (broken.length > 0) said.push(phrase('Not comparable with the base, and left out: {0}.', listed(broken)));
  const finished = view.blocks.filter(isFinished).length;
  if (finished < view.blocks.length) said.push(finishedSentence(run, finished, view.blocks.length));
  if (lr === undefined && blocks.length > 1) {
    said.push(phrase('The arms share no learning rate; each is shown where it gained most.'));
  }
  if (seeds.length === 1) said.push(phrase('One seed: differences of a few points between arms may be luck.'));
  else said.push(phrase('Means over {0} seeds; intervals are over items.', seeds.length));
  return said;
}

function finishedSentence(run: VerdictSource, finished: number, planned: number): Phrase {
  const counts = [countWord(finished), countWord(planned)] as const;
  if (planned > run.config.arms.length) {
    return capital(phrase('{0} of {1} arms and learning rates are measured to the end.', ...counts));
  }
  return planned === 1
    ? capital(phrase('{0} of {1} arm is measured to the end.', ...counts))
    : capital(phrase('{0} of {1} arms are measured to the end.', ...counts));
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
