import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { csvCell, csvTable, driftCsv, matrixCsv, numbersCsv, ratesCsv, targetsCsv } from './csv.ts';
import { examplesOfGained, examplesOfLost } from './flips.ts';
import { renderMarkdown } from './markdown.ts';
import { escapeMarkdown } from './markdownText.ts';
import { collectReport } from './reportData.ts';
import { hostileName, syntheticRun } from './testing/syntheticRun.ts';
import { writeReport } from './writeReport.ts';

/** Rows of a CSV text, quotes undone. */
function parseCsv(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    if (end === '\r\n') rows.push([]);
  }
  return rows.slice(0, -1);
}

const collecting = collectReport(syntheticRun());

describe('CSV', () => {
  it('makes text that looks like a formula harmless and leaves numbers alone', () => {
    expect(['=1+1', '+1', '-1', '@x', '\tx'].map(csvCell)).toEqual(["'=1+1", "'+1", "'-1", "'@x", "'\tx"]);
    expect(csvCell(-1.5)).toBe('-1.5');
    expect(csvCell('a,"b"\n')).toBe('"a,""b""\n"');
    expect([csvCell(null), csvCell(undefined), csvCell(Number.NaN), csvCell(true)]).toEqual(['', '', '', 'true']);
    expect(csvTable(['a'], [['b']])).toBe('a\r\nb\r\n');
  });

  it('holds every cell, number and target row', async () => {
    const data = await collecting;
    const matrix = parseCsv(matrixCsv(data));
    const width = matrix[0]!.length;
    expect(matrix.every((row) => row.length === width)).toBe(true);
    expect(matrix).toHaveLength(1 + 7 + 4 * 2 * 7);
    const row = matrix.find((one) => one[0] === 'ground truth' && one[3] === 'addition' && one[2] === '1')!;
    expect(Number(row[matrix[0]!.indexOf('change')])).toBeCloseTo(-0.58, 12);
    expect(matrix.some((one) => one[0] === `'${hostileName}`)).toBe(true);
    expect(parseCsv(numbersCsv(data))).toHaveLength(1 + data.numbers.length);
    expect(parseCsv(targetsCsv(data))).toHaveLength(7);
    const rates = parseCsv(ratesCsv(data));
    expect(rates.find((one) => one[0] === 'base' && one[4] === 'json_strict')?.[3]).toBe('json');
    const drift = parseCsv(driftCsv(data));
    expect(drift).toHaveLength(3);
    expect(drift[1]?.slice(0, 6)).toEqual(['ground truth', '0.0003', '0', '1', 'neutral', '1.1']);
  });
});

describe('Markdown', () => {
  it('names are neither markup nor links nor columns', async () => {
    expect(escapeMarkdown('a|b [c](d) <i> *x*\n# y')).toBe('a\\|b \\[c\\]\\(d\\) &lt;i&gt; \\*x\\* \\# y');
    const text = renderMarkdown(await collecting);
    expect(text).not.toContain('<img');
    const tables = text.split('\n\n').filter((block) => block.startsWith('|'));
    expect(tables).toHaveLength(7);
    for (const table of tables) {
      const widths = table.split('\n').map((line) => line.replaceAll('\\|', '').split('|').length);
      expect(new Set(widths).size, table).toBe(1);
    }
    expect(text).toContain('.40 **\u221258**');
    expect(text).toContain('4.83 (2.65)');
  });
});

describe('flipped examples', () => {
  it('lost first, limited and counted, with prompts and diffs', async () => {
    const { flips } = await collecting;
    const group = flips.find((one) => one.arm === 'ground truth' && one.benchmark === 'addition')!;
    expect(group).toMatchObject({ lostCount: 78, gainedCount: 0, stage: 2, n: 100, textless: false });
    expect(group.lost).toHaveLength(examplesOfLost);
    expect(group.lost[0]).toMatchObject({ index: 20, prompt: 'addition question <20>', before: 'The answer is 20' });
    expect(group.lost[0]?.diff.map((part) => part.kind)).toContain('added');
    const gained = flips.find((one) => one.arm === 'ground truth' && one.benchmark === 'new-api')!;
    expect(gained.gained).toHaveLength(examplesOfGained);
    expect(gained.gainedCount).toBe(65);
  });

  it('a lost prompt file or item file does not take the report along', async () => {
    const { run, readItems } = syntheticRun();
    const gone = () => Promise.reject(new Error('gone'));
    const withoutPrompts = await collectReport({ run, readItems, readPrompts: gone });
    expect(withoutPrompts.flips[0]?.lost[0]?.prompt).toBeUndefined();
    expect((await collectReport({ run, readItems: gone })).flips).toEqual([]);
  });
});

describe('report files', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('appear whole, and nothing else is left', async () => {
    const files = await writeReport(syntheticRun(), join(folder, 'out'));
    expect((await readdir(join(folder, 'out'))).sort()).toEqual([
      'drift.csv',
      'matrix.csv',
      'numbers.csv',
      'rates.csv',
      'report.html',
      'report.md',
      'targets.csv',
    ]);
    expect(await readFile(files[0]!.path, 'utf8')).toMatch(/^<!doctype html>/);
  });

  it('a folder that cannot be written is named', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(writeReport(syntheticRun(), join(folder, 'file'))).rejects.toThrow(/could not be written to .*file/);
  });
});
