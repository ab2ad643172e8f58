// At the right: the items that a training flipped, lost first, each with both answers and what changed between them.
import { getFlips } from '../../src/shared/protocol/lab/runs.ts';
import type { FlipList, FlippedAnswer } from '../../src/shared/protocol/lab/runs.ts';
import { formatCount } from '../../src/shared/words.ts';
import { el, fill } from '../ui/dom.ts';
import type { Child } from '../ui/dom.ts';
import { errorText, isAbort, request, say, text } from '../ui/host.ts';
import { button, progressRing } from '../ui/toolkit.ts';
import { makeFlipColours } from './flipColours.ts';
import type { ShownFlip } from './flipColours.ts';
import type { FlipsRequest } from './flipsRequest.ts';

/** Items listed before "Show all". */
const firstItems = 20;

export interface FlipsPane {
  element: HTMLElement;
  /** The cell that is listed, while the list is open. */
  shown(): FlipsRequest | undefined;
  /** Lists the flips of a cell under a heading; resolves when they are there. */
  show(cell: FlipsRequest, heading: Child): Promise<void>;
  hide(): void;
  /** For those who came by key, and where the list was out of sight. */
  focus(): void;
  /** Scrolls the page until the list begins at its top. */
  reveal(): void;
}

/** `onTargets` opens what the stage was trained on. */
export function makeFlips(onClose: () => void, onTargets: (stage: number) => void): FlipsPane {
  const heading = el('h2', { tabindex: -1 });
  const content = el('div');
  const close = button('\u00d7', onClose, { kind: 'icon', label: text('Close') });
  const element = el(
    'aside',
    {
      class: 'flips',
      hidden: true,
      'aria-label': text('Flipped answers'),
    },
    el('div', { class: 'flips-head' }, heading, close),
    content,
  );
  const colours = makeFlipColours();
  let running: AbortController | undefined;
  let shown: FlipsRequest | undefined;
  const load = async (cell: FlipsRequest, limit: number): Promise<void> => {
    running?.abort();
    running = new AbortController();
    const { signal } = running;
    colours.stop();
    fill(content, progressRing(text('Loading')));
    try {
      const list = await request(getFlips, { ...cell, limit }, signal);
      const all = (): void => void load(cell, Math.max(list.lostCount, list.gainedCount));
      const [lost, gained] = [list.lost.map(flippedItem), list.gained.map(flippedItem)];
      fill(content, ...listed(list, { lost, gained, colours: colours.controls }, all, () => onTargets(cell.stage)));
      colours.watch(cell, [...lost, ...gained]);
    } catch (error) {
      if (!isAbort(error)) fill(content, el('p', { class: 'notice error' }, errorText(error)));
    }
  };
  return {
    element,
    shown: () => shown,
    show: (cell, words) => {
      shown = cell;
      fill(heading, words);
      element.hidden = false;
      return load(cell, firstItems);
    },
    focus: () => heading.focus({ preventScroll: true }),
    reveal: () => element.scrollIntoView({ block: 'start', behavior: stillness() ? 'auto' : 'smooth' }),
    hide: () => {
      running?.abort();
      colours.stop();
      shown = undefined;
      element.hidden = true;
    },
  };
}

/** Whether the person wants no motion. */
function stillness(): boolean {
  return (
    document.body.classList.contains('vscode-reduce-motion') || matchMedia('(prefers-reduced-motion: reduce)').matches
  );
}

interface Shown {
  lost: readonly ShownFlip[];
  gained: readonly ShownFlip[];
  /** What colours them. */
  colours: HTMLElement;
}

function listed(list: FlipList, shown: Shown, showAll: () => void, openTargets: () => void): Child[] {
  const counts = text(
    '{0} lost and {1} gained of {2} answers.',
    formatCount(list.lostCount),
    formatCount(list.gainedCount),
    formatCount(list.n),
  );
  if (list.lostCount + list.gainedCount === 0) return [el('p', { role: 'status' }, text('No answer flipped.'))];
  const more = list.lostCount > list.lost.length || list.gainedCount > list.gained.length;
  return [
    el('p', { role: 'status' }, counts),
    list.textless && el('p', { class: 'quiet' }, text('Judged by likelihood: there are no texts to show.')),
    el('div', { class: 'buttons' }, button(text('Open in target diff'), openTargets)),
    !list.textless && shown.colours,
    group(text('Lost'), 'lost', shown.lost, list.lostCount),
    group(text('Gained'), 'gained', shown.gained, list.gainedCount),
    more && button(text('Show all'), showAll),
  ];
}

function group(title: string, kind: string, items: readonly ShownFlip[], count: number): Child {
  if (count === 0) return false;
  const shown = items.length < count ? ` (${text('{0} of {1}', items.length, formatCount(count))})` : ` (${count})`;
  return el(
    'section',
    { class: kind },
    el('h3', null, title, el('span', { class: 'quiet' }, shown)),
    items.map(({ article }) => article),
  );
}

function flippedItem(item: FlippedAnswer): ShownFlip {
  const before = el('span', null, orEmpty(item.before));
  const now = el('span', null, orEmpty(item.now));
  const answer = (name: string, value: Child, reason: string | undefined, tag: Child = false): Child => [
    el('dt', null, name),
    el('dd', null, value, ' ', tag, reason !== undefined && el('div', { class: 'quiet reason' }, reason)),
  ];
  const cut = item.cutOff && el('span', { class: 'tag' }, text('cut off'));
  const diff = item.diff.map(({ kind, text: part }) => {
    if (kind === 'same') return part;
    return el(kind === 'removed' ? 'del' : 'ins', null, part);
  });
  const article = el(
    'article',
    { class: 'flip' },
    el('p', { class: 'prompt' }, el('span', { class: 'quiet' }, `#${item.index} `), item.prompt),
    el(
      'dl',
      null,
      answer(text('before'), before, item.reasonBefore && say(item.reasonBefore)),
      answer(text('now'), now, item.reasonNow && say(item.reasonNow), cut),
      item.diff.some(({ kind }) => kind === 'same') && answer(text('changes'), diff, undefined),
    ),
  );
  return { item, article, before, now };
}

function orEmpty(answer: string): Child {
  return answer === '' ? el('span', { class: 'quiet' }, text('(empty)')) : answer;
}
