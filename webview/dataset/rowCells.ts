// One row of the list: number, perplexity tinted by its bin, and prompt and answer or the raw text.
import { difficultyBin } from '../../src/shared/difficulty.ts';
import type { DatasetViewRow, DatasetViewScore } from '../../src/shared/protocol/lab/datasetView.ts';
import { formatCount, formatPerplexity } from '../../src/shared/words.ts';
import { el } from '../ui/dom.ts';
import type { Child } from '../ui/dom.ts';
import { say, text } from '../ui/host.ts';
import { renderTokens } from '../ui/tokens.ts';
import { tokensInRaw } from './rawTokens.ts';

/** Characters of a prompt, an answer or a raw text that a row of the list can show. */
export const listCharacters = 400;

export interface RowLook {
  raw: boolean;
  /** Perplexities are shown at all. */
  perplexity: boolean;
  colour: boolean;
}

export interface RowData {
  row: number;
  read: DatasetViewRow | undefined;
  score: DatasetViewScore | undefined;
  /** The score is on its way. */
  expected: boolean;
}

/** Columns, as the head of the list names them. */
export function columnNames({ raw, perplexity }: RowLook): { name: string; words: string }[] {
  return [
    { name: 'number', words: text('row') },
    ...(perplexity ? [{ name: 'ppl', words: text('perplexity') }] : []),
    ...(raw
      ? [{ name: 'raw', words: text('raw text') }]
      : [
          { name: 'prompt', words: text('prompt') },
          { name: 'answer', words: text('answer') },
        ]),
  ];
}

/** The cells of a row. */
export function rowCells({ row, read, score, expected }: RowData, look: RowLook): HTMLElement[] {
  const cells = [
    cell('number', formatCount(row + 1)),
    ...(look.perplexity ? [cell('ppl', read && perplexityOf(read, score, expected))] : []),
  ];
  if (!read) return [...cells, cell('wide', el('span', { class: 'coming', 'aria-label': text('Loading') }))];
  if (read.blank) return [...cells, cell('wide', el('span', { class: 'quiet' }, text('(blank line)')))];
  if (read.problem !== undefined) return [...cells, problemCell(read)];
  if (look.raw) return [...cells, cell('wide mono', rawText(read, score, look))];
  const answer = answerText(read, score, look);
  if (!read.prompt) return [...cells, cell('wide', answer)];
  return [...cells, cell('prompt', read.prompt.slice(0, listCharacters)), cell('answer', answer)];
}

function cell(name: string, content: Child): HTMLElement {
  const columns = name.startsWith('wide') ? 2 : undefined;
  return el('div', { class: `cell ${name}`, role: 'gridcell', 'aria-colspan': columns }, el('div', null, content));
}

function problemCell(read: DatasetViewRow): HTMLElement {
  const problem = el(
    'span',
    { class: 'problem' },
    el('span', { 'aria-hidden': 'true' }, '\u26a0 '),
    say(read.problem ?? ''),
  );
  return cell('wide bad', [problem, ' ', el('span', { class: 'mono quiet' }, read.text.slice(0, listCharacters))]);
}

/** The number on the colour of its bin: e to the mean negative log probability is one over a mean probability. */
export function perplexityOf(read: DatasetViewRow, score: DatasetViewScore | undefined, expected: boolean): Child {
  if (read.blank || read.problem !== undefined) return false;
  if (score?.ppl !== undefined) return perplexityTag(score.ppl);
  if (score?.problem !== undefined) {
    const why = say(score.problem);
    return el('span', { class: 'quiet', title: why, 'aria-label': why }, '\u2013');
  }
  return expected && el('span', { class: 'quiet', 'aria-label': text('being scored') }, '\u2026');
}

export function perplexityTag(ppl: number): HTMLElement {
  return el('span', { class: `token t${difficultyBin(-Math.log(ppl))}` }, formatPerplexity(ppl));
}

function answerText(read: DatasetViewRow, score: DatasetViewScore | undefined, { colour }: RowLook): Child {
  const answer = (read.answer ?? '').slice(0, listCharacters);
  if (!colour || !score?.tokens) return answer;
  const seen = (score.answer ?? answer).slice(0, listCharacters);
  return renderTokens(
    seen,
    score.tokens.filter(({ start }) => start < listCharacters),
  );
}

function rawText(read: DatasetViewRow, score: DatasetViewScore | undefined, { colour }: RowLook): Child {
  const raw = read.text.slice(0, listCharacters);
  if (!colour || !score?.tokens || !score.answerPlaces) return raw;
  return renderTokens(raw, tokensInRaw(raw, score.answerPlaces, score.tokens));
}
