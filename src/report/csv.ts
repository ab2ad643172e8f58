// The numbers of a report as CSV (RFC 4180): one table per subject, one row per record. Text that a spreadsheet would take
// for a formula is made harmless; numbers stay numbers.
import { tokenKinds } from '../metrics/targetText.ts';
import { inEnglish } from '../shared/phrase.ts';
import type { Words } from '../shared/phrase.ts';
import { latestDrift } from './drift.ts';
import type { ReportData } from './reportData.ts';
import { targetTable } from './targetTable.ts';

export type CsvValue = string | number | boolean | null | undefined;

/** One cell. Text that begins like a formula gets an apostrophe in front; a missing value is an empty cell. */
export function csvCell(value: CsvValue): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  const text = String(value);
  const safe = /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A table with its heads as the first line; lines end as RFC 4180 wants them. */
export function csvTable(heads: readonly string[], rows: readonly (readonly CsvValue[])[]): string {
  return [heads, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

const note = (words: Words | undefined): string | undefined => words && inEnglish(words);

/** Every cell of the matrix, base first. */
export function matrixCsv({ view }: ReportData): string {
  const heads = [
    'arm',
    'lr',
    'stage',
    'benchmark',
    'group',
    'score',
    'lo',
    'hi',
    'n',
    'seeds',
    'lenient',
    'parse_rate',
    'refusal_margin',
    'change',
    'change_lo',
    'change_hi',
    'significant',
    'lost',
    'gained',
    'mcnemar_p',
    'breach',
    'note',
    'protocol',
  ];
  const base = { arm: 'base', lr: 0, rows: [view.base] };
  const rows = [base, ...view.blocks].flatMap((block) =>
    block.rows.flatMap((row) =>
      view.columns.map((column, k): CsvValue[] => {
        const cell = row.cells[k];
        const place = [block.arm, block.lr, row.stage, column.benchmark, column.role];
        if (cell?.kind !== 'measured')
          return [...place, ...Array<undefined>(16).fill(undefined), note(cell?.reason), undefined];
        const { change } = cell;
        const why = cell.notComparable ?? column.insensitive ?? change?.note;
        return [
          ...place,
          cell.score,
          cell.lo,
          cell.hi,
          cell.n,
          cell.seeds,
          cell.lenient,
          cell.parseRate,
          cell.refusalMargin,
          change?.value,
          change?.lo,
          change?.hi,
          change?.significant,
          change?.flips?.lost,
          change?.flips?.gained,
          change?.flips?.p,
          row.stage === 0 ? undefined : cell.breach,
          note(why),
          cell.protocol,
        ];
      }),
    ),
  );
  return csvTable(heads, rows);
}

/** Every derived number under its definition. */
export function numbersCsv({ numbers }: ReportData): string {
  const heads = [
    'definition',
    'arm',
    'lr',
    'seed',
    'over',
    'stage',
    'benchmark',
    'value',
    'lo',
    'hi',
    'reason',
    'description',
  ];
  return csvTable(
    heads,
    numbers.map((entry) => [
      entry.definition,
      entry.arm,
      entry.lr,
      entry.seed,
      entry.over?.join(' '),
      entry.stage,
      entry.benchmark,
      entry.value,
      entry.lo,
      entry.hi,
      entry.reason,
      entry.description,
    ]),
  );
}

/** The target table. */
export function targetsCsv({ run }: Pick<ReportData, 'run'>): string {
  const heads = [
    'stage',
    'source',
    'arms',
    'ppl_mean',
    'ppl_std',
    'ppl_variance',
    'corpus_ppl',
    'tokens_mean',
    'tokens_std',
    'items',
    'verified',
    'masked_share',
    'hard_share_2.5',
    'hard_share_10',
    'hard_share_25',
    'hard_share_1000',
    ...tokenKinds.flatMap((kind) => [`${kind}_share`, `${kind}_hard_share`]),
    'duplicate_share',
    'edit_ratio_to_greedy',
    'token_f1_to_greedy',
    'dropped',
  ];
  return csvTable(
    heads,
    targetTable(run).map((row) => [
      row.stage,
      row.source,
      row.arms.join('; '),
      row.pplMean,
      row.pplStd,
      row.pplVariance,
      row.corpusPpl,
      row.lengthMean,
      row.lengthStd,
      row.items,
      row.verified,
      row.maskedShare,
      row.hardShare['2.5'],
      row.hardShare['10'],
      row.hardShare['25'],
      row.hardShare['1000'],
      ...tokenKinds.flatMap((kind) => [row.tokenKinds?.[kind]?.share, row.tokenKinds?.[kind]?.hard]),
      row.duplicateShare,
      row.greedy?.editRatio,
      row.greedy?.tokenF1,
      row.dropped.reduce((sum, entry) => sum + entry.count, 0),
    ]),
  );
}

/** Rates of every cell by name (refusals, JSON forms, repetition...), base first; the margin of refusals among them. */
export function ratesCsv({ view }: Pick<ReportData, 'view'>): string {
  const base = { arm: 'base', lr: 0, rows: [view.base] };
  const rows = [base, ...view.blocks].flatMap((block) =>
    block.rows.flatMap((row) =>
      view.columns.flatMap((column, k): CsvValue[][] => {
        const cell = row.cells[k];
        if (cell?.kind !== 'measured') return [];
        const place = [block.arm, block.lr, row.stage, column.benchmark];
        const margin = cell.refusalMargin === undefined ? [] : [[...place, 'refusal_margin_nats', cell.refusalMargin]];
        return [...Object.entries(cell.rates).map(([name, rate]) => [...place, name, rate]), ...margin];
      }),
    ),
  );
  return csvTable(['arm', 'lr', 'stage', 'benchmark', 'rate', 'value'], rows);
}

/** The distance from the base without labels (methods 5.4), nats per token. */
export function driftCsv({ run }: Pick<ReportData, 'run'>): string {
  const heads = [
    'arm',
    'lr',
    'seed',
    'stage',
    'text',
    'kl',
    'cross_entropy',
    'baseline_entropy',
    'hard_cross_entropy',
    'agreement',
    'tokens',
  ];
  return csvTable(
    heads,
    latestDrift(run).map((record) => [
      record.arm,
      record.lr,
      record.seed,
      record.stage,
      record.text,
      record.kl,
      record.crossEntropy,
      record.baselineEntropy,
      record.hardCrossEntropy,
      record.agreement,
      record.tokens,
    ]),
  );
}
