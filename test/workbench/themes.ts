// The four themes, and what has to hold of a panel in each of them.
import { expect } from 'vitest';
import { picture } from './pictures.ts';
import type { Stage } from './stage.ts';
import * as ui from './ui.ts';

/** By name: what the body of a webview calls its kind. */
const themes = {
  'Dark Modern': 'vscode-dark',
  'Light Modern': 'vscode-light',
  'Default High Contrast': 'vscode-high-contrast',
  'Default High Contrast Light': 'vscode-high-contrast-light',
};

/** A picture in every theme, once `settled` says that the theme has arrived. */
export async function inThemes(
  { host, page }: Pick<Stage, 'host' | 'page'>,
  name: string,
  settled: (kind: string) => Promise<void>,
): Promise<void> {
  for (const [theme, kind] of Object.entries(themes)) {
    host.set({ 'workbench.colorTheme': theme });
    await settled(kind);
    await page.waitForTimeout(400);
    await picture(page, `${name}-${kind.slice('vscode-'.length)}`);
  }
  host.set({ 'workbench.colorTheme': 'Dark Modern' });
}

/** The panel in front looks different in every theme, has no sideways scroll, and its texts can be read. */
export async function panelInThemes(stage: Stage, name: string): Promise<void> {
  const seen = new Set<string>();
  await inThemes(stage, name, async (kind) => {
    const body = ui.panel(stage.page).locator(`body[data-vscode-theme-kind="${kind}"]`);
    await body.waitFor();
    await stage.page.waitForTimeout(400);
    const { colours, overflow } = await body.evaluate((element) => ({
      colours: ['background', 'color', '--vscode-contrastBorder']
        .map((property) => getComputedStyle(element).getPropertyValue(property))
        .join(),
      overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    }));
    seen.add(colours);
    expect(overflow, kind).toBeLessThanOrEqual(0);
    expect(await body.evaluate(faintTexts, leastContrast), kind).toEqual([]);
  });
  expect(seen.size).toBe(4);
}

/** Nothing was made of texts that would like to be pictures, links to commands or scripts, in any frame of the window. */
export async function expectNoMarkup({ page, dialogs }: Stage): Promise<void> {
  for (const frame of page.frames()) {
    const made = await frame.locator('img[src="x"], a[href*="workbench.action.quit"], [data-href*="quit"]').count();
    expect(made, frame.url()).toBe(0);
  }
  expect(dialogs).toEqual([]);
}

/** WCAG asks for 4.5 of running text and 3 of large text and signs; muted words of the editor's themes are between. */
const leastContrast = 3;

/** Runs in the page: texts that hardly differ from what is behind them. Controls of the library see to themselves. */
function faintTexts(body: HTMLElement | SVGElement, least: number): string[] {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
  type Colour = [number, number, number, number];
  const read = (colour: string): Colour => {
    context.clearRect(0, 0, 1, 1);
    context.fillStyle = colour;
    context.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
    return [red, green, blue, alpha / 255];
  };
  const over = (top: Colour, below: Colour): Colour => {
    const mix = (k: 0 | 1 | 2): number => top[k] * top[3] + below[k] * (1 - top[3]);
    return [mix(0), mix(1), mix(2), 1];
  };
  const behind = (element: Element | null): Colour =>
    element === null
      ? [255, 255, 255, 1]
      : over(read(getComputedStyle(element).backgroundColor), behind(element.parentElement));
  const luminance = ([red, green, blue]: Colour): number => {
    const [r = 0, g = 0, b = 0] = [red, green, blue].map((value) => {
      const share = value / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const faint = new Set<string>();
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement!;
    const words = walker.currentNode.textContent!.trim();
    if (words === '' || !parent.checkVisibility() || parent.closest('script, style, .unseen')) continue;
    if ([parent, parent.parentElement].some((one) => one?.localName.startsWith('vscode-'))) continue;
    const ground = behind(parent);
    const [one, other] = [luminance(over(read(getComputedStyle(parent).color), ground)), luminance(ground)];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < least)
      faint.add(`${parent.className || parent.localName}: ${words.slice(0, 40)} ${contrast.toFixed(2)}`);
  }
  return [...faint];
}
