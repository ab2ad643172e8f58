// A hundred thousand rows in the target diff: the real bundle, a lab server of its own process, and a model that scores
// meanwhile. The numbers are printed; the bounds only catch what nobody would call smooth.
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Browser, Page } from 'playwright-core';
import { comparisonChanged } from '../../src/shared/protocol/lab/targetDiff.ts';
import { listSessions } from '../../src/shared/protocol/lab/sessions.ts';
import { slack } from '../../src/shared/testing/slack.ts';
import { testWorkspace } from '../server/testWorkspace.ts';
import { launch, noBrowser, openPanel } from './openPanel.ts';
import type { OpenPanel } from './openPanel.ts';

const count = 100_000;
const row = (k: number): object => ({
  prompt: [{ role: 'user', content: `What is ${k} - ${k % 19}? ${'It is asked for a table. '.repeat(k % 7)}` }],
  completion: [{ role: 'assistant', content: `# ${k} ; ${k % 19} # ${k - (k % 19)}` }],
  native: `Let me work it out. ${k} - ${k % 19} = ${k - (k % 19)}. The answer is ${k - (k % 19)}.`,
  answer: String(k - (k % 19)),
});

/** Counts the time between frames until the returned function is called: the longest and how many were over 100 ms. */
async function watchFrames(page: Page): Promise<() => Promise<{ longest: number; late: number }>> {
  await page.evaluate(() => {
    const seen = { longest: 0, late: 0, last: performance.now(), done: false };
    Object.assign(window, { seen });
    const frame = (now: number): void => {
      seen.longest = Math.max(seen.longest, now - seen.last);
      if (now - seen.last > 100) seen.late++;
      seen.last = now;
      if (!seen.done) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  return () =>
    page.evaluate(() => {
      const { seen } = window as unknown as { seen: { longest: number; late: number; done: boolean } };
      seen.done = true;
      return { longest: seen.longest, late: seen.late };
    });
}

/** Milliseconds until every row in sight shows its texts. */
async function untilTexts({ page }: OpenPanel, from: number): Promise<number> {
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('.row')];
    return rows.length > 3 && rows.every((one) => one.querySelector('.answer'));
  });
  return performance.now() - from;
}

describe.skipIf(noBrowser)('100,000 rows in the target diff', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  it('are there soon, scroll smoothly and are filtered while a model scores', { timeout: 300_000 }, async () => {
    const workspace = await testWorkspace();
    const dataset = workspace.file('large.jsonl');
    await writeFile(dataset, Array.from({ length: count }, (_, k) => `${JSON.stringify(row(k))}\n`).join(''));
    const client = workspace.client();
    await client.request(listSessions, {});
    const begun = performance.now();
    const panel = await openPanel(browser, {
      kind: 'targetDiff',
      subject: { title: 'Targets', dataset, model: { name: 'pocket' } },
      answer: (method, params) => client.request({ method }, params),
      trusted: true,
    });
    const { page } = panel;
    client.on(comparisonChanged, (params) => void panel.notify(comparisonChanged.method, params));
    const shown = await untilTexts(panel, begun);
    await page.screenshot({ path: '/tmp/large.png' });

    const jumps: number[] = [];
    const frames = await watchFrames(page);
    for (let k = 0; k < 20; k++) {
      const at = performance.now();
      await page
        .locator('.list-bar')
        .evaluate((bar, share) => (bar.scrollTop = bar.scrollHeight * share), ((k * 7) % 20) / 20);
      await page.waitForTimeout(50);
      jumps.push((await untilTexts(panel, at)) - 50);
    }
    await page.locator('.list-window').hover();
    for (let k = 0; k < 100; k++) {
      await page.mouse.wheel(0, 300);
      await page.waitForTimeout(16);
    }
    const { longest, late } = await frames();

    const find = page.getByRole('textbox', { name: 'Find in prompts and answers' });
    const asked = performance.now();
    await find.fill('99973');
    await page.getByText('(1 rows listed)').waitFor();
    const filtered = performance.now() - asked;
    jumps.sort((a, b) => a - b);
    const ms = (value: number | undefined): string => `${Math.round(value ?? 0)} ms`;
    console.log(
      `100,000 rows: texts after ${ms(shown)}, after a jump median ${ms(jumps[10])} longest ${ms(jumps.at(-1))}, ` +
        `frames longest ${ms(longest)} (${late} over 100 ms), found by text after ${ms(filtered)}`,
    );
    expect(panel.errors).toEqual([]);
    await panel.close();
    expect(shown).toBeLessThan(15_000 * slack);
  });
});
