// The heatmap as a person uses it, on a run in a real folder, answered by the lab server's own part.
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Browser, Locator } from 'playwright-core';
import { hostileName } from '../../src/report/testing/syntheticRun.ts';
import { memoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import type { MemoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import { writeRun } from '../../src/server/runs/testing/writeRun.ts';
import { runsPart } from '../../src/server/runs/runsPart.ts';
import { getHeatmap } from '../../src/shared/protocol/lab/runs.ts';
import type { HeatmapData } from '../../src/shared/protocol/lab/runs.ts';
import { inEnglish } from '../../src/shared/phrase.ts';
import { formatChange } from '../../src/shared/words.ts';
import { launch, inBrowser, noBrowser, openPanel, screenshot } from './openPanel.ts';
import type { OpenPanel, PanelOptions } from './openPanel.ts';
import { themes } from './themes.ts';

describe.skipIf(noBrowser)('the heatmap', inBrowser, () => {
  let browser: Browser;
  let workspace: string;
  let run: string;
  let lab: MemoryServer;
  let data: HeatmapData;

  beforeAll(async () => {
    browser = await launch();
    workspace = await mkdtemp(path.join(tmpdir(), 'lab-heatmap-'));
    run = path.join(workspace, 'runs', 'synthetic-20260102-0304-ab12');
    await writeRun(run);
  });

  afterAll(async () => {
    await browser?.close();
    await rm(workspace, { recursive: true, force: true });
  });

  beforeEach(async () => {
    lab = await memoryServer(runsPart, workspace);
    for (;;) {
      data = await lab.call(getHeatmap, { run });
      if (!data.pending) return;
      await new Promise((done) => setTimeout(done, 50));
    }
  });

  async function open(options: Partial<PanelOptions> = {}): Promise<OpenPanel> {
    const answer = (method: string, params: unknown): unknown => lab.call({ method }, params);
    const panel = await openPanel(browser, { kind: 'heatmap', subject: { run }, answer, ...options });
    onTestFinished(async () => {
      expect(panel.errors).toEqual([]);
      await panel.close();
    });
    await panel.drawn();
    return panel;
  }

  const cell = ({ page }: OpenPanel, arm: string, stage: number, benchmark: string): Locator =>
    page.locator(`.cell[data-arm=${JSON.stringify(arm)}][data-stage="${stage}"][data-benchmark="${benchmark}"]`);

  const focused = ({ page }: OpenPanel): Promise<string | undefined> =>
    page.evaluate(() => {
      const { arm, stage, benchmark } = (document.activeElement as HTMLElement).dataset;
      return `${arm}/${stage}/${benchmark}`;
    });

  it('opens with the answer in words and shows every cell to screen readers', async () => {
    const panel = await open();
    const { page } = panel;
    await expect.poll(() => page.locator('.sentence').textContent()).toBe(inEnglish(data.verdict[0] ?? ''));
    const cells = page.locator('[role=gridcell].cell');
    // The base is there once, and two stages of every arm.
    const rows = 1 + data.view.blocks.length * 2;
    await expect.poll(() => cells.count()).toBe(rows * data.view.columns.length);
    await expect.poll(() => cells.first().getAttribute('aria-label')).toBe('subtraction, base: score .20');
    const forgotten = cell(panel, 'ground truth', 1, 'addition');
    expect(await forgotten.getAttribute('aria-label')).toBe(
      'addition, ground truth, after subtraction: change \u221258 points, below the forgetting budget',
    );
    const description = await forgotten.evaluate(
      (element) => document.getElementById(element.getAttribute('aria-describedby') ?? '')?.textContent,
    );
    expect(description).toMatch(/^score \.40 \(95 % \.\d+ to \.\d+\), n = 100\. .*paired bootstrap over items/);
    const ids = await cells.evaluateAll((all) => all.map((one) => one.getAttribute('aria-describedby')));
    expect(new Set(ids).size).toBe(ids.length);
    // Totals stand behind the cells of their row.
    const totals = page.locator('[role=row] > [role=gridcell]:not(.cell)');
    expect(await totals.count()).toBe((rows - 1) * 2);
    const forgot = data.view.blocks[0]!.rows[0]!.forgot!;
    const said = await totals.nth(1).getAttribute('aria-label');
    expect(said).toMatch(/^forgot [+\u2212]?\d+ \(95 % .*\)\. .*mean of the benchmarks /);
    expect(said).toContain(`forgot ${formatChange(forgot.value)} `);
  });

  it('shows the same numbers as a table', async () => {
    const { page } = await open();
    await page.getByRole('button', { name: 'Table' }).click();
    const rows = await page.locator('tbody tr').all();
    const texts = await Promise.all(
      rows.map(async (row) => (await row.locator('td').allInnerTexts()).map((one) => one.replace(/\n.*/s, ''))),
    );
    const block = data.view.blocks[0]!;
    const expected = block.rows[1]!.cells.map((one) =>
      one.kind === 'measured' && one.change ? formatChange(one.change.value) : '\u00b7',
    );
    const shown = texts[2]!.slice(1, 1 + expected.length).map((one) => one.split(' ')[0]);
    expect(shown).toEqual(expected);
    expect(texts[2]!.slice(-2)).toEqual([
      formatChange(block.rows[1]!.gained!.value),
      formatChange(block.rows[1]!.forgot!.value),
    ]);
    expect(rows).toHaveLength(1 + data.view.blocks.length * 2);
    expect(await page.locator('thead th[scope=colgroup]').allInnerTexts()).toEqual([
      'new task',
      'old skills',
      'safety',
      'format',
    ]);
    await expect
      .poll(() => page.locator('.number-link.breach').first().innerText())
      .toContain('below the forgetting budget');
    const noise = data.view.blocks.flatMap((one) =>
      one.rows.flatMap(({ gained, forgot }) => [gained, forgot].filter((total) => total?.significant === false)),
    );
    expect(noise.length).toBeGreaterThan(0);
    await expect
      .poll(() => page.locator('td > span.quiet', { hasText: 'interval includes zero' }).count())
      .toBe(noise.length);
    await screenshot(page, 'heatmap-table');
  });

  it('moves by arrow keys, opens by Enter, and comes back by Escape', async () => {
    const panel = await open();
    const { page } = panel;
    await cell(panel, 'ground truth', 0, 'subtraction').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect.poll(() => focused(panel)).toBe('ground truth/1/addition');
    await expect.poll(() => page.locator('.tip').innerText()).toContain('paired bootstrap over items');
    await page.keyboard.press('End');
    await expect.poll(() => focused(panel)).toBe('ground truth/1/json');
    await page.keyboard.press('Home');
    await expect.poll(() => focused(panel)).toBe('ground truth/1/subtraction');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.locator('.flip').first().waitFor();
    const sections = await page.locator('.flips section h3').allInnerTexts();
    expect(sections[0]).toMatch(/^Lost/);
    await expect.poll(() => page.locator('.flip').first().innerText()).toContain('The answer is 40');
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.flips').isHidden()).toBe(true);
    await expect.poll(() => focused(panel)).toBe('ground truth/1/addition');
  });

  it('lists the flipped answers of a cell and leads to the targets of its stage', async () => {
    const panel = await open({ width: 1300 });
    await cell(panel, 'ground truth', 1, 'addition').click();
    const { page } = panel;
    await page.locator('.flip').first().waitFor();
    await expect.poll(() => page.locator('.flips p').first().innerText()).toBe('58 lost and 0 gained of 100 answers.');
    await expect.poll(() => page.locator('.flip').count()).toBe(20);
    await page.getByRole('button', { name: 'Show all' }).click();
    await page.locator('.flip').nth(57).waitFor();
    await page.getByRole('button', { name: 'Open in target diff' }).click();
    expect(panel.actions.at(-1)).toEqual({
      kind: 'command',
      command: 'forgettingLab.showTargetDiff',
      args: [{ run, dataset: '/x/a.jsonl', stage: 1 }],
    });
    await screenshot(page, 'heatmap-flips');
  });

  it('brings flipped answers into sight where they have no room beside the matrix', async () => {
    const panel = await open({ width: 742, height: 663 });
    const { page } = panel;
    const top = async (): Promise<number> => (await page.locator('.flips h2').boundingBox())!.y;
    for (const view of ['Chart', 'Table']) {
      await page.getByRole('button', { name: view }).click();
      const opener =
        view === 'Chart' ? cell(panel, 'ground truth', 1, 'addition') : page.getByRole('button', { name: '\u221258' });
      await opener.first().click();
      await page.locator('.flip').first().waitFor();
      await expect.poll(top).toBeLessThan(100);
      await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H2');
      await page.keyboard.press('Escape');
      await expect.poll(() => opener.first().evaluate((one) => one === document.activeElement)).toBe(true);
      const back = (await opener.first().boundingBox())!.y;
      expect(back).toBeGreaterThanOrEqual(0);
      expect(back).toBeLessThan(663);
    }
  });

  it.each([
    ['reduce', 'auto'],
    ['no-preference', 'smooth'],
  ] as const)('scrolls to them as the person likes motion: %s', async (reducedMotion, behavior) => {
    const panel = await open({ width: 742, height: 663, reducedMotion });
    await panel.page.evaluate(() => {
      Element.prototype.scrollIntoView = (options) => {
        document.body.dataset['scrolled'] = (options as ScrollIntoViewOptions).behavior;
      };
    });
    await cell(panel, 'ground truth', 1, 'addition').click();
    await expect.poll(() => panel.page.locator('body').getAttribute('data-scrolled')).toBe(behavior);
  });

  it('keeps its columns when flipped answers open', async () => {
    const cut = ({ page }: OpenPanel): Promise<number> =>
      page.locator('.picture .scroll').evaluate((scroll) => scroll.scrollWidth - scroll.clientWidth);
    for (const width of [760, 900, 1300]) {
      const panel = await open({ width });
      await cell(panel, 'ground truth', 1, 'addition').click();
      await panel.page.locator('.flip').first().waitFor();
      expect(await cut(panel), `at ${width}`).toBeLessThanOrEqual(0);
      const beside = await panel.page.locator('.workspace.below').count();
      expect(beside, `at ${width}`).toBe(width < 1000 ? 1 : 0);
    }
  });

  it('names what else was counted', async () => {
    const answer = async (method: string, params: unknown): Promise<unknown> => {
      const result = await lab.call({ method }, params);
      if (method !== getHeatmap.method) return result;
      const changed = structuredClone(result) as HeatmapData;
      const [first] = changed.view.blocks[0]!.rows[0]!.cells;
      if (first?.kind === 'measured') first.rates = { rp4: 0.25, mrr: 0.5 };
      return changed;
    };
    const panel = await open({ answer, texts: { 'share of repeated four-word sequences': '重複' } });
    await cell(panel, 'ground truth', 1, 'subtraction').hover();
    await expect.poll(() => panel.page.locator('.tip').innerText()).toContain('重複 .25\nmrr .50');
  });

  it('keeps mode and selection over a reload', async () => {
    const first = await open();
    await first.page.getByRole('button', { name: 'Score' }).click();
    await cell(first, 'self-output', 2, 'sorting').click();
    await first.page.locator('.flips').waitFor();
    const state = await first.state();
    expect(state).toMatchObject({ kind: 'heatmap', subject: { run } });
    const second = await open({ state });
    await expect
      .poll(() => second.page.getByRole('button', { name: 'Score' }).getAttribute('aria-pressed'))
      .toBe('true');
    await second.page.locator('.flips').waitFor();
    await expect.poll(() => cell(second, 'self-output', 2, 'sorting').getAttribute('aria-selected')).toBe('true');
  });

  it('shows hostile names and answers as text', async () => {
    const item = {
      index: 7,
      prompt: '<img src=x onerror=alert(1)>',
      before: '</script><script>alert(1)</script>',
      now: '<b onmouseover=alert(1)>bold</b>',
      diff: [
        { kind: 'removed', text: '</script><script>' },
        { kind: 'same', text: '<i>' },
        { kind: 'added', text: '<svg onload=alert(1)>' },
      ],
      cutOff: true,
      reasonNow: '<u>no number</u>',
    };
    const list = { n: 100, lost: [item], gained: [], lostCount: 1, gainedCount: 0, textless: false };
    const answer = (method: string, params: unknown): unknown =>
      method === 'runs/flips' ? list : lab.call({ method }, params);
    const panel = await open({ answer });
    const { page } = panel;
    const rows = data.view.blocks.findIndex((block) => block.arm === hostileName) * 2 + 1;
    await page
      .locator('.cell')
      .nth(rows * data.view.columns.length)
      .click();
    await page.locator('.flip').waitFor();
    // In the page itself: the controls' own shadow trees hold pictures of theirs.
    const markup = 'main img, main script, main b, main i, main u, main svg';
    expect(await page.evaluate((made) => document.querySelectorAll(made).length, markup)).toBe(0);
    await expect.poll(() => page.locator('.flips h2').innerText()).toContain('<img src=x onerror=alert(1)>');
    const shown = await page.locator('.flip').innerText();
    for (const words of [item.prompt, item.before, item.now, item.reasonNow]) expect(shown).toContain(words);
    await expect.poll(() => page.locator('del').innerText()).toBe('</script><script>');
  });

  it('compares with the best score so far', async () => {
    const panel = await open();
    await panel.page.getByRole('button', { name: 'vs best' }).click();
    // 60 after the first stage, 30 after the second, from a base of 20.
    const taught = cell(panel, 'ground truth', 2, 'subtraction');
    await expect.poll(() => taught.getAttribute('aria-label')).toContain('change \u221230 points');
    await taught.hover();
    await expect.poll(() => panel.page.locator('.tip').innerText()).toContain('.60 after subtraction: \u221230 points');
    await expect
      .poll(() => panel.page.locator('.tip').innerText())
      .toContain('against the base, answers lost 0, gained 10');
  });

  it('lists the answers that a cell lost against what the cell is compared with', async () => {
    const panel = await open();
    const { page } = panel;
    const counts = (): Promise<string> => page.locator('.flips p').first().innerText();
    await page.getByRole('button', { name: 'vs best' }).click();
    await cell(panel, 'ground truth', 2, 'subtraction').click();
    await expect.poll(counts).toBe('30 lost and 0 gained of 100 answers.');
    await expect.poll(() => page.locator('.flips h2').innerText()).toMatch(/against after subtraction$/);
    await expect.poll(() => page.locator('.flip').first().innerText()).toMatch(/^#30 /);
    await page.getByRole('button', { name: 'vs base' }).click();
    await expect.poll(counts).toBe('0 lost and 10 gained of 100 answers.');
    await expect.poll(() => page.locator('.flips h2').innerText()).not.toContain('against');
  });

  it('exports a picture with its background, and the texts of the report', async () => {
    const panel = await open({ theme: themes.light });
    await panel.page.getByRole('button', { name: 'PNG' }).click();
    await expect.poll(() => panel.actions.length).toBe(1);
    const saved = panel.actions[0]!;
    if (saved.kind !== 'save') throw new Error('not saved');
    expect(saved.suggestedName).toBe('synthetic-20260102-0304-ab12-heatmap.png');
    const png = Buffer.from(saved.base64 ?? '', 'base64');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.length).toBeGreaterThan(20_000);
    await panel.page.getByRole('button', { name: 'CSV' }).click();
    await expect.poll(() => panel.actions.length).toBe(2);
    expect(panel.actions[1]).toMatchObject({ kind: 'save', suggestedName: 'synthetic-20260102-0304-ab12-matrix.csv' });
    await panel.page.getByRole('button', { name: 'Markdown' }).click();
    await expect.poll(() => panel.actions.length).toBe(3);
  });

  it('says that nothing could be saved, also while the run goes on, until it could', async () => {
    let full = true;
    const act = ({ kind }: { kind: string }): unknown => {
      if (kind === 'save' && full) throw new Error('ENOSPC: no space left on device');
      return null;
    };
    const panel = await open({ act });
    const { page } = panel;
    const alert = page.getByRole('alert');
    for (const name of ['PNG', 'CSV']) {
      full = true;
      await page.getByRole('button', { name }).click();
      await expect.poll(() => alert.innerText()).toContain('no space left on device');
      const drawings = await page.evaluate(() => Number(document.body.dataset['drawn']));
      await panel.notify('runs/changed', { runs: [run], list: false });
      await panel.drawn(drawings + 1);
      expect(await alert.count()).toBe(1);
      full = false;
      await page.getByRole('button', { name: 'Try again' }).click();
      await expect.poll(() => alert.count()).toBe(0);
    }
    expect(panel.actions.map(({ kind }) => kind)).toEqual(['save', 'save', 'save', 'save']);
    full = true;
    await page.getByRole('button', { name: 'Markdown' }).click();
    await page.getByRole('button', { name: 'Close' }).click();
    await expect.poll(() => alert.count()).toBe(0);
  });

  it('offers nothing to save in Restricted Mode', async () => {
    const { page } = await open({ trusted: false });
    await page.getByRole('button', { name: 'Table' }).waitFor();
    expect(await page.getByRole('button', { name: 'PNG' }).count()).toBe(0);
    expect(await page.getByText('Export').count()).toBe(0);
  });

  it('fills in while the run goes on, without moving what is there', async () => {
    const panel = await open();
    const before = await panel.page.locator('.grid').innerHTML();
    const cells = path.join(run, 'cells.jsonl');
    const kept = await readFile(cells, 'utf8');
    onTestFinished(() => writeFile(cells, kept));
    const record = JSON.parse(
      kept
        .trimEnd()
        .split('\n')
        .findLast((line) => line.includes('self-output'))!,
    ) as Record<string, unknown>;
    const replay = { ...record, arm: 'replay', benchmark: 'addition', stage: 1 };
    await appendFile(cells, `${JSON.stringify(replay)}\n`);
    await panel.notify('runs/changed', { runs: [run], list: false });
    await expect
      .poll(() => cell(panel, 'replay', 1, 'addition').getAttribute('aria-label'))
      .not.toContain('not measured');
    const after = await panel.page.locator('.grid').innerHTML();
    const places = (html: string): string[] => [...html.matchAll(/left: [^"]*/g)].map(([place]) => place);
    expect(places(after)).toEqual(places(before));
    await expect.poll(() => panel.page.getByRole('status').innerText()).toContain('addition, replay');
  });

  /** A panel whose run has measured something else at every reading, in the cell of `addition` and beside it. */
  async function openChanging(): Promise<{
    panel: OpenPanel;
    update: () => Promise<void>;
    changes: (on: boolean) => void;
  }> {
    let readings = 0;
    let still = false;
    const answer = async (method: string, params: unknown): Promise<unknown> => {
      const result = await lab.call({ method }, params);
      if (method !== getHeatmap.method) return result;
      const changed = structuredClone(result) as HeatmapData;
      if (!still) readings++;
      for (const one of changed.view.blocks[0]!.rows[0]!.cells)
        if (one.kind === 'measured' && one.change) one.change.value -= readings / 100;
      return changed;
    };
    const panel = await open({ answer, width: 1300 });
    const update = async (): Promise<void> => {
      const drawings = await panel.page.evaluate(() => Number(document.body.dataset['drawn']));
      await panel.notify('runs/changed', { runs: [run], list: false });
      await panel.drawn(drawings + 1);
    };
    return { panel, update, changes: (now) => (still = !now) };
  }

  it.each([
    ['Chart', false],
    ['Chart', true],
    ['Table', false],
  ] as const)('takes a click that an update comes into: %s, changing %s', async (view, changing) => {
    const { panel, update, changes } = await openChanging();
    const { page } = panel;
    changes(changing);
    await page.getByRole('button', { name: view }).click();
    const target = view === 'Chart' ? cell(panel, 'ground truth', 1, 'addition') : page.locator('.number-link').nth(2);
    await target.hover();
    await page.mouse.down();
    await update();
    await page.mouse.up();
    await page.locator('.flip').first().waitFor();
  });

  it('leaves the focus and the cells where they are when numbers change', async () => {
    const { panel, update } = await openChanging();
    const { page } = panel;
    const forgotten = cell(panel, 'ground truth', 1, 'addition');
    await forgotten.focus();
    const label = await forgotten.getAttribute('aria-label');
    const hints = page.locator('.hint');
    const hinted = await hints.count();
    await page.evaluate(() => {
      const { activeElement } = document as unknown as { activeElement: HTMLElement };
      activeElement.dataset['same'] = 'yes';
      document.body.dataset['focused'] = '0';
      addEventListener('focusin', () => {
        document.body.dataset['focused'] = String(Number(document.body.dataset['focused']) + 1);
      });
    });
    await update();
    expect(await forgotten.getAttribute('aria-label')).not.toBe(label);
    expect(await page.evaluate(() => (document.activeElement as HTMLElement).dataset['same'])).toBe('yes');
    expect(await page.locator('body').getAttribute('data-focused')).toBe('0');
    expect(await page.locator('canvas').count()).toBe(1);
    expect(await hints.count()).toBe(hinted);
    await page.getByRole('button', { name: 'Table' }).click();
    const number = page.locator('.number-link').nth(2);
    const words = await number.innerText();
    await number.focus();
    await update();
    expect(await number.innerText()).not.toBe(words);
    expect(await number.evaluate((one) => one === document.activeElement)).toBe(true);
  });

  it('says why a run cannot be shown, and tries again', async () => {
    let broken = true;
    const panel = await openPanel(browser, {
      kind: 'heatmap',
      subject: { run },
      answer: (method, params) => {
        if (broken) throw Object.assign(new Error('config.json is not JSON'), { remedy: 'Start a new run' });
        return lab.call({ method }, params);
      },
    });
    await panel.drawn();
    await expect
      .poll(() => panel.page.getByRole('alert').innerText())
      .toContain('config.json is not JSON. Start a new run');
    broken = false;
    await panel.page.getByRole('button', { name: 'Try again' }).click();
    await panel.page.getByRole('grid').waitFor();
    await expect.poll(() => panel.page.getByRole('alert').count()).toBe(0);
    await panel.close();
  });

  it('follows the theme', async () => {
    const panel = await open({ theme: themes.light });
    const picture = (): Promise<string> =>
      panel.page.locator('canvas').evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const light = await picture();
    await panel.setTheme(themes.dark);
    await panel.drawn(2);
    expect(await picture()).not.toBe(light);
    await panel.setTheme(themes.light);
    await panel.drawn(3);
    await expect.poll(picture).toBe(light);
  });
});
