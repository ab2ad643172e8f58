// What to train on: the rule for all rows, what it comes to, and the way to a new dataset.
import type { ChoiceRule, ChoiceSummary, ComparisonState } from '../../src/shared/protocol/lab/targetDiff.ts';
import { formatCount } from '../../src/shared/words.ts';
import { el, fill } from '../ui/dom.ts';
import { boot, say, text } from '../ui/host.ts';
import { button, dropdown, setDisabled } from '../ui/toolkit.ts';
import type { Control } from '../ui/toolkit.ts';
import { nameInside } from './words.ts';

/** Above this perplexity selective token masking masks (methods 2.11). */
const tau = 2.5;

export interface ChoicePart {
  element: HTMLElement;
  /** Offers the rules for the sources there are. */
  offer(state: ComparisonState): void;
  show(summary: ChoiceSummary, state: ComparisonState): void;
}

export function makeChoice(onRule: (rule: ChoiceRule) => void, onWrite: () => void): ChoicePart {
  const place = el('div');
  const counts = el('p', { class: 'quiet', role: 'status' });
  const write = button(text('Write dataset\u2026'), onWrite, { kind: 'primary' });
  const element = el(
    'section',
    { class: 'choice', 'aria-label': text('What to train on') },
    el('div', { class: 'bar' }, place, boot.trusted && write, counts),
  );
  let control: Control<string> | undefined;
  let offered = '';
  return {
    element,
    offer: (state) => {
      const rules = rulesFor(state);
      const key = JSON.stringify(rules);
      if (key === offered) return;
      offered = key;
      const choices = rules.map(({ rule, label }) => ({ value: nameOf(rule), label }));
      const pick = (name: string): void => {
        const found = rules.find(({ rule }) => nameOf(rule) === name);
        if (found) onRule(found.rule);
      };
      control = dropdown(text('Train on'), choices, control?.value ?? 'ground-truth', pick);
      fill(place, control.element);
    },
    show: (summary, state) => {
      if (control) control.value = nameOf(summary.rule);
      fill(counts, wordsOf(summary, state).join(' '));
      setDisabled(write, summary.undecided > 0 || summary.rows === 0);
    },
  };
}

const nameOf = (rule: ChoiceRule): string => (rule.kind === 'prefer' ? `prefer ${rule.source}` : rule.kind);

function rulesFor(state: ComparisonState): { rule: ChoiceRule; label: string }[] {
  const others = state.sources.flatMap((source, index) => {
    if (index === 0) return [];
    const rule: ChoiceRule = { kind: 'prefer', source: index, otherwise: 'ground-truth' };
    return [{ rule, label: text('{0}, else ground truth', nameInside(source)) }];
  });
  return [
    { rule: { kind: 'ground-truth' }, label: text('ground truth') },
    ...others,
    { rule: { kind: 'lowest-perplexity' }, label: text('lowest perplexity') },
    { rule: { kind: 'ground-truth-masked', tau }, label: text('ground truth, hard tokens masked') },
  ];
}

function wordsOf(summary: ChoiceSummary, state: ComparisonState): string[] {
  const sources = summary.bySource.flatMap((count, index) => {
    const source = state.sources[index];
    return count > 0 && source ? [`${formatCount(count)} ${nameInside(source)}`] : [];
  });
  const words = [text('{0} rows: {1}.', formatCount(summary.rows), sources.join(', ') || '\u2013')];
  if (summary.masked > 0) words.push(text('Hard tokens of {0} rows are masked.', formatCount(summary.masked)));
  if (summary.own === 1) words.push(text('One row is chosen by hand.'));
  if (summary.own > 1) words.push(text('{0} rows are chosen by hand.', formatCount(summary.own)));
  for (const { reason, count } of summary.dropped)
    words.push(text('{0} left out: {1}.', formatCount(count), say(reason)));
  for (const { reason, count } of summary.lost) {
    words.push(
      count === 1
        ? text('One choice by hand was dropped: {0}.', say(reason))
        : text('{0} choices by hand were dropped: {1}.', formatCount(count), say(reason)),
    );
  }
  if (summary.undecided > 0) words.push(text('{0} wait for their numbers.', formatCount(summary.undecided)));
  return words;
}
