// The colours that are spent on data, and how they are mixed. Same values as webview/report/report.css (a test compares
// them). Knows no page: the theme's colours come in as values.
import { paletteSize } from '../../src/shared/arms.ts';

/** Red, green, blue, 0..255. */
export type Rgb = readonly [number, number, number];

export interface DataColours {
  lost: Rgb;
  gained: Rgb;
  score: Rgb;
  hard: Rgb;
  /** The fixed palette of arms, in the order of src/shared/arms.ts. */
  arms: readonly Rgb[];
}

const hex = (text: string): Rgb => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16)) as unknown as Rgb;

function declare(lost: string, gained: string, score: string, hard: string, arms: readonly string[]): DataColours {
  if (arms.length !== paletteSize) throw new Error(`the palette has ${paletteSize} colours`);
  return { lost: hex(lost), gained: hex(gained), score: hex(score), hard: hex(hard), arms: arms.map(hex) };
}

export const lightColours = declare('#b8321f', '#1d63ad', '#3f6b57', '#d1462f', [
  '#c9541a',
  '#0b8a6a',
  '#7457b8',
  '#b98300',
  '#2b8fc4',
  '#c2568f',
  '#84653a',
  '#6f757c',
]);

export const darkColours = declare('#f0654e', '#4e9ff0', '#5fae8c', '#f0705a', [
  '#f08547',
  '#2cc197',
  '#a98bf0',
  '#e0b23c',
  '#5cb8ea',
  '#ec86ba',
  '#c09a63',
  '#9aa1a9',
]);

/** Reads `#rgb`, `#rrggbb`, with or without alpha, and `rgb()`; alpha is laid over `under`. */
export function parseColour(text: string, under: Rgb = [0, 0, 0]): Rgb | undefined {
  const trimmed = text.trim();
  const digits = /^#([0-9a-f]{3,8})$/i.exec(trimmed)?.[1];
  if (digits !== undefined && digits.length !== 5 && digits.length !== 7) {
    const wide = digits.length <= 4 ? [...digits].map((digit) => digit + digit).join('') : digits;
    const alpha = wide.length === 8 ? parseInt(wide.slice(6), 16) / 255 : 1;
    return over(hex(`#${wide}`), alpha, under);
  }
  const numbers = /^rgba?\(([^)]*)\)$/i
    .exec(trimmed)?.[1]
    ?.split(/[\s,/]+/)
    .filter((part) => part !== '')
    .map((part) => (part.endsWith('%') ? parseFloat(part) / 100 : parseFloat(part)));
  if (!numbers || numbers.length < 3 || numbers.some(Number.isNaN)) return undefined;
  return over([numbers[0]!, numbers[1]!, numbers[2]!], numbers[3] ?? 1, under);
}

function over(colour: Rgb, alpha: number, under: Rgb): Rgb {
  return colour.map((value, k) => value * alpha + under[k]! * (1 - alpha)) as unknown as Rgb;
}

/** `#rrggbb`. */
export function css(colour: Rgb): string {
  return `#${colour
    .map((value) =>
      Math.round(Math.min(255, Math.max(0, value)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
}

/** `rgba()` with an alpha of 0..1. */
export function faded(colour: Rgb, alpha: number): string {
  return `rgba(${colour.map((value) => Math.round(value)).join(', ')}, ${alpha})`;
}

const linear = (value: number): number => {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
};
const encoded = (value: number): number =>
  255 * (value <= 0.0031308 ? 12.92 * value : 1.055 * Math.max(0, value) ** (1 / 2.4) - 0.055);

/** Oklab (Ottosson 2020), in which equal steps look equal. */
function oklab(colour: Rgb): Rgb {
  const [r, g, b] = colour.map(linear) as unknown as Rgb;
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([lightness, a, b]: Rgb): Rgb {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encoded(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

/** `share` of `to`, the rest of `from`, as CSS color-mix in oklab does it. */
export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const start = oklab(from);
  const end = oklab(to);
  return fromOklab(start.map((value, k) => value + (end[k]! - value) * share) as unknown as Rgb);
}

/** Relative luminance of WCAG 2. */
export function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map(linear) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast ratio of WCAG 2, 1..21. */
export function contrast(a: Rgb, b: Rgb): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light! + 0.05) / (dark! + 0.05);
}

/** The ink that reads better on a ground, of two. */
export function readable(ground: Rgb, a: Rgb, b: Rgb): Rgb {
  return contrast(ground, a) >= contrast(ground, b) ? a : b;
}

/** Blue for gained, the neutral ground, red for lost; full colour at `clip`. A clear change is never drawn as none. */
export function changeColour(change: number, clip: number, neutral: Rgb, colours: DataColours): Rgb {
  const share = Math.min(1, Math.abs(change) / clip);
  if (share === 0) return neutral;
  return mix(neutral, change < 0 ? colours.lost : colours.gained, 0.1 + 0.9 * share);
}

/** One hue, from the ground (0) to full (1). */
export function scoreColour(score: number, neutral: Rgb, colours: DataColours): Rgb {
  return mix(neutral, colours.score, Math.min(1, Math.max(0, score)) * 0.92);
}
