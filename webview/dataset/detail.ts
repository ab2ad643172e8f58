// One row in full: what is known about it, its texts with every token coloured, the hardest tokens with what the model
// would rather have written, and the text of the file.
import type { DatasetViewRow, DatasetViewScore } from '../../src/shared/protocol/lab/datasetView.ts';
import type { ScoredToken } from '../../src/shared/records.ts';
import { formatCount } from '../../src/shared/words.ts';
import { el, fill } from '../ui/dom.ts';
import type { Child } from '../ui/dom.ts';
import { action, errorText, isAbort, say, text } from '../ui/host.ts';
import { modelName } from '../ui/modelNames.ts';
import { renderTokens, tokenLegend } from '../ui/tokens.ts';
import { button, progressRing } from '../ui/toolkit.ts';
import { perplexityTag } from './rowCells.ts';
import { formatBytes, formatProbability, provenanceWords, visible } from './words.ts';

/** Characters of a row that are shown in full. */
export const detailCharacters = 100_000;
/** Tokens that are coloured: a browser with more elements gets slow. */
const mostTokens = 5000;
/** While keys run through the list, rows that are only passed by are not asked for. */
const settleMs = 90;

export interface DetailSource {
  row(row: number, signal: AbortSignal): Promise<DatasetViewRow | undefined>;
  /** Absent where nothing may be computed. */
  explain?: ((row: number, signal: AbortSignal) => Promise<DatasetViewScore>) | undefined;
  model: string;
}

export interface DetailPane {
  readonly element: HTMLElement;
  readonly open: boolean;
  /** Opens the pane on a row, or brings it there. */
  show(row: number, source: DetailSource): void;
  hide(): void;
}

export function makeDetail(onClose: () => void): DetailPane {
  const heading = el('h2');
  const content = el('div', {
    class: 'detail-content',
    tabindex: 0,
    role: 'region',
    'aria-label': text('The whole row'),
  });
  const close = button('\u00d7', onClose, { kind: 'icon', label: text('Close'), title: text('Close (Escape)') });
  const element = el(
    'aside',
    { class: 'detail', hidden: true, 'aria-label': text('The current row') },
    el('div', { class: 'detail-head' }, heading, close),
    content,
  );
  let going: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const load = async (row: number, source: DetailSource, signal: AbortSignal): Promise<void> => {
    try {
      const read = await source.row(row, signal);
      if (!read) return;
      const scorable = source.explain !== undefined && !read.blank && read.problem === undefined;
      draw(content, read, scorable ? 'coming' : undefined, source.model);
      if (!scorable) return;
      draw(content, read, await source.explain?.(row, signal), source.model);
    } catch (error) {
      if (isAbort(error)) return;
      content.querySelector('.scores')?.remove();
      content.prepend(el('p', { class: 'notice error', role: 'alert' }, errorText(error)));
    }
  };
  return {
    element,
    get open() {
      return !element.hidden;
    },
    show: (row, source) => {
      going?.abort();
      const abort = (going = new AbortController());
      clearTimeout(timer);
      const wait = element.hidden ? 0 : settleMs;
      element.hidden = false;
      fill(heading, text('Row {0}', formatCount(row + 1)));
      timer = setTimeout(() => void load(row, source, abort.signal), wait);
    },
    hide: () => {
      going?.abort();
      clearTimeout(timer);
      element.hidden = true;
      fill(content);
    },
  };
}

type Score = DatasetViewScore | 'coming' | undefined;

function draw(content: HTMLElement, read: DatasetViewRow, score: Score, model: string): void {
  const { scrollTop } = content;
  const same = content.dataset['row'] === String(read.row);
  content.dataset['row'] = String(read.row);
  fill(
    content,
    read.problem !== undefined &&
      el('p', { class: 'notice error' }, text('This row cannot be used: {0}', say(read.problem))),
    facts(read, score, model),
    hardest(score),
    section(text('prompt'), read.prompt, text('context, not trained on')),
    answer(read, score),
    rawText(read),
  );
  // Scores that arrive must not move the text under somebody who reads.
  content.scrollTop = same ? scrollTop : 0;
}

function facts(read: DatasetViewRow, score: Score, model: string): HTMLElement {
  const known = score === 'coming' ? undefined : score;
  const trained = known?.tokens?.filter((token) => token.trained).length ?? 0;
  const masked = (known?.tokens?.length ?? 0) - trained;
  const fact = (name: string, value: Child): Child => [el('dt', null, name), el('dd', null, value)];
  return el(
    'dl',
    { class: 'facts scores' },
    score === 'coming' && fact(text('perplexity'), progressRing(text('being scored'))),
    known?.ppl !== undefined &&
      fact(text('perplexity'), [perplexityTag(known.ppl), ' ', text('under {0}', modelName(model))]),
    known?.problem !== undefined && fact(text('perplexity'), text('not scored: {0}', say(known.problem))),
    known?.tokens !== undefined &&
      fact(
        text('loss'),
        masked === 0
          ? text('{0} tokens trained on', formatCount(trained))
          : text('{0} tokens trained on, {1} masked', formatCount(trained), formatCount(masked)),
      ),
    read.provenance !== undefined && fact(text('written by'), provenanceWords(read.provenance)),
    fact(text('size'), formatBytes(read.bytes)),
  );
}

function hardest(score: Score): Child {
  if (score === 'coming' || !score?.tokens || !score.hardest || score.hardest.length === 0) return false;
  const { tokens } = score;
  return el(
    'section',
    null,
    el('h3', null, text('Hardest to predict')),
    el(
      'ol',
      { class: 'hardest' },
      score.hardest.map(({ index, alternatives }) => {
        const token = tokens[index];
        return token && el('li', null, hardToken(token, alternatives));
      }),
    ),
  );
}

/** `wanted # 0.001, expected Let 0.97, then The 0.01`. */
function hardToken(token: ScoredToken, alternatives: readonly { text: string; logprob: number }[]): Child {
  const bit = (words: string, logprob: number): Child => [
    el('code', null, words === '' ? text('the end of the answer') : visible(words)),
    ' ',
    el('span', { class: 'quiet' }, formatProbability(logprob)),
  ];
  const others = alternatives.filter((one) => one.text !== token.text);
  return [
    phrase(text('wanted {0}', '\0'), bit(token.text, token.logprob)),
    others.map((one, k) => [
      ', ',
      phrase(k === 0 ? text('expected {0}', '\0') : text('then {0}', '\0'), bit(one.text, one.logprob)),
    ]),
  ];
}

/** A text with an element in the place that `\0` holds. */
function phrase(words: string, child: Child): Child {
  const [before = '', after = ''] = words.split('\0');
  return [before, child, after];
}

function section(title: string, content: string | undefined, remark: string): Child {
  if (content === undefined || content === '') return false;
  return el(
    'section',
    null,
    el('h3', null, title, ' ', el('span', { class: 'quiet' }, remark)),
    el('div', { class: 'whole', dir: 'auto' }, content),
  );
}

function answer(read: DatasetViewRow, score: Score): Child {
  if (read.answer === undefined) return false;
  const tokens = score === 'coming' ? undefined : score?.tokens;
  const whole = (score !== 'coming' && score?.answer) || read.answer;
  const coloured = tokens && renderTokens(whole, tokens.slice(0, mostTokens));
  return el(
    'section',
    null,
    el('h3', null, text('answer')),
    coloured && tokenLegend(),
    el('div', { class: 'whole answer', dir: 'auto' }, coloured ?? (whole === '' ? text('(empty)') : whole)),
  );
}

function rawText(read: DatasetViewRow): Child {
  if (read.blank) return el('p', { class: 'quiet' }, text('(blank line)'));
  const broken = read.problem !== undefined;
  return el(
    'details',
    { open: broken },
    el('summary', null, text('Text of the file')),
    read.cut && el('p', { class: 'quiet' }, text('The beginning of {0}.', formatBytes(read.bytes))),
    el('div', { class: 'whole raw' }, read.text),
    button(text('Copy'), () => void action({ kind: 'copy', text: read.text })),
  );
}
