// The target diff as a person uses it, on files in a real folder, answered by the lab server's own part.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Browser, Locator } from 'playwright-core';
import { memoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import type { MemoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import { targetDiffPart } from '../../src/server/targetDiff/targetDiffPart.ts';
import {
  chooseTargets,
  comparisonChanged,
  findTargetSources,
  getComparison,
  getComparisonRows,
  judgeComparison,
  openComparison,
  scoreComparison,
} from '../../src/shared/protocol/lab/targetDiff.ts';
import type { ComparedRow } from '../../src/shared/protocol/lab/targetDiff.ts';
import type { PanelAction } from '../../src/shared/protocol/panel.ts';
import { launch, inBrowser, noBrowser, openPanel, screenshot } from './openPanel.ts';
import type { OpenPanel, PanelOptions } from './openPanel.ts';
import { relay } from './relay.ts';
import { themes } from './themes.ts';

const hostile = '<img src=x onerror=alert(1)></script><script>alert(1)</script>';
const rows = Array.from({ length: 3000 }, (_, k) => {
  const [a, b] = [20 + (k % 79), k % 19];
  return {
    prompt: [{ role: 'user', content: k === 2 ? hostile : `What is ${a} - ${b}? (${k})` }],
    completion: [{ role: 'assistant', content: k === 2 ? hostile : `# ${a} ; ${b} # ${a - b}` }],
    native: k === 4 ? 'It is wrong.' : `The answer is ${a - b}.${k === 5 ? ' And so on.'.repeat(400) : ''}`,
    answer: String(a - b),
  };
});

describe.skipIf(noBrowser)('the target diff', inBrowser, () => {
  let browser: Browser;
  let workspace: string;
  let dataset: string;

  beforeAll(async () => {
    browser = await launch();
    workspace = await mkdtemp(path.join(tmpdir(), 'lab-targets-'));
    dataset = path.join(workspace, 'train.jsonl');
    await writeFile(dataset, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  });

  afterAll(async () => {
    await browser?.close();
    await rm(workspace, { recursive: true, force: true });
  });

  async function open(options: Partial<PanelOptions> = {}, server?: MemoryServer): Promise<OpenPanel> {
    const lab = server ?? (await memoryServer(targetDiffPart, workspace));
    const answer = (method: string, params: unknown): unknown => lab.call({ method }, params);
    const subject = { title: 'Targets', dataset, model: { name: 'pocket' } };
    const panel = await openPanel(browser, { kind: 'targetDiff', subject, answer, trusted: false, ...options });
    const end = relay(lab, panel);
    onTestFinished(async () => {
      end();
      expect(panel.errors).toEqual([]);
      await panel.close();
    });
    await panel.drawn();
    return panel;
  }

  const row = ({ page }: OpenPanel, index: number): Locator => page.locator(`.row[data-index="${index}"]`);

  /** Chooses in a list, and leaves the rows: nobody reads them. */
  const choose = async ({ page }: OpenPanel, name: string, option: string): Promise<void> => {
    const list = page.getByRole('combobox', { name });
    await list.click();
    await list.locator('vscode-option').getByText(option, { exact: true }).click();
    await page.locator('h1').hover();
  };

  const rules = ({ page }: OpenPanel): Locator => page.getByRole('combobox', { name: 'Train on' });
  const rule = (panel: OpenPanel, name: string): Locator =>
    rules(panel).locator('vscode-option').getByText(name, { exact: true });

  it('puts answers beside each other as text, whatever they say', async () => {
    const panel = await open();
    const { page } = panel;
    await row(panel, 2).locator('.answer').first().waitFor();
    await expect.poll(() => row(panel, 2).locator('.prompt').innerText()).toBe(hostile);
    await expect.poll(() => row(panel, 2).locator('.answer').first().innerText()).toBe(hostile);
    await expect.poll(() => page.locator('main img, main script').count()).toBe(0);
    // The first rows are there before the last has been read.
    await expect.poll(() => page.locator('.sentence').innerText()).toContain('3,000');
    const table = await page.locator('.summary tbody tr').allInnerTexts();
    expect(table).toHaveLength(2);
    expect(table[1]).toContain('Native column');
  });

  it('says what failed that somebody asked for, and tries it again', async () => {
    const lab = await memoryServer(targetDiffPart, workspace);
    let broken = true;
    const answer = async (method: string, params: unknown): Promise<unknown> => {
      const { characters } = params as { characters?: number };
      const whole = characters !== undefined && characters > 6000;
      if (broken && (whole || method === judgeComparison.method)) throw new Error('the disk is gone');
      const result = await lab.call({ method }, params);
      if (method !== getComparisonRows.method || whole) return result;
      return (result as ComparedRow[]).map((one) => ({ ...one, left: one.left && { ...one.left, cut: 10 } }));
    };
    const panel = await open({ answer }, lab);
    const { page } = panel;
    const alert = page.getByRole('alert');
    await row(panel, 0).locator('.answer').first().waitFor();
    await page.locator('.list-rows').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => alert.innerText()).toContain('the disk is gone');
    broken = false;
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => alert.count()).toBe(0);
    await expect.poll(() => page.locator('.row.unfolded').count()).toBe(1);
    broken = true;
    const verifier = page.getByRole('combobox', { name: 'Verifier' });
    await verifier.click();
    await verifier.locator('vscode-option').nth(1).click();
    await expect.poll(() => alert.innerText()).toContain('the disk is gone');
    await expect.poll(() => verifier.evaluate((one) => (one as HTMLSelectElement).value)).toBe('');
  });

  it('leaves a row as it is when the key is that of a side without an answer', async () => {
    const lab = await memoryServer(targetDiffPart, workspace);
    const answer = async (method: string, params: unknown): Promise<unknown> => {
      const result = await lab.call({ method }, params);
      if (method !== getComparisonRows.method) return result;
      return (result as ComparedRow[]).map((one) => ({ ...one, right: undefined }));
    };
    const panel = await open({ answer }, lab);
    await row(panel, 0).locator('.answer').first().waitFor();
    await panel.page.locator('.list-rows').focus();
    await panel.page.keyboard.press('2');
    await panel.page.keyboard.press('1');
    const chosen = (): unknown[] =>
      panel.asked.flatMap(({ method, params }) => (method === chooseTargets.method ? [params] : []));
    await expect.poll(chosen).toContainEqual(expect.objectContaining({ row: { row: 0, source: 0 } }));
    expect(chosen()).not.toContainEqual(expect.objectContaining({ row: { row: 0, source: 1 } }));
  });

  it('keeps a few rows in the page and reaches any of them by key, wheel and bar', async () => {
    const panel = await open();
    const { page } = panel;
    const elements = (): Promise<number> => page.locator('.row').count();
    await page.locator('.list-rows').focus();
    await page.keyboard.press('End');
    await row(panel, 2999).locator('.answer').first().waitFor();
    await expect.poll(() => elements()).toBeLessThan(40);
    const bottom = await row(panel, 2999).boundingBox();
    const window = await page.locator('.list-window').boundingBox();
    expect(bottom!.y + bottom!.height).toBeLessThan(window!.y + window!.height + 2);
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => page.locator('.list-rows').getAttribute('aria-activedescendant')).toMatch(/-2998$/);
    await page.keyboard.press('Home');
    await row(panel, 0).locator('.answer').first().waitFor();
    await page.locator('.list-window').hover();
    await page.mouse.wheel(0, 5000);
    await expect.poll(() => row(panel, 0).count()).toBe(0);
    await page.locator('.list-bar').evaluate((bar) => (bar.scrollTop = bar.scrollHeight / 2));
    await expect
      .poll(async () => Number(await page.locator('.row').first().getAttribute('data-index')))
      .toBeGreaterThan(1200);
    await expect.poll(() => elements()).toBeLessThan(40);
  });

  it('filters, shows what differs, folds and unfolds', async () => {
    const panel = await open();
    const { page } = panel;
    await page.locator('vscode-text-field').locator('input').fill('AND SO ON');
    await expect.poll(() => page.locator('.row').count()).toBe(1);
    await row(panel, 0).locator('.answer').first().waitFor();
    const height = (await row(panel, 0).boundingBox())!.height;
    await row(panel, 0).getByRole('button', { name: 'Show all' }).click();
    await expect.poll(async () => (await row(panel, 0).boundingBox())!.height).toBeGreaterThan(height + 100);
    await page.getByRole('button', { name: 'Word diff' }).click();
    await expect.poll(() => row(panel, 0).locator('del').count()).toBeGreaterThan(0);
    await expect.poll(() => row(panel, 0).locator('ins').count()).toBeGreaterThan(0);
  });

  it('shows the verifier that judges, whatever the first choice', async () => {
    const lab = await memoryServer(targetDiffPart, workspace);
    const verifier = { scorer: 'last_number', field: 'answer' };
    const answer = async (method: string, params: unknown): Promise<unknown> => {
      const result = await lab.call({ method }, params);
      return method === 'targetDiff/sources' ? { ...(result as object), verifier } : result;
    };
    const panel = await open({ answer }, lab);
    const shown = panel.page.locator('label', { hasText: 'Verifier' }).locator('vscode-dropdown');
    await expect.poll(() => shown.evaluate((list) => (list as HTMLSelectElement).value)).toBe('last_number');
    await rule(panel, 'native column, else ground truth').waitFor({ state: 'attached' });
  });

  it('says how far its numbers go until all are there', async () => {
    const lab = await memoryServer(targetDiffPart, workspace);
    const panel = await open({}, lab);
    const { page } = panel;
    await row(panel, 0).locator('.answer').first().waitFor();
    const id = ((await panel.state()) as Record<string, unknown>)['panel.comparison'] as string;
    const known = await lab.call(getComparison, { id });
    const statistics = (pplMean: number) => ({ items: 9, tokens: 90, pplMean, pplStd: 1, lengthMean: 10 });
    const tell = (scored: number, more: (source: number) => object = () => ({})) =>
      panel.notify(comparisonChanged.method, {
        id,
        state: {
          ...known,
          sources: known.sources.map((source, k) => ({
            ...source,
            scored,
            unscorable: [],
            statistics: statistics(k === 0 ? 25.29 : 10.84),
            ...more(k),
          })),
        },
      });
    const words = 'Native column is easier to predict than ground truth: perplexity 10.84 against 25.29.';
    const cells = () => page.locator('.summary tbody td:nth-of-type(2)').allInnerTexts();
    // The server tells of the same comparison when it pleases: what the test tells is told until it stands.
    const shows = (told: () => Promise<void>, sentence: string, numbers: string[], note = '') =>
      expect
        .poll(async () => {
          await told();
          const more = await page.locator('.more').innerText();
          return [await page.locator('.sentence').innerText(), await cells(), more.includes(note)];
        })
        .toEqual([sentence, numbers, true]);
    const partly = ['so far, 352 of 3,000 25.29 (1.00)', 'so far, 352 of 3,000 10.84 (1.00)'];
    await shows(() => tell(352), `So far (704 of 6,000 targets scored): ${words}`, partly);
    await shows(
      () => tell(352, (k) => ({ recorded: statistics(k === 0 ? 2.45 : 1.2) })),
      'Native column is easier to predict than ground truth: perplexity 1.20 against 2.45.',
      ['as recorded 2.45 (1.00)', 'as recorded 1.20 (1.00)'],
      'recorded ones until all targets are scored anew',
    );
    const unscorable = [{ reason: 'too long', count: 10 }];
    await shows(() => tell(2990, () => ({ unscorable })), words, ['25.29 (1.00)', '10.84 (1.00)']);
  });

  it('names the verifiers in the language of the editor', async () => {
    const { page } = await open({ texts: { 'Last number': '最後一個數字' } });
    const list = page.locator('label', { hasText: 'Verifier' }).locator('vscode-dropdown');
    await list.click();
    await list.locator('vscode-option', { hasText: '最後一個數字' }).waitFor();
  });

  it('chooses for all rows and for one', async () => {
    const panel = await open({ trusted: true, subject: { title: 'Targets', dataset, model: { name: '/absent' } } });
    const { page } = panel;
    await choose(panel, 'Train on', 'native column, else ground truth');
    await expect.poll(() => page.locator('.choice [role=status]').innerText()).toContain('3,000 native column');
    await row(panel, 1).locator('.pick[aria-pressed=true]').waitFor();
    await row(panel, 1).getByRole('button', { name: 'Train on Ground truth' }).click();
    await expect.poll(() => page.locator('.choice [role=status]').innerText()).toContain('One row is chosen by hand');
    await page.getByRole('button', { name: 'Write dataset' }).click();
    const sent = panel.actions.find(({ kind }) => kind === 'command');
    expect(sent).toMatchObject({ command: 'forgettingLab.internal.writeTargets', args: [{ dataset }] });
    await expect.poll(() => page.locator('.notice').innerText()).toContain('/absent');
    panel.errors.length = 0;
  });

  it('keeps choices by hand when it is opened again at the second attempt, and says which ones are dropped', async () => {
    const file = path.join(workspace, 'changing', 'train.jsonl');
    await mkdir(path.dirname(file));
    const lines = (from: number): string =>
      rows
        .slice(from, 300)
        .map((one) => `${JSON.stringify(one)}\n`)
        .join('');
    await writeFile(file, lines(0));
    const lab = await memoryServer(targetDiffPart, workspace);
    let broken = false;
    const answer = (method: string, params: unknown): unknown => {
      if (broken && method === findTargetSources.method) throw new Error('the disk is gone');
      return lab.call({ method }, params);
    };
    const panel = await open({ answer, subject: { title: 'Targets', dataset: file } }, lab);
    const { page } = panel;
    const counts = page.locator('.choice [role=status]');
    for (const [index, name] of [
      [0, 'Native column'],
      [2, 'Native column'],
    ] as const) {
      await row(panel, index)
        .getByRole('button', { name: `Train on ${name}` })
        .click();
    }
    await expect.poll(() => counts.innerText()).toContain('2 rows are chosen by hand.');
    await writeFile(file, lines(1));
    broken = true;
    await page.locator('.list-rows').focus();
    await page.keyboard.press('End');
    const notice = page.locator('.notice');
    const again = page.getByRole('button', { name: 'Try again' });
    await expect.poll(() => notice.innerText()).toContain('has changed since');
    await again.click();
    await expect.poll(() => notice.innerText()).toContain('the disk is gone');
    broken = false;
    await again.click();
    const said = 'One row is chosen by hand. One choice by hand was dropped: the row has changed.';
    await expect.poll(() => counts.innerText()).toContain(said);
  });

  it('says why a chosen file cannot be compared, goes on without it, and takes another', async () => {
    const folder = path.join(workspace, 'choosing');
    await mkdir(folder);
    const [own, unfit, fit] = ['train.jsonl', 'package.json', 'other.jsonl'].map((name) => path.join(folder, name));
    const lines = (from: number): string =>
      rows
        .slice(from, 40)
        .map((one) => `${JSON.stringify(one)}\n`)
        .join('');
    await writeFile(own!, lines(0));
    await writeFile(unfit!, '{\n  "name": "x"\n}\n');
    let picked = unfit;
    const act = ({ kind }: PanelAction): unknown => (kind === 'pickFile' ? picked : null);
    const panel = await open({ act, subject: { title: 'Targets', dataset: own } });
    const { page } = panel;
    const files = async (): Promise<unknown> => ((await panel.state()) as Record<string, unknown>)['panel.files'];
    const pick = (): Promise<void> => page.getByRole('button', { name: 'Compare with a file' }).click();
    const more = page.locator('.more');
    await row(panel, 0).locator('.answer').first().waitFor();
    await pick();
    await expect.poll(() => more.innerText()).toContain('package.json is one JSON object');
    await row(panel, 0).getByRole('button', { name: 'Train on Native column' }).waitFor();
    expect(await files()).toEqual([]);
    await writeFile(fit!, lines(1));
    picked = fit;
    await pick();
    await row(panel, 1).getByRole('button', { name: 'Train on other' }).waitFor();
    expect(await more.innerText()).not.toContain('package.json');
    expect(await files()).toEqual([fit]);
  });

  it('says what to do when there is nothing to compare with', async () => {
    const lonely = path.join(workspace, 'lonely.jsonl');
    await writeFile(lonely, '{"prompt":"a","completion":"b"}\n');
    const { page, actions } = await open({ trusted: true, subject: { title: 'Targets', dataset: lonely } });
    await page.getByRole('button', { name: 'Build own output targets' }).click();
    expect(actions[0]).toEqual({ kind: 'command', command: 'forgettingLab.buildTargets', args: [lonely] });
  });

  it('colours tokens under a model without moving rows', { timeout: 90_000 }, async () => {
    const small = path.join(workspace, 'small', 'train.jsonl');
    await mkdir(path.dirname(small));
    await writeFile(
      small,
      rows
        .slice(10, 50)
        .map((one) => `${JSON.stringify(one)}\n`)
        .join(''),
    );
    const subject = { title: 'Targets', dataset: small, model: { name: 'pocket' } };
    const panel = await open({ trusted: true, subject, width: 1200, height: 1000 });
    const { page } = panel;
    await page.locator('.row .token.t3, .row .token.t4').first().waitFor({ timeout: 60_000 });
    await expect.poll(() => page.locator('.sentence').innerText(), { timeout: 60_000 }).toContain('easier to predict');
    await expect.poll(() => page.locator('.summary tbody').innerText()).toMatch(/\d\.\d\d \(\d/);
    await choose(panel, 'Train on', 'ground truth, hard tokens masked');
    await page.locator('.row .token.masked').first().waitFor();
    await screenshot(page, 'target-diff-dark');
    for (const name of ['light', 'highContrast'] as const) {
      await panel.setTheme(themes[name]);
      await screenshot(page, `target-diff-${name}`);
    }
  });

  it('lists by the verdicts of the verifier that is chosen, and all rows without one', async () => {
    const lab = await memoryServer(targetDiffPart, workspace);
    const verifier = { scorer: 'last_number', field: 'answer' };
    const answer = async (method: string, params: unknown): Promise<unknown> => {
      const result = await lab.call({ method }, params);
      return method === findTargetSources.method ? { ...(result as object), verifier } : result;
    };
    const panel = await open({ answer }, lab);
    const { page } = panel;
    const listed = (count: string): Promise<void> => page.getByText(`(${count} rows listed)`).waitFor();
    const verdict = async (): Promise<unknown> => {
      const state = (await panel.state()) as Record<string, { filter: { verdict: unknown } }>;
      return state['panel.view']?.filter.verdict;
    };
    await listed('3,000');
    await choose(panel, 'Verdict', 'both accepted');
    await listed('2,998');
    await choose(panel, 'Verifier', 'Exact text');
    await listed('0');
    await choose(panel, 'Verifier', 'Last number');
    await listed('2,998');
    expect(await verdict()).toBe('both');
    await choose(panel, 'Verifier', 'none');
    await listed('3,000');
    expect(await verdict()).toBe('any');
    // Kept by a page that showed a verifier, it hides no rows of one that has none.
    const state = (await panel.state()) as object;
    const kept = { left: 0, right: 1, filter: { verdict: 'both', gap: 1, text: '', differing: false }, sort: 'gap' };
    const again = await open({ state: { ...state, 'panel.view': kept } }, lab);
    await again.page.getByText('(3,000 rows listed)').waitFor();
  });

  it('lists what passes a limit on the gap once all is scored, in the order of lines too', async () => {
    const folder = path.join(workspace, 'gaps');
    await mkdir(folder);
    const file = path.join(folder, 'train.jsonl');
    await writeFile(
      file,
      rows
        .slice(10, 50)
        .map((one) => `${JSON.stringify(one)}\n`)
        .join(''),
    );
    const subject = { title: 'Targets', dataset: file, model: { name: 'pocket' } };
    const lab = await memoryServer(targetDiffPart, workspace);
    let scoring = false;
    // Rows are listed while nothing is scored yet.
    const answer = async (method: string, params: unknown): Promise<unknown> => {
      if (method === scoreComparison.method) await expect.poll(() => scoring, { timeout: 20_000 }).toBe(true);
      return lab.call({ method }, params);
    };
    const panel = await open({ answer, trusted: true, subject }, lab);
    const { page } = panel;
    await row(panel, 0).locator('.answer').first().waitFor();
    await choose(panel, 'Sort by', 'line');
    await choose(panel, 'Gap', '1.5 times or more');
    await page.getByText('(0 rows listed)').waitFor();
    scoring = true;
    await expect.poll(() => page.locator('.row').count(), { timeout: 20_000 }).toBeGreaterThan(0);
  });

  it('has room for rows beside its controls, and keeps what is folded', async () => {
    const panel = await open({ trusted: true, width: 1100, height: 760 });
    const { page } = panel;
    await row(panel, 2).locator('.answer').first().waitFor();
    const whole = async (): Promise<number> => {
      const boxes = await Promise.all((await page.locator('.row').all()).map((one) => one.boundingBox()));
      return boxes.filter((box) => box && box.y + box.height <= 760).length;
    };
    await expect.poll(whole).toBeGreaterThanOrEqual(4);
    expect(await page.evaluate(() => document.documentElement.scrollHeight - innerHeight)).toBeLessThanOrEqual(0);
    await page.locator('.tokens.legend').waitFor();
    await page.getByRole('button', { name: 'Word diff' }).click();
    await expect.poll(() => page.locator('.tokens.legend').isHidden()).toBe(true);
    await page.locator('.summary > summary').focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.locator('.summary table').isHidden()).toBe(true);
    const state = await panel.state();
    expect(state).toMatchObject({ 'panel.summary': false });
    const again = await open({ state });
    await row(again, 0).locator('.answer').first().waitFor();
    expect(await again.page.locator('.summary table').isHidden()).toBe(true);
  });

  it('opens the same comparison again after a reload', async () => {
    const lab = await memoryServer(targetDiffPart, workspace);
    const first = await open({}, lab);
    await first.page.getByRole('button', { name: 'Word diff' }).click();
    const state = await first.state();
    expect(state).toMatchObject({ kind: 'targetDiff', 'panel.comparison': expect.any(String) as string });
    const second = await open({ state }, lab);
    await row(second, 0).locator('ins').first().waitFor();
    const opened = [...first.asked, ...second.asked].filter(({ method }) => method === openComparison.method);
    expect(opened).toHaveLength(1);
  });

  it('names the model that its numbers are under when it is shown again', async () => {
    const lab = await memoryServer(targetDiffPart, workspace);
    const under = ({ page }: OpenPanel): Promise<string> =>
      page
        .locator('label', { hasText: 'Under' })
        .locator('vscode-dropdown')
        .evaluate((list) => (list as HTMLSelectElement).value);
    const scored = ({ asked }: OpenPanel): unknown[] =>
      asked.filter(({ method }) => method === scoreComparison.method).map(({ params }) => params);
    const subject = { title: 'Targets', dataset, model: { name: '/absent' } };
    const act = ({ kind }: PanelAction): unknown => (kind === 'pickModel' ? '/chosen' : null);
    const first = await open({ trusted: true, subject, act }, lab);
    await first.page.locator('label', { hasText: 'Under' }).locator('vscode-dropdown').click();
    await first.page.locator('vscode-option', { hasText: 'Another model' }).click();
    await expect
      .poll(() => scored(first))
      .toMatchObject([{ model: { name: '/absent' } }, { model: { name: '/chosen' } }]);
    await expect.poll(() => under(first)).toBe('/chosen');
    const second = await open({ trusted: true, subject, state: await first.state() }, lab);
    await expect.poll(() => under(second)).toBe('/chosen');
    expect(scored(second)).toEqual([]);
    const other = { ...subject, model: { name: '/other' } };
    const third = await open({ trusted: true, subject: other, state: await second.state() }, lab);
    await expect.poll(() => scored(third)).toMatchObject([{ model: { name: '/other' } }]);
    await expect.poll(() => under(third)).toBe('/other');
  });
});
