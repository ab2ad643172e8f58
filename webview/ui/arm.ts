// An arm's name with its colour and glyph, the same in every panel.
import { styleOf } from '../../src/shared/arms.ts';
import type { ArmStyle } from '../../src/shared/arms.ts';
import { el } from './dom.ts';

/** `\u25cf ground truth`. `styles` come from `armStyles(config.arms)`. */
export function armLabel(styles: ReadonlyMap<string, ArmStyle>, arm: string, shown: string = arm): HTMLElement {
  const { colour, glyph } = styleOf(styles, arm);
  return el(
    'span',
    { class: 'arm' },
    el('span', { class: 'glyph', 'aria-hidden': 'true', style: { color: `var(--fl-a${colour})` } }, glyph),
    ' ',
    shown,
  );
}
