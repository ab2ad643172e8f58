// Colours of flipped answers: on demand, for what is in sight, never for what has been closed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Browser } from 'playwright-core';
import { memoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import { runsPart } from '../../src/server/runs/runsPart.ts';
import { writeRun } from '../../src/server/runs/testing/writeRun.ts';
import { launch, inBrowser, noBrowser, openPanel, screenshot } from './openPanel.ts';
import type { OpenPanel, PanelOptions } from './openPanel.ts';
import { themes } from './themes.ts';

interface Asked {
  items: number[];
  under: string;
  benchmark: string;
}

describe.skipIf(noBrowser)('tokens of flipped answers', inBrowser, () => {
  let browser: Browser;
  let workspace: string;
  let run: string;

  beforeAll(async () => {
    browser = await launch();
    workspace = await mkdtemp(path.join(tmpdir(), 'lab-flips-'));
    run = path.join(workspace, 'runs', 'synthetic-20260102-0304-ab12');
    await writeRun(run);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(workspace, { recursive: true, force: true });
  });

  /** The answers under the base are easy, those under the checkpoint hard. */
  const scored = ({ items, under }: Asked) =>
    items.map((index) => {
      const token = (start: number, end: number) => {
        return { id: 1, text: 'x', start, end, logprob: under === 'base' ? -0.01 : -9, trained: true };
      };
      return { index, before: [token(0, 3), token(3, 7)], now: [token(0, 1), token(1, 4)] };
    });

  async function open(flips: (asked: Asked) => unknown = scored, options: Partial<PanelOptions> = {}) {
    const lab = await memoryServer(runsPart, workspace);
    const answer = (method: string, params: unknown): unknown =>
      method === 'targetDiff/flips' ? flips(params as Asked) : lab.call({ method }, params);
    const panel = await openPanel(browser, { kind: 'heatmap', subject: { run }, answer, ...options });
    onTestFinished(async () => {
      expect(panel.errors).toEqual([]);
      await panel.close();
    });
    await panel.drawn();
    if (options.state === undefined) {
      await panel.page.locator('.cell[data-arm="ground truth"][data-stage="1"][data-benchmark="addition"]').click();
    }
    await panel.page.locator('.flip').first().waitFor();
    return panel;
  }

  const asked = (panel: OpenPanel): Asked[] =>
    panel.asked.filter(({ method }) => method === 'targetDiff/flips').map(({ params }) => params as Asked);
  const colour = (panel: OpenPanel) => panel.page.locator('.flips').getByRole('checkbox', { name: 'Colour tokens' });

  it('come when they are asked for, for the answers in sight', async () => {
    const panel = await open();
    const { page } = panel;
    await page.waitForTimeout(400);
    expect(asked(panel)).toEqual([]);
    await colour(panel).click();
    await page.locator('.flip').first().locator('.token.t0').first().waitFor();
    await expect
      .poll(() => page.locator('.flip').first().locator('dd').first().innerText())
      .toMatch(/^The answer is 40\s*$/);
    const shown = await page.locator('.flip').count();
    await expect.poll(() => asked(panel).flatMap(({ items }) => items).length).toBeGreaterThan(1);
    expect(asked(panel).flatMap(({ items }) => items).length).toBeLessThan(shown / 2);
    expect(asked(panel).every(({ under, benchmark }) => under === 'base' && benchmark === 'addition')).toBe(true);
    await page.locator('.flip').last().scrollIntoViewIfNeeded();
    await page.locator('.flip').last().locator('.token').first().waitFor();
    const all = asked(panel).flatMap(({ items }) => items);
    expect(new Set(all).size).toBe(all.length);
  });

  it('are those of the base or of the trained model, and go again', async () => {
    const panel = await open();
    const { page } = panel;
    await colour(panel).click();
    await page.locator('.flip .token.t0').first().waitFor();
    await page.getByRole('button', { name: 'after the training' }).click();
    await page.locator('.flip .token.t4').first().waitFor();
    expect(asked(panel).at(-1)).toMatchObject({ under: 'checkpoint' });
    await screenshot(page, 'flip-colours-dark');
    const again = await open(scored, { state: await panel.state(), theme: themes.highContrastLight });
    await again.page.locator('.flip .token.t4').first().waitFor();
    await screenshot(again.page, 'flip-colours-high-contrast-light');
    await colour(panel).click();
    await expect.poll(() => page.locator('.flip .token').count()).toBe(0);
    await expect
      .poll(() => page.locator('.flip').first().locator('dd').first().innerText())
      .toMatch(/^The answer is 40\s*$/);
  });

  it('are not waited for once the pane is closed', async () => {
    const panel = await open(() => new Promise(() => undefined));
    const { page } = panel;
    await page.evaluate(() => {
      const home = window as unknown as { toHost: (message: { type: string }) => void; cancelled: number };
      home.cancelled = 0;
      const send = home.toHost;
      home.toHost = (message) => {
        if (message.type === 'cancel') home.cancelled++;
        send(message);
      };
    });
    await colour(panel).click();
    await page.getByText('Scoring', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => page.evaluate(() => (window as unknown as { cancelled: number }).cancelled)).toBe(1);
  });

  it('say why there are none, and are asked for again', async () => {
    let broken = true;
    const panel = await open((wanted) => {
      if (broken) throw Object.assign(new Error('no model <b>here</b>'), { remedy: 'Use the base' });
      return scored(wanted);
    });
    await colour(panel).click();
    await panel.page.getByText('no model <b>here</b>. Use the base').waitFor();
    broken = false;
    await panel.page.getByRole('button', { name: 'Try again' }).click();
    await panel.page.locator('.flip .token').first().waitFor();
    await expect.poll(() => panel.page.getByRole('alert').count()).toBe(0);
  });

  it('are not offered in Restricted Mode', async () => {
    const panel = await open(scored, { trusted: false });
    await expect.poll(() => panel.page.getByRole('checkbox').count()).toBe(0);
    await panel.page.waitForTimeout(300);
    expect(asked(panel)).toEqual([]);
  });
});
