// Text for terminals: how wide it is (East Asian characters take two cells), padding, wrapping, colours. Text from outside
// loses its control characters here, so that no file name or model output can steer the terminal.
import { plainText } from '../shared/words.ts';

export interface TerminalStyle {
  /** Columns. */
  width: number;
  colour: boolean;
}

/** The style of a stream: plain when it is not a terminal or NO_COLOR is set (https://no-color.org). */
export function terminalStyle(
  stream: { isTTY?: boolean; columns?: number },
  environment: Readonly<Record<string, string | undefined>>,
): TerminalStyle {
  const refused = (environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb';
  const forced = (environment['FORCE_COLOR'] ?? '0') !== '0' && environment['FORCE_COLOR'] !== '';
  return {
    width: Math.max(40, stream.columns ?? 100),
    colour: !refused && (forced || stream.isTTY === true),
  };
}

const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** Blocks of East Asian Width W and F, and emoji, as [first, last] code points. */
const wideRanges: readonly [number, number][] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

function characterWidth(character: string): number {
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x300) return 1;
  if (zeroWidth.test(character)) return 0;
  return wideRanges.some(([first, last]) => point >= first && point <= last) ? 2 : 1;
}

/** Terminal columns that a text without escape sequences takes. */
export function textWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** At most `width` columns, with an ellipsis when something was cut off. */
export function fit(text: string, width: number): string {
  const clean = plainText(text);
  if (textWidth(clean) <= width) return clean;
  let kept = '';
  let used = 0;
  for (const character of clean) {
    const next = characterWidth(character);
    if (used + next > width - 1) break;
    kept += character;
    used += next;
  }
  return width < 1 ? '' : `${kept}\u2026`;
}

/** At most `width` columns without an ellipsis: for column heads, where the room is better spent on the name. */
export function cut(text: string, width: number): string {
  let kept = '';
  let used = 0;
  for (const character of plainText(text)) {
    used += characterWidth(character);
    if (used > width) break;
    kept += character;
  }
  return kept;
}

/** Exactly `width` columns, cut or filled with spaces. */
export function padEnd(text: string, width: number): string {
  const fitted = fit(text, width);
  return fitted + ' '.repeat(Math.max(0, width - textWidth(fitted)));
}

/** As `padEnd`, with the text at the right. */
export function padStart(text: string, width: number): string {
  const fitted = fit(text, width);
  return ' '.repeat(Math.max(0, width - textWidth(fitted))) + fitted;
}

/** Lines of at most `width` columns, broken at spaces, and between characters where there are none. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of plainText(text).split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if (textWidth(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== '') lines.push(line);
    line = word;
    while (textWidth(line) > width) {
      const head = cut(line, width);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  if (line !== '') lines.push(line);
  return lines;
}

/** Escape sequences, or nothing in plain style. */
export interface Paint {
  bold(text: string): string;
  muted(text: string): string;
  /** Text in a colour of the arm palette. */
  arm(text: string, colour: number): string;
  /** Text on the diverging scale: -1 lost (red) .. 1 gained (blue). */
  change(text: string, amount: number): string;
}

/** 256-colour codes of the eight arms: readable on dark and on light backgrounds. */
const armColours = [166, 36, 97, 172, 38, 169, 137, 244];

/** Backgrounds from faint to strong with the foreground that is readable on each. */
const lostScale: readonly [background: number, foreground: number][] = [
  [224, 16],
  [217, 16],
  [210, 16],
  [203, 16],
  [160, 231],
  [124, 231],
];
const gainedScale: readonly [background: number, foreground: number][] = [
  [195, 16],
  [153, 16],
  [111, 16],
  [75, 16],
  [26, 231],
  [18, 231],
];

function scaleStep(amount: number): [number, number] | undefined {
  const scale = amount < 0 ? lostScale : gainedScale;
  const step = Math.ceil(Math.min(1, Math.abs(amount)) * scale.length - 0.35);
  return step < 1 ? undefined : scale[Math.min(step, scale.length) - 1];
}

export function createPaint(style: TerminalStyle): Paint {
  if (!style.colour) {
    const same = (text: string): string => text;
    return { bold: same, muted: same, arm: same, change: same };
  }
  return {
    bold: (text) => `\u001b[1m${text}\u001b[22m`,
    muted: (text) => `\u001b[2m${text}\u001b[22m`,
    arm: (text, colour) => `\u001b[38;5;${armColours[colour] ?? 244}m${text}\u001b[39m`,
    change: (text, amount) => {
      const step = scaleStep(amount);
      return step ? `\u001b[48;5;${step[0]};38;5;${step[1]}m${text}\u001b[39;49m` : text;
    },
  };
}
