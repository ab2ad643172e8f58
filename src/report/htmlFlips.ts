// Flipped examples of the report: lost first, then gained, each with prompt, answer before and now, and their word diff.
import type { RunConfig } from '../shared/records.ts';
import { armStyles, styleOf, trialTitle } from '../shared/arms.ts';
import type { FlipGroup, FlippedItem } from './flips.ts';
import { flipsId } from './htmlMatrix.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatCount } from '../shared/words.ts';

export function renderFlips(config: RunConfig, groups: readonly FlipGroup[]): Markup {
  if (groups.length === 0) {
    return html`<p class="empty">No answer has flipped against the base, or the per-item results are not there.</p>`;
  }
  const styles = armStyles(config.arms);
  const trials = [...new Set(groups.map((group) => JSON.stringify([group.arm, group.lr])))];
  return html`${trials.map((key) => {
    const own = groups.filter((group) => JSON.stringify([group.arm, group.lr]) === key);
    const { arm, lr } = own[0] ?? { arm: '', lr: 0 };
    const { colour, glyph } = styleOf(styles, arm);
    return html`<h3>
        <span class="glyph arm-${colour}" aria-hidden="true">${glyph}</span> ${trialTitle(config, arm, lr)}
      </h3>
      ${[...own].sort((a, b) => b.lostCount - b.gainedCount - (a.lostCount - a.gainedCount)).map(renderGroup)}`;
  })}`;
}

function renderGroup(group: FlipGroup): Markup {
  const { lostCount, gainedCount, lost, gained, n } = group;
  const share = (count: number): string => ((count / n) * 100).toFixed(2);
  return html`<details class="flips" id="${flipsId(group)}">
    <summary>
      <span class="benchmark">${group.benchmark}</span>
      <svg class="churn" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" x="0" y="0" width="100" height="10" />
        <rect class="lost" x="0" y="0" width="${share(lostCount)}" height="10" />
        <rect
          class="gained"
          x="${(100 - (gainedCount / n) * 100).toFixed(2)}"
          y="0"
          width="${share(gainedCount)}"
          height="10"
        />
      </svg>
      <span class="counts"
        >lost ${formatCount(lostCount)}, gained ${formatCount(gainedCount)} of ${formatCount(n)}</span
      >
    </summary>
    ${
      group.textless
        ? html`<p class="quiet">Judged by likelihood: there are no texts to compare.</p>`
        : [renderItems('Lost', lostCount, lost), renderItems('Gained', gainedCount, gained)]
    }
  </details>`;
}

function renderItems(title: string, count: number, items: readonly FlippedItem[]): Markup | false {
  if (items.length === 0) return false;
  return html`<h4>${title} <span class="quiet">${items.length} of ${formatCount(count)} shown</span></h4>
    ${items.map(renderItem)}`;
}

function renderItem(item: FlippedItem): Markup {
  return html`<article class="flip">
    <p class="prompt"><span class="quiet">#${item.index}</span> <span class="verbatim">${item.prompt ?? ''}</span></p>
    <dl>
      <dt>before</dt>
      <dd><span class="verbatim">${output(item.before)}</span></dd>
      <dt>now</dt>
      <dd>
        <span class="verbatim">${output(item.now)}</span>${item.cutOff && html` <span class="tag">never ended</span>`}
      </dd>
      <dt>diff</dt>
      <dd><span class="verbatim">${diffOf(item)}</span></dd>
    </dl>
  </article>`;
}

function diffOf(item: FlippedItem): Markup[] {
  return item.diff.map(({ kind, text }) => {
    if (kind === 'same') return html`${text}`;
    return kind === 'removed' ? html`<del>${text}</del>` : html`<ins>${text}</ins>`;
  });
}

function output(text: string): Markup {
  return text === '' ? html`<span class="quiet">(empty answer)</span>` : html`${text}`;
}
