// The editor's theme as a panel sees it: its kind, its colours, and when it changes. Data colours are put into the page as
// custom properties, so that style sheets and canvases draw with the same ones.
import { css, darkColours, lightColours, mix, parseColour } from './colours.ts';
import type { DataColours, Rgb } from './colours.ts';

export type ThemeKind = 'light' | 'dark' | 'high-contrast' | 'high-contrast-light';

export interface Theme {
  kind: ThemeKind;
  dark: boolean;
  highContrast: boolean;
  background: Rgb;
  foreground: Rgb;
  /** Descriptions, axis labels, what includes zero. */
  quiet: Rgb;
  /** Borders. */
  line: Rgb;
  /** Grid lines of charts. */
  grid: Rgb;
  /** Focus ring. */
  focus: Rgb;
  /** Outlines in high contrast. */
  border: Rgb;
  /** Ground of a cell without change. */
  cell: Rgb;
  font: string;
  monospace: string;
  data: DataColours;
}

/** A colour variable of the theme over its background, or the fallback where the theme has none. */
export function themeColour(name: `--vscode-${string}`, fallback: Rgb, under?: Rgb): Rgb {
  return parseColour(getComputedStyle(document.body).getPropertyValue(name), under ?? fallback) ?? fallback;
}

function kindOf(): ThemeKind {
  const { classList } = document.body;
  if (classList.contains('vscode-high-contrast-light')) return 'high-contrast-light';
  if (classList.contains('vscode-high-contrast')) return 'high-contrast';
  return classList.contains('vscode-light') ? 'light' : 'dark';
}

function readTheme(): Theme {
  const kind = kindOf();
  const dark = kind === 'dark' || kind === 'high-contrast';
  const highContrast = kind.startsWith('high-contrast');
  const background = themeColour('--vscode-editor-background', dark ? [31, 31, 31] : [255, 255, 255]);
  const foreground = themeColour('--vscode-editor-foreground', dark ? [204, 204, 204] : [59, 59, 59], background);
  const style = getComputedStyle(document.body);
  return {
    kind,
    dark,
    highContrast,
    background,
    foreground,
    quiet: highContrast
      ? foreground
      : themeColour('--vscode-descriptionForeground', mix(background, foreground, 0.7), background),
    line: highContrast
      ? themeColour('--vscode-contrastBorder', foreground, background)
      : mix(background, foreground, 0.14),
    grid: mix(background, foreground, highContrast ? 0.3 : 0.14),
    focus: themeColour('--vscode-focusBorder', dark ? [0, 120, 212] : [0, 95, 184], background),
    border: themeColour('--vscode-contrastBorder', foreground, background),
    cell: highContrast ? background : mix(background, foreground, 0.055),
    font: style.getPropertyValue('--vscode-font-family') || 'sans-serif',
    monospace: style.getPropertyValue('--vscode-editor-font-family') || 'monospace',
    data: dataColours(dark ? darkColours : lightColours, background),
  };
}

/** The palette of arms is a set of theme colours of this extension, so a person may have chosen others. */
function dataColours(colours: DataColours, background: Rgb): DataColours {
  const arms = colours.arms.map((arm, k) => themeColour(`--vscode-forgettingLab-arm${k + 1}`, arm, background));
  return { ...colours, arms };
}

function publish(theme: Theme): void {
  const { style } = document.body;
  const { lost, gained, score, hard, arms } = theme.data;
  for (const [name, colour] of Object.entries({ lost, gained, score, hard, cell: theme.cell, line: theme.line })) {
    style.setProperty(`--fl-${name}`, css(colour));
  }
  style.setProperty('--fl-quiet', css(theme.quiet));
  arms.forEach((colour, k) => style.setProperty(`--fl-a${k}`, css(colour)));
}

let current = readTheme();
const listeners = new Set<(theme: Theme) => void>();
publish(current);

const observer = new MutationObserver(() => {
  current = readTheme();
  publish(current);
  for (const listener of listeners) listener(current);
});
// The editor writes the theme's variables into the style of the root element and its kind into classes of the body.
observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });

/** The theme of the moment. */
export function theme(): Theme {
  return current;
}

/** Called after every change of theme until the returned function is called. */
export function onThemeChange(listener: (theme: Theme) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether the reader asked for less motion. */
export function reducedMotion(): boolean {
  return (
    matchMedia('(prefers-reduced-motion: reduce)').matches || document.body.classList.contains('vscode-reduce-motion')
  );
}
