// The report as Markdown, for notes and issues: verdict, matrix, plane numbers, target table. Text from outside is escaped,
// so that names can be neither markup nor links.
import { trialTitle } from '../shared/arms.ts';
import type { MatrixCell, MatrixColumn, MatrixRow, Total } from '../shared/matrixView.ts';
import { inEnglish } from '../shared/phrase.ts';
import type { ReportData } from './reportData.ts';
import { targetTable } from './targetTable.ts';
import { formatChange, formatCount, formatPerplexity, formatScore, formatShare, plainText } from '../shared/words.ts';

/** Text that Markdown shows as it is, on one line. */
export function escapeMarkdown(text: string): string {
  return plainText(text)
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/([\\`*_[\]()#|~!])/g, '\\$1');
}

/** Cells are finished Markdown: whoever fills them escapes what is not a number. */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map((_, k) => (k === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function cellText(column: MatrixColumn, cell: MatrixCell | undefined): string {
  if (cell?.kind !== 'measured') return '\u00b7';
  const score = formatScore(cell.score);
  if (cell.notComparable !== undefined) return `${score} \u2260`;
  if (!cell.change) return column.insensitive ? `${score} \u2205` : score;
  const change = formatChange(cell.change.value);
  if (column.insensitive) return `${score} \u2205`;
  return cell.change.significant === false ? `${score} (${change})` : `${score} **${change}**`;
}

function totalText(total: Total | undefined): string {
  if (!total) return '\u00b7';
  const text = formatChange(total.value);
  return total.significant === false ? `(${text})` : `**${text}**`;
}

function matrixTable({ run, view }: ReportData): string {
  const heads = ['', ...view.columns.map((column) => escapeMarkdown(column.benchmark)), 'gained', 'forgot'];
  const line = (title: string, row: MatrixRow): string[] => [
    title,
    ...view.columns.map((column, k) => cellText(column, row.cells[k])),
    row.stage === 0 ? '' : totalText(row.gained),
    row.stage === 0 ? '' : totalText(row.forgot),
  ];
  return table(heads, [
    line('base', view.base),
    ...view.blocks.flatMap((block) =>
      block.rows.map((row) =>
        line(
          `${escapeMarkdown(trialTitle(run.config, block.arm, block.lr))}, ${escapeMarkdown(inEnglish(row.label))}`,
          row,
        ),
      ),
    ),
  ]);
}

function targetsTable({ run }: ReportData): string | undefined {
  const rows = targetTable(run);
  if (rows.length === 0) return undefined;
  const heads = ['trained on', 'perplexity mean (std)', 'variance', 'tokens', 'items', 'verified', 'masked'];
  return table(
    heads,
    rows.map((row) => [
      `${escapeMarkdown(row.source)}${run.config.experiment.stages.length > 1 ? ` \\(${escapeMarkdown(row.stageName)}\\)` : ''}`,
      `${formatPerplexity(row.pplMean)} (${formatPerplexity(row.pplStd)})`,
      formatPerplexity(row.pplVariance),
      row.lengthMean.toFixed(1),
      formatCount(row.items),
      row.verified === undefined ? '\u2013' : formatShare(row.verified),
      row.maskedShare > 0 ? formatShare(row.maskedShare) : '\u2013',
    ]),
  );
}

/** The report as Markdown. */
export function renderMarkdown(data: ReportData): string {
  const { run, verdict } = data;
  const targets = targetsTable(data);
  return [
    `# ${escapeMarkdown(run.config.experiment.name)}`,
    verdict.map(escapeMarkdown).join(' '),
    '## What was gained, what was forgotten',
    matrixTable(data),
    'Score and change against the base in points; bold: the paired 95 % interval leaves out zero; ( ): it does not; \u2260: another protocol than the base, not compared; \u2205: base at chance.',
    ...(targets === undefined
      ? []
      : [
          '## How hard the targets were to predict',
          targets,
          'Perplexity per item under the base model, before training; std is the standard deviation over items.',
        ]),
    `Run ${escapeMarkdown(run.config.id)}, Forgetting Lab ${escapeMarkdown(run.config.versions.forgettingLab)}, seeds ${run.config.experiment.seeds.join(', ')}.`,
    '',
  ].join('\n\n');
}
