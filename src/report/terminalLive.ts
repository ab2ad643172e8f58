// The block a terminal shows while a run works: what is going on, how fast, how long it will still take, and the matrix
// filling in. A pure function of its state; nothing moves but what changed.
import { inEnglish } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import type { RunConfig } from '../shared/records.ts';
import { armStyles, styleOf, trialTitle } from '../shared/arms.ts';
import { lastMeasuredRow } from './matrix.ts';
import type { MatrixBlock, MatrixView } from '../shared/matrixView.ts';
import { createPaint, cut, fit, padEnd, padStart, textWidth } from './terminalText.ts';
import type { Paint, TerminalStyle } from './terminalText.ts';
import { formatChange, formatCount, formatDuration, formatScore } from '../shared/words.ts';

export interface LiveState {
  config: RunConfig;
  /** From `sketchMatrix`: no intervals are needed while the run works. */
  view: MatrixView;
  /** What is going on, in words: `training ground truth on subtraction`. */
  activity: Phrase;
  /** Share of the activity that is done, 0..1. */
  share: number;
  /** Pieces of work done and planned in the whole run. */
  done: number;
  total: number;
  /** Share of the planned work that is done, 0..1. */
  overall: number;
  /** The trial that works at the moment; nothing while the base is measured. */
  current?: { arm: string; lr: number };
  stage?: { index: number; count: number; name: string };
  step?: { index: number; count: number };
  loss?: number;
  tokensPerSecond?: number;
  secondsLeft?: number;
}

/** Lines of at most `style.width` columns, at most `height` of them. */
export function renderLive(state: LiveState, style: TerminalStyle & { height?: number }): string[] {
  const paint = createPaint(style);
  const head = [progressLine(state, style, paint), detailLine(state, style, paint)];
  const room = (style.height ?? 40) - head.length - 3;
  return room < 2 ? head : [...head, '', ...liveMatrix(state, style, paint, room)];
}

function bar(share: number, width: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '\u2588'.repeat(full) + '\u2591'.repeat(width - full);
}

function progressLine(state: LiveState, style: TerminalStyle, paint: Paint): string {
  const left = state.secondsLeft === undefined ? '' : `  ${formatDuration(state.secondsLeft)} left`;
  const tail = `  ${state.done}/${state.total}${left}`;
  const width = Math.max(8, Math.min(24, style.width - textWidth(tail) - 20));
  const title = fit(inEnglish(state.activity), style.width - width - textWidth(tail) - 2);
  return `${bar(state.overall, width)}  ${paint.bold(title)}${tail}`;
}

function detailLine(state: LiveState, style: TerminalStyle, paint: Paint): string {
  const { stage, step, loss, tokensPerSecond } = state;
  const parts = [
    stage && stage.count > 1 ? `stage ${stage.index} of ${stage.count}: ${stage.name}` : '',
    step ? `step ${step.index}/${step.count}` : '',
    loss === undefined ? '' : `loss ${loss.toFixed(3)}`,
    tokensPerSecond === undefined ? '' : `${formatCount(tokensPerSecond)} tokens/s`,
    step ? '' : `${Math.floor(Math.min(1, Math.max(0, state.share)) * 100)} %`,
  ].filter((part) => part !== '');
  return paint.muted(fit(parts.join('  '), style.width));
}

/** One line per trial with its newest row; around the working trial when there are more than fit. */
function liveMatrix(state: LiveState, style: TerminalStyle, paint: Paint, room: number): string[] {
  const { view, config } = state;
  const styles = armStyles(config.arms);
  const titles = view.blocks.map((block) => trialTitle(config, block.arm, block.lr));
  const labelWidth = Math.min(28, Math.max(6, ...titles.map((title) => textWidth(title) + 2)));
  const cellWidth = Math.max(4, Math.min(9, Math.floor((style.width - labelWidth) / view.columns.length) - 1));
  const shown = Math.max(1, Math.min(view.columns.length, Math.floor((style.width - labelWidth) / (cellWidth + 1))));
  const heads = view.columns
    .slice(0, shown)
    .map((column) => ` ${padStart(cut(column.benchmark, cellWidth), cellWidth)}`);
  const at = view.blocks.findIndex((block) => isCurrent(state, block));
  const first = Math.max(0, Math.min(at - Math.floor(room / 2), view.blocks.length - room + 2));
  const lines = view.blocks.slice(first, first + room - 2).map((block, k) => {
    const { colour, glyph } = styleOf(styles, block.arm);
    const label = padEnd(`${glyph} ${titles[first + k] ?? ''}`, labelWidth);
    const working = isCurrent(state, block);
    return paint.arm(working ? paint.bold(label) : label, colour) + blockCells(view, block, shown, cellWidth, paint);
  });
  const base = view.base.cells.slice(0, shown).map((cell) => {
    return ` ${padStart(cell.kind === 'measured' ? formatScore(cell.score) : '\u00b7', cellWidth)}`;
  });
  return [paint.muted(' '.repeat(labelWidth) + heads.join('')), padEnd('  base', labelWidth) + base.join(''), ...lines];
}

function isCurrent(state: LiveState, block: MatrixBlock): boolean {
  return state.current?.arm === block.arm && state.current.lr === block.lr;
}

function blockCells(view: MatrixView, block: MatrixBlock, shown: number, width: number, paint: Paint): string {
  const row = lastMeasuredRow(block);
  return view.columns
    .slice(0, shown)
    .map((column, k) => {
      const cell = row?.cells[k];
      if (cell?.kind !== 'measured') return ` ${paint.muted(padStart('\u00b7', width))}`;
      const text = padStart(cell.change ? formatChange(cell.change.value) : formatScore(cell.score), width);
      if (column.insensitive) return ` ${paint.muted(text)}`;
      return ` ${cell.change ? paint.change(text, cell.change.value / view.clip) : text}`;
    })
    .join('');
}
