// The report as Markdown, for notes and issues: verdict, matrix, target table, and the details behind them.
import { trialTitle } from '../shared/arms.ts';
import type { MatrixCell, MatrixColumn, MatrixRow, Total } from '../shared/matrixView.ts';
import { inEnglish } from '../shared/phrase.ts';
import { detailSections } from './markdownDetails.ts';
import { escapeMarkdown, markdownTable } from './markdownText.ts';
import type { ReportData } from './reportData.ts';
import { targetTable } from './targetTable.ts';
import { formatChange, formatCount, formatPerplexity, formatScore, formatShare } from '../shared/words.ts';

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
  return markdownTable(heads, [
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
  return markdownTable(
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
    ...detailSections(data),
    `Run ${escapeMarkdown(run.config.id)}, Forgetting Lab ${escapeMarkdown(run.config.versions.forgettingLab)}, seeds ${run.config.experiment.seeds.join(', ')}.`,
    '',
  ].join('\n\n');
}
