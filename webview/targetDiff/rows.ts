// One compared prompt: numbers at the left, both answers beside each other, coloured by token or by what differs.
import type { ComparedRow, ComparedTarget } from '../../src/shared/protocol/lab/targetDiff.ts';
import { formatCount, formatPerplexity } from '../../src/shared/words.ts';
import { el } from '../ui/dom.ts';
import type { Child } from '../ui/dom.ts';
import { say, text } from '../ui/host.ts';
import { renderTokens } from '../ui/tokens.ts';
import { provenanceName } from './words.ts';

export type TextMode = 'tokens' | 'words' | 'plain';
export type SideName = 'left' | 'right';

export interface RowOptions {
  mode: TextMode;
  unfolded: boolean;
  /** Source indices of the two sides. */
  sources: Record<SideName, number>;
  names: Record<SideName, string>;
  verifier: boolean;
  onUnfold: () => void;
  /** `rule` takes a choice of the row back. */
  onChoose: (source: number | null | 'rule') => void;
  onOpen: (target: ComparedTarget) => void;
}

/** Longer texts are folded. */
const foldedCharacters = 420;
const foldedLines = 6;

export function isLong({ text: words, cut }: ComparedTarget): boolean {
  return cut > 0 || words.length > foldedCharacters || words.split('\n').length > foldedLines;
}

/** A row that has not arrived yet. */
export function waitingRow(): HTMLElement {
  return el('div', { class: 'row waiting' }, el('div', { role: 'gridcell', class: 'quiet' }, '\u2026'));
}

export function compareRow(row: ComparedRow, options: RowOptions): HTMLElement {
  const { left, right } = row;
  const classes = ['row'];
  if (options.unfolded) classes.push('unfolded');
  return el(
    'div',
    { class: classes.join(' '), 'aria-label': rowLabel(row, options) },
    cell('line', el('span', { class: 'quiet' }, formatCount(row.line))),
    cell('number', perplexity(left)),
    cell('number', perplexity(right)),
    cell('verdict', options.verifier && [mark(left, options.names.left), mark(right, options.names.right)]),
    cell(
      'texts',
      row.prompt !== '' && el('p', { class: 'prompt' }, row.prompt),
      el('div', { class: 'sides' }, side('left', row, options), side('right', row, options)),
      foot(row, options),
    ),
  );
}

const cell = (kind: string, ...content: Child[]): HTMLElement =>
  el('div', { class: `cell ${kind}`, role: 'gridcell' }, content);

function perplexity(target: ComparedTarget | undefined): Child {
  if (target?.ppl === undefined) {
    const why = target?.problem && say(target.problem);
    return el('span', { class: 'quiet', title: why }, target && why === undefined ? '\u2026' : '\u2013');
  }
  const title = text('perplexity {0} over {1} tokens', formatPerplexity(target.ppl), formatCount(target.length ?? 0));
  return el('span', { title }, formatPerplexity(target.ppl));
}

function mark(target: ComparedTarget | undefined, name: string): Child {
  if (target?.verdict === undefined) return el('span', { class: 'quiet', 'aria-hidden': 'true' }, '\u00b7');
  const accepted = target.verdict === 1;
  const label = accepted ? text('{0}: accepted', name) : text('{0}: not accepted', name);
  return el(
    'span',
    { class: accepted ? 'yes' : 'no', role: 'img', 'aria-label': label, title: label },
    accepted ? '\u2713' : '\u2717',
  );
}

function side(which: SideName, row: ComparedRow, options: RowOptions): Child {
  const target = row[which];
  if (!target) {
    return el('div', { class: 'side quiet' }, text('no answer'));
  }
  const source = options.sources[which];
  const chosen = row.choice.source === source;
  const name = options.names[which];
  const pick = chosen ? text('{0} is trained on', name) : text('Train on {0}', name);
  return el(
    'div',
    { class: chosen ? 'side chosen' : 'side' },
    el(
      'button',
      {
        class: 'pick',
        type: 'button',
        title: pick,
        'aria-label': pick,
        'aria-pressed': String(chosen),
        on: { click: () => options.onChoose(chosen && row.choice.own ? 'rule' : source) },
      },
      chosen ? '\u25cf' : '\u25cb',
    ),
    el('div', { class: 'answer' }, answer(which, row, target, options.mode)),
    target.cut > 0 && el('span', { class: 'quiet' }, text('{0} more characters', formatCount(target.cut))),
  );
}

function answer(which: SideName, row: ComparedRow, target: ComparedTarget, mode: TextMode): Child {
  if (mode === 'tokens' && target.tokens) return renderTokens(target.text, target.tokens);
  if (mode === 'words' && row.diff) {
    const gone = which === 'left' ? 'added' : 'removed';
    const parts = row.diff.filter(({ kind }) => kind !== gone);
    return el(
      'span',
      { class: 'tokens' },
      parts.map(({ kind, text: words }) =>
        kind === 'same' ? words : el(kind === 'removed' ? 'del' : 'ins', null, words),
      ),
    );
  }
  return el('span', { class: 'tokens' }, withMask(target));
}

/** The text with what the loss leaves out, where no tokens say it. */
function withMask({ text: words, mask }: ComparedTarget): Child[] {
  const parts: Child[] = [];
  let at = 0;
  for (const [start, end] of [...mask].sort((a, b) => a[0] - b[0])) {
    if (end <= at || start >= words.length) continue;
    parts.push(words.slice(at, Math.max(at, start)));
    parts.push(
      el('span', { class: 'token masked', title: text('not trained on') }, words.slice(Math.max(at, start), end)),
    );
    at = end;
  }
  parts.push(words.slice(at));
  return parts;
}

function foot(row: ComparedRow, options: RowOptions): Child {
  const { left, right, choice } = row;
  const long = [left, right].some((target) => target !== undefined && isLong(target));
  const link = (label: string, onClick: () => void): Child =>
    el('button', { class: 'link', type: 'button', on: { click: onClick } }, label);
  const places = ([left, right] as const).flatMap((target, index) => {
    if (!target || (index === 1 && left?.file === target.file && left.line === target.line)) return [];
    return [link(text('{0}, line {1}', provenanceName(target.provenance), target.line), () => options.onOpen(target))];
  });
  const state = [
    choice.source === null &&
      el('span', { class: 'tag' }, choice.reason === undefined ? text('left out') : say(choice.reason)),
    choice.masked && el('span', { class: 'tag' }, text('hard tokens masked')),
    choice.own && link(text('as the rule says'), () => options.onChoose('rule')),
  ];
  return el(
    'div',
    { class: 'foot' },
    places,
    long && link(options.unfolded ? text('Fold') : text('Show all'), options.onUnfold),
    state,
  );
}

function rowLabel(row: ComparedRow, { names }: RowOptions): string {
  const part = (target: ComparedTarget | undefined, name: string): string => {
    if (!target) return text('{0}: no answer', name);
    return target.ppl === undefined
      ? text('{0}: {1}', name, target.text.slice(0, 200))
      : text('{0}: {1}, perplexity {2}', name, target.text.slice(0, 200), formatPerplexity(target.ppl));
  };
  return [
    text('Line {0}', row.line),
    row.prompt.slice(0, 200),
    part(row.left, names.left),
    part(row.right, names.right),
  ].join('. ');
}
