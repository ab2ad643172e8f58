// One tip for the whole page: shown beside what is hovered or focused, text only.
import { el } from './dom.ts';

const tip = el('div', { class: 'tip', role: 'tooltip', id: 'tip', hidden: true });
document.body.append(tip);

/** Shows lines beside a box in page coordinates; the first line is the heading. */
export function showTip(box: DOMRect, lines: readonly string[]): void {
  tip.replaceChildren(...lines.map((line) => el('div', null, line)));
  tip.hidden = false;
  const left = Math.min(box.left, innerWidth - tip.offsetWidth - 12);
  const below = box.bottom + 8 + tip.offsetHeight < innerHeight;
  const top = below ? box.bottom + 8 : Math.max(4, box.top - tip.offsetHeight - 8);
  tip.style.left = `${Math.max(8, left) + scrollX}px`;
  tip.style.top = `${top + scrollY}px`;
}

export function hideTip(): void {
  tip.hidden = true;
}

addEventListener('keydown', (event) => {
  if (event.key === 'Escape') hideTip();
});
addEventListener('scroll', hideTip, { passive: true, capture: true });
