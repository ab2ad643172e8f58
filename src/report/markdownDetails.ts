// The back of the Markdown report: the plane, what the targets are made of, distance from the base, rates, flipped answers
// and methods, as tables. Cells are finished Markdown.
import { methodsUsed } from './methods.ts';
import { rateName } from '../shared/rates.ts';
import { trialTitle } from '../shared/arms.ts';
import { formatChange, formatCount, formatScore, formatShare } from '../shared/words.ts';
import { escapeMarkdown, markdownTable } from './markdownText.ts';
import type { ReportData } from './reportData.ts';
import { latestDrift } from './drift.ts';
import { targetMakeUp, targetTable } from './targetTable.ts';
import { inEnglish } from '../shared/phrase.ts';

/** Every section that has something to say, headings first. */
export function detailSections(data: ReportData): string[] {
  return [
    ...section('Learning against forgetting', planeTable(data)),
    ...section('Which tokens are hard', kindsTable(data)),
    ...section('Distance from the base, without labels', driftTable(data)),
    ...section('Rates', ratesTable(data)),
    ...section('Answers that flipped', flipsTable(data)),
    ...section('Methods', methodList(data)),
  ];
}

const section = (title: string, text: string | undefined): string[] =>
  text === undefined ? [] : [`## ${title}`, text];

const orNothing = (heads: readonly string[], rows: readonly (readonly string[])[]): string | undefined =>
  rows.length === 0 ? undefined : markdownTable(heads, rows);

/** Gain and retention of every trial, seeds averaged, and whether another trial beats it in both. */
function planeTable({ run, view, numbers }: ReportData): string | undefined {
  const front = new Set(
    numbers
      .filter(({ definition, value }) => definition === 'on_pareto_front' && value === 1)
      .map(({ arm, lr }) => JSON.stringify([arm, lr])),
  );
  const rows = view.blocks.flatMap((block) => {
    const row = block.rows.at(-1);
    if (!row?.gained || !row.forgot) return [];
    return [
      [
        escapeMarkdown(trialTitle(run.config, block.arm, block.lr)),
        formatChange(row.gained.value),
        formatChange(row.forgot.value),
        front.has(JSON.stringify([block.arm, block.lr])) ? 'yes' : 'no',
      ],
    ];
  });
  return orNothing(['arm', 'gained', 'old skills', 'on the Pareto front'], rows);
}

function kindsTable({ run }: ReportData): string | undefined {
  const { kinds, rows } = targetMakeUp(targetTable(run));
  const heads = ['trained on', ...kinds.map((kind) => `${kind}, hard`), 'duplicates', 'edit ratio', 'token F1'];
  return orNothing(
    heads,
    rows.map(({ row, cells }) => [escapeMarkdown(row.source), ...cells]),
  );
}

function driftTable({ run }: ReportData): string | undefined {
  const heads = ['arm', 'seed', 'stage', 'text', 'KL from base', 'cross-entropy to base', 'same first choice'];
  const rows = latestDrift(run).map((record) => [
    escapeMarkdown(trialTitle(run.config, record.arm, record.lr)),
    String(record.seed),
    String(record.stage),
    record.text === 'neutral' ? 'neutral' : 'new task',
    record.kl.toFixed(3),
    record.crossEntropy.toFixed(3),
    formatShare(record.agreement),
  ]);
  return orNothing(heads, rows);
}

/** Rates of safety and format benchmarks; the others have them in rates.csv. */
function ratesTable({ run, view }: ReportData): string | undefined {
  const all = [{ title: 'base', rows: [view.base] }].concat(
    view.blocks.map((block) => ({ title: trialTitle(run.config, block.arm, block.lr), rows: block.rows.slice(-1) })),
  );
  const rows = all.flatMap(({ title, rows: own }) =>
    own.flatMap((row) =>
      view.columns.flatMap((column, k) => {
        const cell = row.cells[k];
        if (cell?.kind !== 'measured' || (column.role !== 'safety' && column.role !== 'format')) return [];
        const rates = Object.entries(cell.rates).map(
          ([name, rate]) => `${escapeMarkdown(inEnglish(rateName(name)))} ${formatScore(rate)}`,
        );
        const margin = cell.refusalMargin === undefined ? [] : [`refusal margin ${cell.refusalMargin.toFixed(2)}`];
        return [[escapeMarkdown(title), escapeMarkdown(column.benchmark), [...rates, ...margin].join(', ')]];
      }),
    ),
  );
  return orNothing(['arm', 'benchmark', 'rates'], rows);
}

function flipsTable({ run, flips }: ReportData): string | undefined {
  const rows = flips.map(({ arm, lr, benchmark, lostCount, gainedCount, n, lost }) => [
    escapeMarkdown(trialTitle(run.config, arm, lr)),
    escapeMarkdown(benchmark),
    `${formatCount(lostCount)} of ${formatCount(n)}`,
    formatCount(gainedCount),
    lost[0] ? `${escapeMarkdown(lost[0].before)} \u2192 ${escapeMarkdown(lost[0].now)}` : '',
  ]);
  return orNothing(['arm', 'benchmark', 'lost', 'gained', 'for instance'], rows);
}

function methodList({ run, methods }: ReportData): string | undefined {
  const lines = methodsUsed(run.config.arms, methods).map(({ title, arxiv, description }) => {
    const source = arxiv === undefined ? '' : ` (arXiv ${escapeMarkdown(arxiv)})`;
    return `- ${escapeMarkdown(title)}${source}: ${escapeMarkdown(description)}`;
  });
  return lines.length === 0 ? undefined : lines.join('\n');
}
