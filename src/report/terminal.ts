// A run as text for a terminal: the matrix, the verdict, the target table, the paths, in the order a reader needs them.
// Pure functions from records to lines; the width is adapted to and without colour every change is written out.
import type { DerivedNumber, RunData } from '../shared/records.ts';
import { armStyles, styleOf, trialTitle } from '../shared/arms.ts';
import type { ItemReader } from './items.ts';
import { deriveNumbers } from './derive.ts';
import { buildMatrix } from './matrix.ts';
import type { MatrixBlock, MatrixCell, MatrixColumn, MatrixRow, MatrixView, Total } from '../shared/matrixView.ts';
import { targetTable } from './targetTable.ts';
import { createPaint, cut, fit, padEnd, padStart, textWidth, wrap } from './terminalText.ts';
import type { Paint, TerminalStyle } from './terminalText.ts';
import { inEnglish } from '../shared/phrase.ts';
import { verdictSentences } from './verdict.ts';
import { formatChange, formatCount, formatPerplexity, formatScore, formatShare, plural } from '../shared/words.ts';

/** Everything about a run: matrix, verdict, target table and, where given, the paths of files to open. */
export async function renderRun(
  run: RunData,
  readItems: ItemReader,
  style: TerminalStyle,
  paths: readonly { label: string; path: string }[] = [],
): Promise<string[]> {
  const view = await buildMatrix(run, readItems);
  return renderResults(run, view, await deriveNumbers(run, readItems), style, paths);
}

/** As `renderRun`, from what has been computed already. */
export function renderResults(
  run: RunData,
  view: MatrixView,
  numbers: readonly DerivedNumber[],
  style: TerminalStyle,
  paths: readonly { label: string; path: string }[] = [],
): string[] {
  const paint = createPaint(style);
  const targets = renderTargets(run, style);
  return [
    ...renderMatrix(run, view, style),
    '',
    ...verdictLines(verdictSentences(run, view, numbers).map(inEnglish), style, paint),
    ...(targets.length > 0 ? ['', ...targets] : []),
    ...(paths.length > 0 ? ['', ...renderPaths(paths)] : []),
  ];
}

/** The answer stands out; what qualifies it follows in plain type. */
function verdictLines(sentences: readonly string[], style: TerminalStyle, paint: Paint): string[] {
  const width = Math.min(style.width, 110);
  const [answer = '', ...rest] = sentences;
  return [...wrap(answer, width).map((line) => paint.bold(line)), ...wrap(rest.join(' '), width)];
}

/** Paths are never cut: they are there to be copied. */
export function renderPaths(paths: readonly { label: string; path: string }[]): string[] {
  const width = Math.max(...paths.map(({ label }) => textWidth(label)));
  return paths.map(({ label, path }) => `${padEnd(label, width)}  ${path}`);
}

const groupTitles = { target: 'new', skill: 'old skills', safety: 'safety', format: 'format' } as const;
const totalsWidth = 8;

interface Layout {
  /** Columns of each stacked table. */
  chunks: { column: MatrixColumn; index: number }[][];
  /** Row labels by stage. */
  labels: string[];
  labelWidth: number;
  cellWidth: number;
}

/** Cells as wide as names need and the terminal allows; what does not fit goes into a further table below. */
function layoutOf(view: MatrixView, style: TerminalStyle): Layout {
  const rows = [view.base, ...(view.blocks[0]?.rows ?? [])];
  const labels = rows.map((row) =>
    style.width >= 120 || row.stage === 0 ? inEnglish(row.label) : `after ${row.stage}`,
  );
  const labelWidth = Math.min(26, Math.max(style.colour ? 7 : 9, ...labels.map(textWidth)) + 2);
  const longest = Math.min(12, Math.max(5, ...view.columns.map((column) => textWidth(column.benchmark))));
  const gaps = (new Set(view.columns.map((column) => column.role)).size - 1) * 2;
  const room = style.width - labelWidth - totalsWidth * 2 - 2 - gaps;
  const tables = Math.ceil(view.columns.length / Math.max(1, Math.floor(room / 6)));
  const perTable = Math.ceil(view.columns.length / tables);
  const cellWidth = Math.max(5, Math.min(longest, Math.floor(room / perTable) - 1));
  const columns = view.columns.map((column, index) => ({ column, index }));
  const chunks: Layout['chunks'] = [];
  for (let at = 0; at < columns.length; at += perTable) chunks.push(columns.slice(at, at + perTable));
  return { chunks, labels, labelWidth, cellWidth };
}

/** The matrix of every arm on one scale. */
export function renderMatrix(run: Pick<RunData, 'config'>, view: MatrixView, style: TerminalStyle): string[] {
  const paint = createPaint(style);
  const layout = layoutOf(view, style);
  const styles = armStyles(run.config.arms);
  const lines: string[] = [];
  layout.chunks.forEach((chunk, part) => {
    const totals = part === layout.chunks.length - 1;
    if (part > 0) lines.push('');
    lines.push(...headerLines(chunk, layout, totals, paint));
    lines.push(rowLine(view, view.base, chunk, layout, paint, { score: true, totals: false }));
    for (const block of view.blocks) {
      const { colour, glyph } = styleOf(styles, block.arm);
      const title = `${glyph} ${fit(trialTitle(run.config, block.arm, block.lr), style.width - 2)}`;
      lines.push(paint.arm(title, colour), ...blockLines(view, block, chunk, layout, paint, style, totals));
    }
  });
  return [...lines, ...legend(view, style).map((line) => paint.muted(line))];
}

function groupsOf(chunk: Layout['chunks'][number]): Layout['chunks'] {
  const groups: Layout['chunks'] = [];
  for (const entry of chunk) {
    const last = groups.at(-1);
    if (last?.[0]?.column.role === entry.column.role) last.push(entry);
    else groups.push([entry]);
  }
  return groups;
}

function headerLines(chunk: Layout['chunks'][number], layout: Layout, totals: boolean, paint: Paint): string[] {
  const groups = groupsOf(chunk);
  const margin = ' '.repeat(layout.labelWidth);
  const titles = groups.map((group, k) =>
    padEnd(
      ` ${groupTitles[group[0]?.column.role ?? 'skill']}`,
      k === groups.length - 1 ? 12 : group.length * (layout.cellWidth + 1) + 2,
    ),
  );
  const names = groups.map((group) =>
    group.map(({ column }) => ` ${padStart(cut(column.benchmark, layout.cellWidth), layout.cellWidth)}`).join(''),
  );
  const ends = totals ? ` \u2502${padStart('gained', totalsWidth)}${padStart('forgot', totalsWidth)}` : '';
  return [paint.muted((margin + titles.join('')).trimEnd()), margin + names.join('  ') + ends];
}

function blockLines(
  view: MatrixView,
  block: MatrixBlock,
  chunk: Layout['chunks'][number],
  layout: Layout,
  paint: Paint,
  style: TerminalStyle,
  totals: boolean,
): string[] {
  return block.rows.flatMap((row) => {
    const scores = rowLine(view, row, chunk, layout, paint, { score: true, totals });
    // Without colour the change has to be written out.
    const changes = row.cells.some((cell) => cell.kind === 'measured' && cell.change);
    if (style.colour || !changes) return [scores];
    return [scores, rowLine(view, row, chunk, layout, paint, { score: false, totals: false })];
  });
}

function rowLine(
  view: MatrixView,
  row: MatrixRow,
  chunk: Layout['chunks'][number],
  layout: Layout,
  paint: Paint,
  show: { score: boolean; totals: boolean },
): string {
  const label = show.score ? `  ${layout.labels[row.stage] ?? inEnglish(row.label)}` : '    vs base';
  const groups = groupsOf(chunk).map((group) =>
    group
      .map(({ column, index }) => {
        const cell = row.cells[index] ?? { kind: 'missing', reason: '' };
        const text = show.score ? scoreText(cell) : changeText(cell, layout.cellWidth);
        return ` ${paintCell(view, column, cell, padStart(text, layout.cellWidth), paint)}`;
      })
      .join(''),
  );
  const ends = show.totals ? ` \u2502${totalText(row.gained, paint)}${totalText(row.forgot, paint)}` : '';
  return (padEnd(label, layout.labelWidth) + groups.join('  ') + ends).trimEnd();
}

function scoreText(cell: MatrixCell): string {
  if (cell.kind === 'missing') return '\u00b7';
  return cell.notComparable === undefined ? formatScore(cell.score) : `${formatScore(cell.score)}\u2260`;
}

/** To the same digit as in every other view; where it is narrow, without the zero before the point: `(−.4)`. */
function changeText(cell: MatrixCell, width: number): string {
  if (cell.kind === 'missing') return '';
  if (!cell.change) return '\u2260';
  const text = formatChange(cell.change.value);
  const whole = cell.change.significant === false && text !== '0' ? `(${text})` : text;
  return textWidth(whole) <= width ? whole : whole.replace('0.', '.');
}

function paintCell(view: MatrixView, column: MatrixColumn, cell: MatrixCell, text: string, paint: Paint): string {
  if (cell.kind === 'missing' || cell.notComparable !== undefined || column.insensitive) return paint.muted(text);
  if (!cell.change) return text;
  return cell.change.significant === false ? paint.muted(text) : paint.change(text, cell.change.value / view.clip);
}

function totalText(total: Total | undefined, paint: Paint): string {
  if (!total) return padStart('\u00b7', totalsWidth);
  const sure = total.significant !== false;
  const value = formatChange(total.value);
  const text = padStart(sure ? value : `(${value})`, totalsWidth);
  return sure ? paint.bold(text) : paint.muted(text);
}

function legend(view: MatrixView, style: TerminalStyle): string[] {
  const parts = ['scores 0 to 1; gained and forgot in points against the base'];
  parts.push(style.colour ? 'blue gained, red lost, faint: interval includes zero' : '( ): interval includes zero');
  const cells = view.blocks.flatMap((block) => block.rows.flatMap((row) => row.cells));
  if (cells.some((cell) => cell.kind === 'missing')) parts.push('\u00b7 not measured');
  if (cells.some((cell) => cell.kind === 'measured' && cell.notComparable !== undefined)) {
    parts.push('\u2260 other protocol than the base, not compared');
  }
  const insensitive = view.columns.filter((column) => column.insensitive).map((column) => column.benchmark);
  if (insensitive.length > 0) parts.push(`base at chance, left out of "forgot": ${insensitive.join(', ')}`);
  const seeds = Math.max(0, ...view.blocks.map((block) => block.seeds.length));
  if (seeds > 1) parts.push(`means over ${plural(seeds, 'seed')}`);
  return wrap(parts.join('; '), Math.min(style.width - 2, 108)).map((line) => `  ${line}`);
}

/** The target table as in the lecture: source, mean perplexity with standard deviation, length, items, verified. */
export function renderTargets(run: Pick<RunData, 'targets' | 'config'>, style: TerminalStyle): string[] {
  const rows = targetTable(run);
  if (rows.length === 0) return [];
  const paint = createPaint(style);
  const masked = rows.some((row) => row.maskedShare > 0);
  const stages = run.config.experiment.stages.length > 1;
  const table = rows.map((row) => [
    stages ? `${row.source} (${row.stageName})` : row.source,
    `${formatPerplexity(row.pplMean)} (${formatPerplexity(row.pplStd)})`,
    row.lengthMean.toFixed(1),
    formatCount(row.items),
    row.verified === undefined ? '\u2013' : formatShare(row.verified),
    ...(masked ? [row.maskedShare > 0 ? formatShare(row.maskedShare) : '\u2013'] : []),
  ]);
  const heads = [
    'Trained on',
    style.width < 90 ? 'ppl mean (std)' : 'perplexity mean (std)',
    'tokens',
    'items',
    'verified',
    ...(masked ? ['masked'] : []),
  ];
  return [
    ...tableLines(heads, table, style, paint),
    ...wrap(
      'perplexity per item under the base model, before training; std is the standard deviation over items; tokens per answer',
      Math.min(style.width - 2, 108),
    ).map((line) => paint.muted(`  ${line}`)),
  ];
}

/** First column at the left, the others at the right; the first gives way when the terminal is narrow. */
function tableLines(heads: string[], rows: string[][], style: TerminalStyle, paint: Paint): string[] {
  const widths = heads.map((head, k) => Math.max(textWidth(head), ...rows.map((row) => textWidth(row[k] ?? ''))));
  const others = widths.slice(1).reduce((sum, width) => sum + width + 2, 0);
  widths[0] = Math.max(10, Math.min(widths[0] ?? 0, style.width - others));
  const line = (cells: string[]): string =>
    cells.map((cell, k) => (k === 0 ? padEnd(cell, widths[0] ?? 0) : `  ${padStart(cell, widths[k] ?? 0)}`)).join('');
  return [paint.muted(line(heads)), ...rows.map(line)];
}
