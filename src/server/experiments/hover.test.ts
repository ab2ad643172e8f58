import { describe, expect, test } from 'vitest';
import { inEnglish } from '../../shared/phrase.ts';
import { hover } from './hover.ts';
import { textPositions } from './textPositions.ts';

/** What is shown where `|` stands. */
function at(marked: string, name = 'x.experiment.yaml'): { markdown: string; words: string } | undefined {
  const offset = marked.indexOf('|');
  const text = marked.slice(0, offset) + marked.slice(offset + 1);
  const positions = textPositions(text);
  const found = hover(`/nowhere/${name}`, text, positions.at(offset));
  if (!found) return undefined;
  const words = text.slice(positions.offset(found.range.start), positions.offset(found.range.end));
  const paragraphs = found.markdown.map((lines) => lines.map(inEnglish).join('\n'));
  return { markdown: paragraphs.join('\n\n'), words };
}

describe('hover', () => {
  test('a key: type, default, meaning, values', () => {
    expect(at('arms:\n  - mask: { kind: stm, ta|u: 3 }')).toEqual({
      words: 'tau',
      markdown: '**`tau`** · number above 0 · default `2.5`\n\nTokens with a perplexity above this are masked.',
    });
    expect(at('dev|ice: cpu')?.markdown).toMatch(
      /^\*\*`device`\*\* · `auto`, `cpu`, `webgpu`, `cuda` · default `"auto"`/,
    );
    expect(at('arms:\n  - ma|sk: { kind: stm }')?.markdown).toMatch(/- `stm`: Selective token masking/);
  });

  test('a preset, a scorer, a kind', () => {
    expect(at('arms:\n  - { name: a, preset: st|m }')?.markdown).toMatch(/Selective token masking.*arXiv 2501\.14315/);
    expect(at('benchmarks:\n  - scorer: last|_number')?.markdown).toMatch(/Strict:/);
    expect(at('arms:\n  - mask: { kind: |stm }')?.markdown).toMatch(/^Selective token masking: hard tokens/);
  });

  test('other values are explained by their key, items by that of their list', () => {
    expect(at('seeds: [0, 1|]')).toMatchObject({ words: '1', markdown: expect.stringContaining('`seeds`') as string });
    expect(at('{ "model": "poc|ket" }', 'x.experiment.json')?.words).toBe('"pocket"');
  });

  test('works in a file that is not finished, and says nothing about nothing', () => {
    expect(at('dev|ice: [1,\nname')?.words).toBe('device');
    expect(at('# com|ment')).toBeUndefined();
    expect(at('nonsen|se: 1')).toBeUndefined();
  });
});
