// Fields for one line, in every panel that has some: each says what it is for, and its placeholder is not cut off.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Browser, Locator } from 'playwright-core';
import { datasetViewPart } from '../../src/server/datasetView/datasetViewPart.ts';
import { memoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import { runsPart } from '../../src/server/runs/runsPart.ts';
import { writeRun } from '../../src/server/runs/testing/writeRun.ts';
import { targetDiffPart } from '../../src/server/targetDiff/targetDiffPart.ts';
import type { ServerPart } from '../../src/server/context.ts';
import { launch, inBrowser, noBrowser, openPanel } from './openPanel.ts';
import { relay } from './relay.ts';

/** Pixels that a field has to spare beside its placeholder. */
function room(field: Locator): Promise<number> {
  return field.evaluate((input) => {
    const { placeholder, clientWidth } = input as HTMLInputElement;
    const { fontSize, fontFamily, paddingLeft, paddingRight } = getComputedStyle(input);
    const ruler = document.createElement('canvas').getContext('2d')!;
    ruler.font = `${fontSize} ${fontFamily}`;
    return clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - ruler.measureText(placeholder).width;
  });
}

describe.skipIf(noBrowser)('fields', inBrowser, () => {
  let browser: Browser;
  let workspace: string;
  let file: string;
  let runs: string[];

  beforeAll(async () => {
    browser = await launch();
    workspace = await mkdtemp(path.join(tmpdir(), 'lab-fields-'));
    file = path.join(workspace, 'rows.jsonl');
    await writeFile(file, '{"prompt":"a","completion":"b","native":"long"}\n'.repeat(20));
    runs = [path.join(workspace, 'runs', 'synthetic-20260102-0304-ab12')];
    await writeRun(runs[0]!);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(workspace, { recursive: true, force: true });
  });

  const panels: [string, ServerPart, string[], () => Record<string, unknown>][] = [
    ['compare', runsPart, ['Equal gain in points'], () => ({ runs })],
    ['targetDiff', targetDiffPart, ['Find in prompts and answers'], () => ({ dataset: file })],
    [
      'dataset',
      datasetViewPart,
      ['Find in the rows', 'Go to row'],
      () => ({ file, place: 'rows.jsonl', model: { name: 'pocket' }, perplexity: false, colourTokens: false }),
    ],
  ];

  it.each(panels)('of %s', async (kind, part, names, subject) => {
    const lab = await memoryServer(part, workspace);
    const answer = (method: string, params: unknown): unknown => lab.call({ method }, params);
    const panel = await openPanel(browser, { kind, subject: subject(), answer, trusted: false });
    const end = relay(lab, panel);
    onTestFinished(() => {
      end();
      return panel.close();
    });
    await panel.drawn();
    const fields = panel.page.getByRole('textbox');
    await expect.poll(() => fields.count()).toBe(names.length);
    for (const name of names) await panel.page.getByRole('textbox', { name, exact: true }).waitFor();
    // The panel may still be finding its layout.
    for (const field of await fields.all()) await expect.poll(() => room(field)).toBeGreaterThanOrEqual(0);
  });
});
