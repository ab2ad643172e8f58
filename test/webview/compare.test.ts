// The comparison of runs as a person uses it: plane, equal gain, differences, export.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Browser } from 'playwright-core';
import { hostileName } from '../../src/report/testing/syntheticRun.ts';
import { memoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import { writeRun } from '../../src/server/runs/testing/writeRun.ts';
import { runsPart } from '../../src/server/runs/runsPart.ts';
import { compareRuns } from '../../src/shared/protocol/lab/runs.ts';
import type { Comparison } from '../../src/shared/protocol/lab/runs.ts';
import { collapseMissing, keptAt, matchedGain, pointsCsv, sweepsOf } from '../../webview/compare/model.ts';
import { launch, inBrowser, noBrowser, openPanel } from './openPanel.ts';
import type { OpenPanel, PanelOptions } from './openPanel.ts';

const point = (run: string, arm: string, lr: number, gained: number, forgot: number, stage = 1) => ({
  run,
  runId: run,
  arm,
  lr,
  seed: 0,
  stage,
  gained,
  forgot,
  seeds: 1,
  style: { colour: arm === 'ground truth' ? 0 : 1, glyph: '\u25cf' },
});

describe('the plane as numbers', () => {
  const comparison = {
    runs: [{ folder: 'a' }, { folder: 'b' }],
    points: [
      point('a', 'ground truth', 3e-4, 0.5, -0.4),
      point('a', 'ground truth', 1e-4, 0.25, -0.1),
      point('a', 'own', 3e-4, 0.3, -0.01),
      point('b', 'own', 3e-4, 0.1, 0, 1),
      point('b', 'own', 3e-4, 0.2, 0, 2),
    ],
    differences: [],
    warnings: [],
  } as unknown as Comparison;

  it('joins learning rates and takes the last stage of every run', () => {
    const sweeps = sweepsOf(comparison, 0);
    expect(sweeps.map(({ letter, arm, points }) => [letter, arm, points.map(({ gained }) => gained)])).toEqual([
      ['A', 'ground truth', [0.25, 0.5]],
      ['A', 'own', [0.3]],
      ['B', 'own', [0.2]],
    ]);
    expect(sweepsOf(comparison, 2)).toHaveLength(1);
  });

  it('reads every arm at 80 % of the best gain on the ground truth', () => {
    const [truth, own, other] = sweepsOf(comparison, 0);
    const gain = matchedGain([truth!, own!, other!])!;
    expect(gain).toBeCloseTo(0.4, 12);
    // From (.25, -.1) to (.5, -.4): three fifths of the way.
    expect(keptAt(truth!, gain)).toBeCloseTo(-0.28, 12);
    expect(keptAt(own!, gain)).toBeNull();
    expect(keptAt(own!, 0.15)).toBeCloseTo(-0.005, 12);
    expect(matchedGain([])).toBeUndefined();
  });

  it('names an arm that a run lacks once', () => {
    const missing = '\u2013';
    expect(
      collapseMissing([
        { path: 'arms.STM.name', values: ['STM', missing] },
        { path: 'arms.STM.mask.tau', values: ['2.5', missing] },
        { path: 'arms.own.name', values: ['own', 'Own'] },
      ]),
    ).toEqual([
      { path: 'arms.STM', values: ['\u2713', missing] },
      { path: 'arms.own.name', values: ['own', 'Own'] },
    ]);
  });

  it('writes no formula into a spreadsheet', () => {
    const csv = pointsCsv({ ...comparison, points: [point('=1+1', '@x,"y"', 1e-4, 0.1, 0)] });
    expect(csv.split('\n')[1]).toBe('"\'=1+1","\'@x,""y""",0.0001,1,1,0.1,,,0,,');
  });
});

describe.skipIf(noBrowser)('the comparison', inBrowser, () => {
  let browser: Browser;
  let workspace: string;
  let runs: string[];

  beforeAll(async () => {
    browser = await launch();
    workspace = await mkdtemp(path.join(tmpdir(), 'lab-compare-'));
    runs = ['ab12', 'ab13', 'ab14'].map((name) => path.join(workspace, 'runs', `synthetic-20260102-0304-${name}`));
    await writeRun(runs[0]!, { learningRates: [1e-4, 3e-4] });
    await writeRun(runs[1]!, { learningRates: [3e-4] });
    await writeRun(runs[2]!, { seeds: [0, 1] });
  });

  afterAll(async () => {
    await browser?.close();
    await rm(workspace, { recursive: true, force: true });
  });

  async function open(options: Partial<PanelOptions> = {}): Promise<OpenPanel> {
    const lab = await memoryServer(runsPart, workspace);
    await lab.call(compareRuns, { runs });
    const subject = { title: 'Compare 2 runs', runs: runs.slice(0, 2) };
    const answer = (method: string, params: unknown): unknown => lab.call({ method }, params);
    const panel = await openPanel(browser, { kind: 'compare', subject, answer, ...options });
    onTestFinished(async () => {
      expect(panel.errors).toEqual([]);
      await panel.close();
    });
    await panel.drawn();
    return panel;
  }

  it('answers in words, draws every point and lists only what differs', async () => {
    const { page } = await open();
    await expect
      .poll(() => page.locator('.sentence').innerText())
      .toMatch(/^At the same gain of 30 points, the old skills changed by: [AB] self-output/);
    await expect
      .poll(() => page.locator('canvas').getAttribute('aria-label'))
      .toContain('A ground truth, 1e-4: gained +');
    const rows = await page.locator('.differences tbody tr').allInnerTexts();
    expect(rows[0]).toContain('learningRates');
    expect(rows.every((row) => /learningRates/.test(row))).toBe(true);
    await expect.poll(() => page.locator('main img').count()).toBe(0);
    await expect.poll(() => page.locator('main').innerText()).toContain(hostileName.slice(0, 30));
  });

  it('compares at the gain that is typed', async () => {
    const { page } = await open();
    await page.getByRole('textbox').fill('10');
    await expect.poll(() => page.locator('.sentence').innerText()).toMatch(/^At the same gain of 10 points/);
    await expect
      .poll(() => page.getByRole('textbox').evaluate((field) => (field as HTMLInputElement).value))
      .toBe('10');
  });

  it('takes runs out and in, and tells the editor', async () => {
    const panel = await open();
    await panel.page.getByRole('button', { name: /^Take .*ab13 out$/ }).click();
    await expect.poll(() => panel.page.locator('.runs li').count()).toBe(1);
    expect(panel.actions.at(-1)).toMatchObject({ kind: 'subject', subject: { runs: [runs[0]] } });
    await panel.page.locator('vscode-dropdown').click();
    await panel.page.locator('vscode-option', { hasText: 'ab14' }).click();
    await expect.poll(() => panel.page.locator('.runs li').count()).toBe(2);
    await expect.poll(() => panel.state()).toMatchObject({ subject: { runs: [runs[0], runs[2]] } });
  });

  it('is about the runs that were left when it is shown again, until it is opened with others', async () => {
    const panel = await open();
    await panel.page.getByRole('button', { name: /^Take .*ab13 out$/ }).click();
    await expect.poll(() => panel.page.locator('.runs li').count()).toBe(1);
    const again = await open({ state: await panel.state() });
    expect(await again.page.locator('.runs li').count()).toBe(1);
    expect(await again.state()).toMatchObject({ subject: { runs: [runs[0]] } });
    const others = await open({ state: await again.state(), subject: { title: 'Compare 3 runs', runs } });
    expect(await others.page.locator('.runs li').count()).toBe(3);
    expect(await others.state()).toMatchObject({ subject: { runs } });
  });

  it('names its requests as no other page does, so that no answer reaches another page', async () => {
    const [one, other] = [await open(), await open()];
    const ids = [...one.asked, ...other.asked].map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(3);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('keeps an open list open and the list of runs as it is while runs go on', async () => {
    const panel = await open();
    const { page } = panel;
    const list = page.locator('vscode-dropdown');
    await list.click();
    const link = page.locator('.runs .link').first();
    await link.evaluate((one) => (one.dataset['same'] = 'yes'));
    for (let update = 0; update < 3; update++) {
      const asked = panel.asked.length;
      await panel.notify('runs/changed', { runs, list: true });
      // The comparison, and then the list of runs.
      await expect.poll(() => panel.asked.length).toBe(asked + 2);
      await page.waitForTimeout(100);
    }
    expect(await list.evaluate((one) => one.hasAttribute('open'))).toBe(true);
    expect(await link.getAttribute('data-same')).toBe('yes');
    await page.locator('vscode-option', { hasText: 'ab14' }).click();
    await expect.poll(() => page.locator('.runs li').count()).toBe(3);
  });

  it('exports picture and points', async () => {
    const panel = await open();
    await panel.page.getByRole('button', { name: 'PNG' }).click();
    await panel.page.getByRole('button', { name: 'CSV' }).click();
    await expect.poll(() => panel.actions.length).toBe(2);
    const [picture, points] = panel.actions;
    if (picture?.kind !== 'save' || points?.kind !== 'save') throw new Error('not saved');
    expect(Buffer.from(picture.base64 ?? '', 'base64').length).toBeGreaterThan(10_000);
    expect(points.text).toMatch(/^run,arm,lr/);
    expect(points.text).toContain('"\'=HYPERLINK');
  });

  it('says what could not be saved', async () => {
    const act = (): never => {
      throw new Error('EROFS: read-only file system');
    };
    const { page } = await open({ act });
    for (const name of ['PNG', 'CSV']) {
      await page.getByRole('button', { name }).click();
      await expect.poll(() => page.getByRole('alert').innerText()).toContain('read-only file system');
      await page.getByRole('button', { name: 'Close' }).click();
      await expect.poll(() => page.getByRole('alert').count()).toBe(0);
    }
  });

  it('offers nothing to save in Restricted Mode', async () => {
    const { page } = await open({ trusted: false });
    await page.locator('canvas').waitFor();
    expect(await page.getByText('Export').count()).toBe(0);
  });
});
