import { describe, expect, it } from 'vitest';
import { sketchMatrix } from './matrix.ts';
import { renderRun, renderTargets } from './terminal.ts';
import { renderLive } from './terminalLive.ts';
import { createPaint, cut, fit, padStart, terminalStyle, textWidth, wrap } from './terminalText.ts';
import { hostileName, syntheticRun } from './testing/syntheticRun.ts';
import { phrase } from '../shared/phrase.ts';
import { plainText } from '../shared/words.ts';

const escape = /\u001b\[[0-9;]*m/g;

describe('terminal text', () => {
  it('East Asian characters take two columns, marks none', () => {
    expect(textWidth('遺忘')).toBe(4);
    expect(textWidth('a\u0301b')).toBe(2);
    expect(padStart('困惑度', 8)).toBe('  困惑度');
    expect(fit('經驗回放', 5)).toBe('經驗…');
    expect(cut('經驗回放', 5)).toBe('經驗');
  });

  it('wraps at spaces, and between characters where there are none', () => {
    expect(wrap('aa bb cc', 5)).toEqual(['aa bb', 'cc']);
    expect(wrap('abcdefgh', 3)).toEqual(['abc', 'def', 'gh']);
    expect(wrap('標準答案', 5)).toEqual(['標準', '答案']);
  });

  it('is plain where there is no terminal or NO_COLOR is set', () => {
    expect(terminalStyle({ isTTY: true, columns: 90 }, {})).toEqual({ width: 90, colour: true });
    expect(terminalStyle({ isTTY: true }, { NO_COLOR: '1' }).colour).toBe(false);
    expect(terminalStyle({ isTTY: true }, { NO_COLOR: '' }).colour).toBe(true);
    expect(terminalStyle({}, {}).colour).toBe(false);
    expect(terminalStyle({}, { FORCE_COLOR: '1' }).colour).toBe(true);
    expect(terminalStyle({ isTTY: true }, { TERM: 'dumb' }).colour).toBe(false);
  });

  it('text from outside cannot steer the terminal', () => {
    expect(plainText('a\u001b[2Jb\u0007\r\nc\u202ed')).toBe('a\ufffd[2Jb\ufffd c\ufffdd');
  });

  it('small changes stay unpainted, large ones differ by sign', () => {
    const paint = createPaint({ width: 80, colour: true });
    expect(paint.change('0', 0)).toBe('0');
    expect(paint.change('x', 1)).not.toBe(paint.change('x', -1));
  });
});

describe('a run on a terminal', () => {
  it.each([
    [140, true],
    [110, false],
    [80, true],
    [60, false],
    [40, false],
  ])('keeps within %i columns (colour %s)', async (width, colour) => {
    const { run, readItems } = syntheticRun();
    const lines = (await renderRun(run, readItems, { width, colour })).map((line) => line.replace(escape, ''));
    // The target table keeps its numbers whole and may be wider on a very narrow terminal.
    const limit = Math.max(width, 76);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(limit);
    expect(lines.join('\n')).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
  });

  it('shows scores, changes without colour, totals, and what is left out', async () => {
    const { run, readItems } = syntheticRun();
    const text = (await renderRun(run, readItems, { width: 130, colour: false })).join('\n');
    expect(text).toMatch(/base +\.20 +\.05 +\.98 +\.90 +\.51 +\.99 +\.80/);
    expect(text).toMatch(/after subtraction +\.60 +\.04 +\.40 +\.60 +\.50 +\.50 +\.30 │ +\+40 +−47/);
    expect(text).toMatch(/vs base +\+40 +\(−1\) +−58/);
    // To the digit of every other view, without the zero where five columns are all there are.
    const points = [...text.matchAll(/\((?:−|\+)(\d*\.\d)\)/g)].map((match) => match[1]);
    for (const one of points) expect(one).toMatch(/^0?\.\d$/);
    expect(text).toMatch(/\(−0\.5\)|\(−0\.8\)/);
    expect(text).toContain('base at chance, left out of "forgot": coin');
    expect(text).toContain('4.83 (2.65)');
    expect(text).not.toContain('\u001b');
  });

  it('ends with the paths, uncut', async () => {
    const { run, readItems } = syntheticRun();
    const path = `/very/long/${'x'.repeat(120)}/report.html`;
    const lines = await renderRun(run, readItems, { width: 60, colour: false }, [{ label: 'Report', path }]);
    expect(lines.at(-1)).toBe(`Report  ${path}`);
  });

  it('target table: one row per source and stage', () => {
    const { run } = syntheticRun();
    const lines = renderTargets(run, { width: 120, colour: false });
    expect(lines.filter((line) => /4\.83|1\.16/.test(line))).toHaveLength(6);
    expect(renderTargets({ ...run, targets: [] }, { width: 80, colour: false })).toEqual([]);
  });
});

describe('live block', () => {
  const { run } = syntheticRun();
  const state = {
    config: run.config,
    view: sketchMatrix({ ...run, cells: run.cells.slice(0, 12) }),
    activity: phrase('training {0} on subtraction', hostileName),
    share: 0.4,
    done: 3,
    total: 20,
    overall: 0.2,
    current: { arm: 'ground truth', lr: 3e-4 },
    stage: { index: 1, count: 2, name: 'subtraction' },
    step: { index: 16, count: 40 },
    loss: 0.43219,
    tokensPerSecond: 15_234,
    secondsLeft: 135,
  };

  it('says stage, step, loss, speed and time left, and fills the matrix', () => {
    const text = renderLive(state, { width: 120, colour: false, height: 30 }).join('\n');
    expect(text).toContain('3/20  2 min 15 s left');
    expect(text).toContain('stage 1 of 2: subtraction  step 16/40  loss 0.432  15,234 tokens/s');
    expect(text).toMatch(/● ground truth +\+40 +−1 +−58 +−30 +· +−49 +·/);
  });

  it.each([120, 80, 50])('stays within %i columns and the height', (width) => {
    const lines = renderLive(state, { width, colour: true, height: 8 });
    expect(lines.length).toBeLessThanOrEqual(8);
    for (const line of lines) expect(textWidth(line.replace(escape, ''))).toBeLessThanOrEqual(width);
  });
});
