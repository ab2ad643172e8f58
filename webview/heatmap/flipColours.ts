// Tokens of the flipped answers, coloured on demand: the answers in sight are scored by the lab server, a few at a time, and
// what has scrolled away or been closed meanwhile is not.
import { scoreFlips } from '../../src/shared/protocol/lab/flipTokens.ts';
import type { FlipScorer, FlipTokens } from '../../src/shared/protocol/lab/flipTokens.ts';
import type { ScoringModel } from '../../src/shared/protocol/lab/datasets.ts';
import type { FlippedAnswer } from '../../src/shared/protocol/lab/runs.ts';
import { el, fill } from '../ui/dom.ts';
import { boot, errorText, isAbort, keep, remembered, request, say, text } from '../ui/host.ts';
import { renderTokens, tokenLegend } from '../ui/tokens.ts';
import { button, checkbox, segmented } from '../ui/toolkit.ts';
import type { FlipsRequest } from './flipsRequest.ts';

/** Items of one request: few, so that the first colours come soon. */
const itemsTogether = 6;
/** Scrolling past is no reason to compute. */
const restMs = 120;

/** An item on the page, with the places of its two answers. */
export interface ShownFlip {
  item: FlippedAnswer;
  article: HTMLElement;
  before: HTMLElement;
  now: HTMLElement;
}

export interface FlipColours {
  /** Empty in Restricted Mode: nothing is computed there. */
  controls: HTMLElement;
  /** These items of a cell are on the page now. */
  watch(cell: FlipsRequest, shown: readonly ShownFlip[]): void;
  /** Nothing is on the page any more. */
  stop(): void;
}

export function makeFlipColours(): FlipColours {
  const engine = boot.subject['engine'] as Pick<ScoringModel, 'device' | 'threads'> | undefined;
  let on = boot.trusted && (remembered<boolean>('flipColours') ?? false);
  let under = remembered<FlipScorer>('flipScorer') ?? 'base';
  let cell: FlipsRequest | undefined;
  let shown: readonly ShownFlip[] = [];
  let known = new Map<number, FlipTokens>();
  let running: { abort: AbortController; items: readonly number[] } | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const visible = new Set<Element>();
  const status = el('div', { role: 'status', class: 'quiet' });
  const scorer = segmented<FlipScorer>(
    text('Whose probabilities'),
    [
      { value: 'base', label: text('base') },
      { value: 'checkpoint', label: text('after the training') },
    ],
    under,
    (next) => {
      under = next;
      keep('flipScorer', next);
      restart();
    },
  );
  const details = el('div', { class: 'colouring', hidden: !on }, scorer.element, tokenLegend());
  const toggle = checkbox(text('Colour tokens'), on, (next) => {
    on = next;
    keep('flipColours', next);
    details.hidden = !on;
    restart();
  });

  const seen = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) visible.add(target);
      else visible.delete(target);
    }
    // What runs goes on while anybody sees one of its answers.
    if (running && !inSight().some(({ item }) => running?.items.includes(item.index))) cancel();
    clearTimeout(timer);
    timer = setTimeout(() => void work(), restMs);
  });

  const inSight = (): ShownFlip[] => shown.filter(({ article }) => visible.has(article));

  const draw = ({ item, before, now }: ShownFlip): void => {
    const tokens = on ? known.get(item.index) : undefined;
    const answer = (place: HTMLElement, words: string, scored: FlipTokens['now']): void => {
      if (scored) fill(place, renderTokens(words, scored));
      else if (place.firstElementChild?.className === 'tokens') fill(place, words);
    };
    answer(before, item.before, tokens?.before);
    answer(now, item.now, tokens?.now);
    before.title = now.title = say(tokens?.problem ?? '');
  };

  const cancel = (): void => {
    clearTimeout(timer);
    running?.abort.abort();
    running = undefined;
    fill(status);
  };

  const restart = (): void => {
    cancel();
    known = new Map();
    for (const one of shown) draw(one);
    void work();
  };

  const work = async (): Promise<void> => {
    if (!on || !cell || running) return;
    const items = inSight()
      .map(({ item }) => item.index)
      .filter((index) => !known.has(index))
      .slice(0, itemsTogether);
    if (items.length === 0) return;
    const mine = (running = { abort: new AbortController(), items });
    fill(status, text('Scoring'));
    try {
      const scored = await request(scoreFlips, { ...engine, ...cell, under, items }, mine.abort.signal);
      if (running !== mine) return;
      for (const one of scored) known.set(one.index, one);
      for (const one of shown) if (items.includes(one.item.index)) draw(one);
      cancel();
    } catch (error) {
      if (isAbort(error) || running !== mine) return;
      running = undefined;
      const again = button(text('Try again'), restart);
      fill(status, el('div', { class: 'notice error', role: 'alert' }, errorText(error), ' ', again));
      return;
    }
    void work();
  };

  return {
    controls: el('div', { class: 'colours' }, boot.trusted && [toggle.element, details, status]),
    watch: (next, flips) => {
      cancel();
      seen.disconnect();
      visible.clear();
      if (JSON.stringify(next) !== JSON.stringify(cell)) known = new Map();
      cell = next;
      shown = flips;
      for (const one of shown) {
        draw(one);
        seen.observe(one.article);
      }
    },
    stop: () => {
      cancel();
      seen.disconnect();
      visible.clear();
      cell = undefined;
      shown = [];
    },
  };
}
