// What holds for all browser code: one adapter knows the control library, nothing turns data into markup, every text can
// be translated, and data colours are those of the written report.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { mergeParts } from '../../scripts/writeL10n.mjs';
import { css, darkColours, lightColours } from '../../webview/ui/colours.ts';
import type { DataColours } from '../../webview/ui/colours.ts';

const files = readdirSync('webview', { recursive: true, encoding: 'utf8' })
  .map((name) => path.join('webview', name))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, source: readFileSync(file, 'utf8') }));

const naming = (pattern: RegExp): string[] =>
  files.filter(({ source }) => pattern.test(source)).map(({ file }) => file);

describe('browser code', () => {
  it('knows the control library in one place', () => {
    expect(naming(/webview-ui-toolkit'/)).toEqual([path.join('webview', 'ui', 'toolkit.ts')]);
  });

  it('turns no data into markup', () => {
    expect(
      naming(/\b(innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|document\.write|DOMParser|eval)\b/),
    ).toEqual([]);
  });

  it('asks for the editor in one place', () => {
    expect(naming(/acquireVsCodeApi/)).toEqual([path.join('webview', 'ui', 'host.ts')]);
  });
});

describe('texts of panels', () => {
  const { texts } = mergeParts();
  const used = files.flatMap(({ file, source }) =>
    [...source.matchAll(/\btext\(\s*('(?:[^'\\]|\\.)*')/g)].map((match) => ({ file, english: literal(match[1]!) })),
  );

  it('are found', () => expect(used.length).toBeGreaterThan(150));

  it('are all there in Traditional Chinese, with the same places for values', () => {
    const places = (words: string): string[] => [...new Set(words.match(/\{\d\}/g))].sort();
    const wrong = used.filter(
      ({ english }) => places(texts[english] ?? '').join() !== places(english).join() || !texts[english],
    );
    expect(wrong.map(({ file, english }) => `${file}: ${english}`)).toEqual([]);
  });
});

/** The value of a string literal in source text. */
function literal(source: string): string {
  const inside = source.slice(1, -1).replaceAll('"', '\\"').replaceAll("\\'", "'");
  return JSON.parse(`"${inside}"`) as string;
}

describe('data colours', () => {
  const sheet = readFileSync('webview/report/report.css', 'utf8');
  const [light, dark] = [sheet.indexOf(':root {'), sheet.indexOf(":root[data-theme='dark']")].map((at) =>
    sheet.slice(at, sheet.indexOf('}', at)),
  );

  it.each([
    ['light', light, lightColours],
    ['dark', dark, darkColours],
  ] as const)('of the %s report and the panels are the same', (_, rules, colours: DataColours) => {
    const values = { lost: colours.lost, gained: colours.gained, score: colours.score, hard: colours.hard };
    for (const [name, colour] of Object.entries(values)) expect(rules).toContain(`--${name}: ${css(colour)};`);
    colours.arms.forEach((colour, k) => expect(rules).toContain(`--a${k}: ${css(colour)};`));
  });
});
