// A cell in words: everything behind its number, for the tip and for screen readers.
import { trialTitle } from '../../src/shared/arms.ts';
import type { MatrixBlock, MatrixColumn, MeasuredCell, Total } from '../../src/shared/matrixView.ts';
import type { Words } from '../../src/shared/phrase.ts';
import { rateName } from '../../src/shared/rates.ts';
import type { HeatmapData } from '../../src/shared/protocol/lab/runs.ts';
import { formatChange, formatCount, formatMargin, formatP, formatScore, formatShare } from '../../src/shared/words.ts';
import { say, text } from '../ui/host.ts';
import { rowsOf, showCell, showTotal } from './model.ts';
import type { Mode, ShownCell } from './model.ts';

/** What an arm is called in a heading: with its learning rate and seeds where there are several. */
export function blockTitle(data: HeatmapData, block: MatrixBlock): string {
  const title = trialTitle(data.config, block.arm, block.lr);
  return block.seeds.length > 1 ? `${title} \u00b7 ${text('mean of {0} seeds', block.seeds.length)}` : title;
}

/** Names of the column groups. */
export function groupTitles(): Record<MatrixColumn['role'], string> {
  return { target: text('new task'), skill: text('old skills'), safety: text('safety'), format: text('format') };
}

/** Benchmark, arm and stage; the base is the same for all arms and stands there once. */
function cellName(data: HeatmapData, block: MatrixBlock, stage: number, column: number): string {
  const arm = stage > 0 && trialTitle(data.config, block.arm, block.lr);
  const row = say(rowsOf(data.view, block)[stage]?.label ?? '');
  return [data.view.columns[column]?.benchmark, arm, row].filter(Boolean).join(', ');
}

/** One line that says what a cell shows, for screen readers. */
export function cellLabel(data: HeatmapData, block: MatrixBlock, stage: number, column: number, mode: Mode): string {
  const name = cellName(data, block, stage, column);
  const shown = showCell(data.view, block, stage, column, mode);
  return `${name}: ${[shownInWords(shown), say(shown.reason ?? '')].filter((part) => part).join(', ')}`;
}

function shownInWords(shown: ShownCell): string {
  switch (shown.kind) {
    case 'missing':
      return text('not measured yet');
    case 'score':
    case 'plain':
      return text('score {0}', shown.text);
    case 'change':
    case 'hatched': {
      const noise = shown.muted && shown.kind === 'change' ? `, ${text('interval includes zero')}` : '';
      const breach = shown.breach && shown.kind === 'change' ? `, ${text('below the forgetting budget')}` : '';
      return `${text('change {0} points', shown.text)}${noise}${breach}`;
    }
  }
}

/** Everything behind a cell, heading first: the tip, and for screen readers the description of the cell. */
export function cellLines(data: HeatmapData, block: MatrixBlock, stage: number, column: number, mode: Mode): string[] {
  const { view } = data;
  const head = view.columns[column];
  const row = rowsOf(view, block)[stage];
  const cell = row?.cells[column];
  if (!head || !row || !cell) return [];
  const heading = cellName(data, block, stage, column);
  if (cell.kind === 'missing') return [heading, text('not measured yet')];
  const shown = showCell(view, block, stage, column, mode);
  return [
    heading,
    say(shown.reason ?? ''),
    text(
      'score {0} (95 % {1} to {2}), n = {3}',
      formatScore(cell.score),
      formatScore(cell.lo),
      formatScore(cell.hi),
      formatCount(cell.n),
    ),
    changeLine(cell, data.pending),
    flipsLine(cell, shown),
    bestLine(shown),
    text('lenient scoring {0}, readable answers {1}', formatScore(cell.lenient), formatShare(cell.parseRate)),
    seedLine(cell),
    ...Object.entries(cell.rates).map(([id, rate]) => `${say(rateName(id))} ${formatScore(rate)}`),
    cell.refusalMargin === undefined
      ? ''
      : text('first-token refusal margin {0} nats', formatMargin(cell.refusalMargin)),
    cell.breach ? text('below the forgetting budget') : '',
    text('judged by {0}, protocol {1}', head.scorer, cell.protocol.slice(0, 12)),
  ].filter((line) => line !== '');
}

function changeLine({ change }: MeasuredCell, pending: boolean): string {
  if (!change) return '';
  const words = text('change against the base {0} points', formatChange(change.value));
  if (change.lo === undefined || change.hi === undefined) {
    const why = change.note !== undefined ? say(change.note) : pending ? text('interval is being computed') : '';
    return why === '' ? words : `${words}, ${why}`;
  }
  return `${words} ${text('(95 % {0} to {1}, paired bootstrap over items)', formatChange(change.lo), formatChange(change.hi))}`;
}

function bestLine({ best, text: shown, muted }: ShownCell): string {
  if (!best || best.stage === 0) return '';
  const words = text(
    'change against the best score so far, {0} {1}: {2} points',
    formatScore(best.cell.score),
    say(best.label),
    shown,
  );
  return muted ? `${words}, ${text('the intervals of the two scores overlap')}` : words;
}

/** The flips are those against the base: said where the cell shows another change. */
function flipsLine({ change }: MeasuredCell, { best }: ShownCell): string {
  if (!change?.flips) return '';
  const { lost, gained, p } = change.flips;
  if (best && best.stage > 0)
    return text('against the base, answers lost {0}, gained {1}, McNemar {2}', lost, gained, formatP(p));
  return text('answers lost {0}, gained {1}, McNemar {2}', lost, gained, formatP(p));
}

function seedLine(cell: MeasuredCell): string {
  if (cell.seeds < 2 || cell.seedStd === undefined) return '';
  return text('mean of {0} seeds, standard deviation {1}', cell.seeds, formatScore(cell.seedStd));
}

/** What a column measures. */
export function columnLines(column: MatrixColumn): string[] {
  return [
    column.benchmark,
    text('judged by {0}', column.scorer),
    column.chance > 0 ? text('guessing scores {0}', formatScore(column.chance)) : '',
    column.taughtAt.length > 0 ? text('taught at stage {0}', column.taughtAt.join(', ')) : '',
    column.guarded ? text('counts towards the forgetting budget') : '',
    say(column.insensitive ?? ''),
  ].filter((line) => line !== '');
}

/** What a total is the mean of. */
export function totalLines(name: string, definition: Words, total: Total | undefined): string[] {
  if (!total) return [name, say(definition), text('not every benchmark is measured yet')];
  const { value, lo, hi, significant } = total;
  const interval =
    lo === undefined || hi === undefined
      ? text('no interval')
      : text('95 % {0} to {1}', formatChange(lo), formatChange(hi)) +
        (significant === false ? `, ${text('includes zero')}` : '');
  return [
    `${name} ${formatChange(value)} (${showTotal(total).tone === 'missing' ? '' : interval})`,
    say(definition),
    text('mean of the benchmarks {0}', total.benchmarks.join(', ')),
    text('lenient scoring {0}', formatChange(total.lenient)),
  ];
}
