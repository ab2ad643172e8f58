// What is said about rows, in words: hints, hovers, the lens on line one.
import type {
  DatasetRow,
  DatasetSummary,
  HardToken,
  RowAction,
  RowActionResult,
  RowDetails,
} from '../../shared/protocol/lab/datasets.ts';
import type { Provenance } from '../../shared/dataset.ts';
import { formatCount, formatPerplexity } from '../../shared/words.ts';
import { rowCount, tokenCount } from '../counts.ts';
import { inLabel, inMarkdown } from '../outsideText.ts';
import type { Translate } from '../translate.ts';
import { say } from '../../shared/phrase.ts';

/** A probability as people read it: `0.97`, `0.001`, `2e-6`. */
export function formatProbability(p: number): string {
  if (p >= 0.095) return p.toFixed(2);
  if (p >= 0.00095) return String(Number(p.toPrecision(1)));
  return p === 0 ? '0' : p.toExponential(0);
}

/** Shown beside a row; a row on its way gets dots of the same width, so that nothing jumps when the number comes. */
export function hintLabel(row: DatasetRow): string | undefined {
  if (row.state === 'pending') return '\u00b7\u00b7\u00b7\u00b7';
  return row.perplexity === undefined ? undefined : formatPerplexity(row.perplexity);
}

export function hintTooltip(row: DatasetRow, model: string, t: Translate): string {
  if (row.perplexity === undefined) return t('Being scored under {0}', model);
  const label = formatPerplexity(row.perplexity);
  return t('Perplexity {0} of {1} trained-on tokens under {2}', label, formatCount(row.tokens ?? 0), model);
}

/** Name of a model in a line of text: `pocket`, or the last parts of its folder. */
export function modelLabel(name: string): string {
  return name.split(/[\\/]/).filter(Boolean).slice(-2).join('/') || name;
}

/** The summary lens: `1,500 rows, 20,000 tokens, perplexity 4.83 (7.04) under pocket`; tokens are those trained on. `name`: of the model. */
export function lensTitle(summary: DatasetSummary, t: Translate, name?: string): string {
  const { scores, rows, problemCount } = summary;
  const parts = [summary.read ? rowCount(rows, t) : t('{0} rows so far', formatCount(rows))];
  if (problemCount > 0) parts.push(problemCount === 1 ? t('1 problem') : t('{0} problems', formatCount(problemCount)));
  if (!scores) return parts.join(', ');
  // A lens renders `$(icon)`.
  const model = inLabel(name ?? modelLabel(scores.model));
  if (scores.failure) return `${parts.join(', ')}, ${t('not scored: {0}', say(scores.failure.message, t))}`;
  if (scores.perplexityMean === null) {
    return scores.done ? parts.join(', ') : `${parts.join(', ')}, ${t('scoring under {0} ...', model)}`;
  }
  const mean = formatPerplexity(scores.perplexityMean);
  const std = formatPerplexity(scores.perplexityStd ?? 0);
  const isWhole = scores.done && scores.limit === undefined;
  const tokens = tokenCount(scores.tokens, t);
  if (isWhole) return [...parts, tokens, t('perplexity {0} ({1}) under {2}', mean, std, model)].join(', ');
  const scored = rowCount(scores.scored, t);
  return [...parts, t('perplexity {0} ({1}) of {2} with {3} under {4}', mean, std, scored, tokens, model)].join(', ');
}

/** What the lens tells when it is pointed at. */
export function lensTooltip({ scores }: DatasetSummary, t: Translate): string {
  if (!scores || scores.corpusPerplexity === null) return t('Select a model for annotations');
  const numbers = t(
    'Mean and standard deviation of the rows; {0} trained-on tokens, corpus perplexity {1}. Select another model',
    formatCount(scores.tokens),
    formatPerplexity(scores.corpusPerplexity),
  );
  if (scores.limit === undefined) return numbers;
  const limit = formatCount(scores.limit);
  return `${numbers}. ${t('Only the first {0} rows are scored for this; forgetting-lab score takes them all', limit)}`;
}

/** What is to be said when an action has changed rows: which stay as they are, what was left out, what nobody has verified. */
export function rowActionNotes(
  action: RowAction,
  { edits, skipped, selected, verifier }: RowActionResult,
  t: Translate,
): { notes: string[]; isWarning: boolean } {
  const warnings: string[] = [];
  const taken = edits.length + skipped.length;
  if (selected > taken) {
    const [first, all] = [taken, selected].map(formatCount) as [string, string];
    warnings.push(
      t('Only the first {0} of {1} selected rows were taken, Build Targets takes a whole file', first, all),
    );
  }
  if ((action === 'self-output' || action === 'rephrase') && verifier === undefined && edits.length > 0) {
    warnings.push(
      t('The new answers are not verified: no experiment in this workspace names a verifier for this file'),
    );
  }
  const [first] = skipped;
  if (!first) return { notes: warnings, isWarning: warnings.length > 0 };
  const reason = say(first.reason, t);
  const stay =
    skipped.length === 1
      ? t('Row {0} stays as it is: {1}', first.number, reason)
      : t('{0} rows changed, {1} stay as they are: {2}', edits.length, skipped.length, reason);
  return { notes: [...warnings, stay], isWarning: warnings.length > 0 };
}

/** Who wrote an answer. */
export function provenanceName(provenance: Provenance, t: Translate): string {
  const names: { readonly [P in Provenance]: string } = {
    ground_truth: t('ground truth'),
    native: t('native words'),
    self_output: t('own output'),
    rephrase: t('rephrase'),
    other_model: t('other model'),
    replay: t('replay'),
    pseudo_replay: t('pseudo replay'),
    safety: t('safety'),
  };
  return names[provenance];
}

/** The hover as Markdown; `name`: of the model. Everything that comes from the file or the model is escaped. */
export function hoverMarkdown(details: RowDetails, t: Translate, name = modelLabel(details.model)): string {
  const perplexity = formatPerplexity(details.perplexity ?? Number.NaN);
  const model = inMarkdown(name);
  const tokens = formatCount(details.tokens ?? 0);
  const lines = [
    `**${t('Perplexity {0}', perplexity)}** ${t('of {0} trained-on tokens under {1}, {2} nats a token', tokens, model, details.meanNll.toFixed(3))}`,
  ];
  if (details.here) lines.push(`${t('Here:')} ${tokenLine(details.here, t)}`);
  if (details.hardest.length > 0) {
    lines.push(
      `${t('Hardest to predict:')}\n\n${details.hardest.map((token) => `- ${tokenLine(token, t)}`).join('\n')}`,
    );
  }
  lines.push(maskLine(details, t));
  const provenance = provenanceName(details.provenance ?? 'ground_truth', t);
  lines.push(t('Row {0}, {1}, format {2}', formatCount(details.number), provenance, details.format));
  return lines.join('\n\n');
}

/** `wanted # 0.001, expected Let 0.97`; the model's own first choice, or that the token was it. */
function tokenLine(token: HardToken, t: Translate): string {
  const wanted = t('wanted {0} {1}', tokenName(token, t), formatProbability(token.p));
  const others = token.alternatives.filter(({ text }) => text !== token.text).slice(0, 3);
  const masked = token.masked ? ` ${t('(masked)')}` : '';
  if (others.length === 0) return wanted + masked;
  const names = others.map(({ text, p }) => `${codeSpan(text)} ${formatProbability(p)}`).join(', ');
  const isFirst = token.alternatives[0]?.text === token.text;
  return `${wanted}${masked}, ${isFirst ? t('then {0}', names) : t('expected {0}', names)}`;
}

function tokenName(token: HardToken, t: Translate): string {
  return token.endOfTurn ? t('the end of the answer') : codeSpan(token.text);
}

function maskLine(details: RowDetails, t: Translate): string {
  const { tokens = 0, maskedTokens = 0, stmTokens, contextTokens } = details;
  const parts = [
    t('Loss: {0} tokens trained on, {1} of context left out', formatCount(tokens), formatCount(contextTokens)),
  ];
  if (maskedTokens > 0) {
    const all = formatPerplexity(details.unmaskedPerplexity ?? Number.NaN);
    parts.push(t('{0} masked by the row (perplexity {1} with them)', formatCount(maskedTokens), all));
  }
  parts.push(t('selective token masking (above 2.5) would leave out {0}', formatCount(stmTokens)));
  return `${parts.join('; ')}.`;
}

/** Text as code, whatever it holds; white space is made visible. */
export function codeSpan(text: string): string {
  const shown = text
    .replace(/\r?\n/g, '\u21b5')
    .replace(/\t/g, '\u21e5')
    .replace(/^ +| +$/g, (spaces) => '\u2423'.repeat(spaces.length))
    .replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
  if (shown === '') return '\u2205';
  const longest = Math.max(0, ...[...shown.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  const pad = shown.startsWith('`') || shown.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${shown}${pad}${fence}`;
}
