// The dataset view as a person uses it: on a real file answered by the lab server's own part, and on a made-up one of
// millions of rows. Scores are made up throughout.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Browser, Locator } from 'playwright-core';
import { hostileName } from '../../src/report/testing/syntheticRun.ts';
import { datasetViewPart } from '../../src/server/datasetView/datasetViewPart.ts';
import { memoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import type {
  AnswerPlace,
  DatasetViewRow,
  DatasetViewScore,
  DatasetViewState,
} from '../../src/shared/protocol/lab/datasetView.ts';
import type { ScoredToken } from '../../src/shared/records.ts';
import { Geometry, tallest } from '../../webview/dataset/geometry.ts';
import { tokensInRaw } from '../../webview/dataset/rawTokens.ts';
import { launch, inBrowser, noBrowser, openPanel, screenshot } from './openPanel.ts';
import type { Answer, OpenPanel, PanelOptions } from './openPanel.ts';
import { themes } from './themes.ts';

const millions = 6_000_000;
const prompts = ['45 - 23 = ?', 'Sort: pear, fig, apple', 'Is this kind? "You are a star."', '把「早安」翻成英文'];
const answers = [
  'Let me work it out. 45 - 23 = 22.\nThe answer is 22.',
  'apple, fig, pear',
  '### Answer: yes\n# # kind',
  'Good morning. I have written it in English, as you asked, and it is the usual greeting until noon.',
];

/** Every seventh number is one that the model finds hard. */
function scoreOf(row: number, answer: string): DatasetViewScore {
  const tokens = [...answer.matchAll(/\s?\S{1,4}/g)].map((match, k): ScoredToken => {
    const logprob = -(((row * 31 + k * 17) % 23) ** 2) / 90;
    return {
      id: k,
      text: match[0],
      start: match.index,
      end: match.index + match[0].length,
      logprob,
      trained: (row + k) % 11 > 0,
    };
  });
  const trained = tokens.filter((token) => token.trained);
  return {
    row,
    answer,
    tokens,
    ppl: Math.exp(-trained.reduce((sum, { logprob }) => sum + logprob, 0) / trained.length),
  };
}

function explain(score: DatasetViewScore): DatasetViewScore {
  const hardest = (score.tokens ?? [])
    .map(({ logprob }, index) => ({ logprob, index }))
    .sort((a, b) => a.logprob - b.logprob)
    .slice(0, 5)
    .map(({ index }) => ({
      index,
      alternatives: [
        { text: 'Let', logprob: Math.log(0.97) },
        { text: ' The', logprob: Math.log(0.01) },
      ],
    }));
  return { ...score, hardest };
}

function madeUpRow(row: number): DatasetViewRow {
  if (row % 50 === 9) {
    const text = '{"prompt": "45 - 23';
    return { row, text, bytes: 19, cut: false, blank: false, problem: 'not valid JSON: Unterminated string' };
  }
  const [prompt, answer] = [prompts[row % 4]!, answers[row % 4]!];
  const text = JSON.stringify({ prompt, completion: answer });
  return { row, text, bytes: text.length, cut: false, blank: false, prompt, answer, provenance: 'ground_truth' };
}

/** A lab server with millions of rows. */
function madeUpLab(overrides: Record<string, (params: never) => unknown> = {}): Answer {
  const state: DatasetViewState = {
    id: 'view',
    file: '/data/big.jsonl',
    size: 1.1e9,
    indexed: 1.1e9,
    rows: millions,
    done: true,
    layout: 'lines',
  };
  const handlers: Record<string, (params: never) => unknown> = {
    'datasetView/open': () => state,
    'datasetView/close': () => null,
    'datasetView/rows': ({ from, count }: { from: number; count: number }) =>
      Array.from({ length: Math.min(count, millions - from) }, (_, k) => madeUpRow(from + k)),
    'datasetView/score': ({ rows }: { rows: number[] }) => rows.map((row) => scoreOf(row, answers[row % 4]!)),
    'datasetView/explain': ({ row }: { row: number }) => explain(scoreOf(row, answers[row % 4]!)),
    'datasetView/search': () => ({ row: 4_321_987 }),
    ...overrides,
  };
  return (method, params) => handlers[method]?.(params as never);
}

const subject = {
  file: '/data/training/big.jsonl',
  place: 'training/big.jsonl',
  model: { name: 'pocket' },
  perplexity: true,
  colourTokens: true,
};

describe.skipIf(noBrowser)('the dataset view', inBrowser, () => {
  let browser: Browser;
  let folder: string;

  beforeAll(async () => {
    browser = await launch();
    folder = await mkdtemp(path.join(tmpdir(), 'lab-dataset-view-'));
  });

  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(options: Partial<PanelOptions> = {}): Promise<OpenPanel> {
    const panel = await openPanel(browser, { kind: 'dataset', subject, answer: madeUpLab(), ...options });
    onTestFinished(async () => {
      expect(panel.errors).toEqual([]);
      await panel.close();
    });
    panel.page.setDefaultTimeout(20_000);
    await panel.drawn();
    return panel;
  }

  const row = ({ page }: OpenPanel, number: number): Locator => page.locator(`#row-${number - 1}`);
  const current = ({ page }: OpenPanel): Promise<string | null> =>
    page.locator('.row.current .cell.number').textContent();
  const asked = (panel: OpenPanel, name: string): unknown[] =>
    panel.asked.filter(({ method }) => method === `datasetView/${name}`).map(({ params }) => params);

  it('calls a checkpoint by its run', async () => {
    const model = { name: '/home/ada/lab/runs/quick-20261121-1111-4bb7/checkpoints/a-1/stage-1' };
    const { page } = await open({
      subject: { ...subject, model },
      act: ({ kind }) => (kind === 'modelName' ? 'ground truth, quick 11:11' : null),
    });
    await page.getByRole('button', { name: 'Model: ground truth, quick 11:11' }).waitFor();
    await page.getByTitle(model.name).getByText('ground truth, quick 11:11').waitFor();
    await row({ page } as OpenPanel, 1).click();
    await page.getByText('under ground truth, quick 11:11').waitFor();
  });

  it('shows millions of rows with few elements, and reaches every one of them', async () => {
    const panel = await open();
    const { page } = panel;
    await expect.poll(() => page.locator('.sentence').textContent()).toBe('6,000,000 rows, 1.1 GB');
    await expect.poll(() => page.getByRole('grid').getAttribute('aria-rowcount')).toBe('6000001');
    await expect.poll(() => page.locator('.row[data-row]').count()).toBeLessThan(30);
    await page.getByRole('grid').focus();
    await page.keyboard.press('End');
    await row(panel, millions).locator('.cell.answer').waitFor();
    await expect.poll(() => current(panel)).toBe('6,000,000');
    await page.keyboard.press('ArrowUp');
    await expect.poll(() => current(panel)).toBe('5,999,999');
    await page.locator('.scroller').evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
    await page.waitForFunction(() => {
      const number = Number(document.querySelector<HTMLElement>('.row[data-row]')?.dataset['row']);
      return Math.abs(number - 3_000_000) < 1000;
    });
    await page.locator('.scroller').hover();
    const first = (): Promise<number> =>
      page
        .locator('.row[data-row]')
        .first()
        .evaluate((element) => Number(element.dataset['row']));
    const before = await first();
    await page.mouse.wheel(0, 520);
    await expect.poll(first).toBeGreaterThan(before + 5);
    expect(await first()).toBeLessThan(before + 15);
    await expect.poll(() => page.locator('.row[data-row]').count()).toBeLessThan(30);
  });

  it('moves by keys, a page at a time too, and names the current row', async () => {
    const panel = await open();
    const { page } = panel;
    await page.getByRole('grid').focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowUp']) await page.keyboard.press(key);
    await expect.poll(() => current(panel)).toBe('2');
    await page.keyboard.press('PageDown');
    const number = Number(await current(panel));
    expect(number).toBeGreaterThan(8);
    const id = await page.getByRole('grid').getAttribute('aria-activedescendant');
    expect(id).toBe(`row-${number - 1}`);
    await expect.poll(() => page.locator(`#${id}`).getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Home');
    await expect.poll(() => current(panel)).toBe('1');
  });

  it('asks for scores of rows in sight only, and cancels when they have scrolled away', async () => {
    let answerFirst: (() => void) | undefined;
    const panel = await open({
      answer: madeUpLab({
        'datasetView/score': ({ rows }: { rows: number[] }) =>
          new Promise((resolve) => {
            const finish = (): void => resolve(rows.map((one) => scoreOf(one, answers[one % 4]!)));
            if (rows[0] === 0) answerFirst = finish;
            else finish();
          }),
      }),
    });
    const { page } = panel;
    await page.evaluate(() => {
      const home = window as unknown as { toHost(message: { type: string }): unknown; cancelled: number };
      const toHost = home.toHost.bind(home);
      home.cancelled = 0;
      home.toHost = (message) => {
        if (message.type === 'cancel') home.cancelled++;
        return toHost(message);
      };
    });
    await expect.poll(() => asked(panel, 'score').length).toBe(1);
    await page.locator('.jump input').fill('1,000,000');
    await page.keyboard.press('Enter');
    await row(panel, 1_000_000).locator('.cell.ppl .token').waitFor();
    await expect
      .poll(() => page.evaluate(() => (window as unknown as { cancelled: number }).cancelled))
      .toBeGreaterThan(0);
    answerFirst?.();
    const wanted = (asked(panel, 'score') as { rows: number[] }[]).flatMap(({ rows }) => rows);
    expect(wanted.every((one) => one < 30 || Math.abs(one - 1_000_000) < 30)).toBe(true);
    expect(wanted).not.toContain(1_000_009);
  });

  it('opens a row with its hardest tokens, and closes by Escape', async () => {
    const panel = await open();
    const { page } = panel;
    await page.getByRole('grid').focus();
    await page.keyboard.press('Enter');
    await page.locator('.hardest li').first().waitFor();
    await expect.poll(() => page.locator('.hardest li').count()).toBe(5);
    const { tokens = [], hardest = [] } = explain(scoreOf(0, answers[0]!));
    const { logprob } = tokens[hardest[0]!.index]!;
    const p = Math.exp(logprob) < 0.0005 ? '< 0.001' : Math.exp(logprob).toFixed(3);
    await expect
      .poll(() => page.locator('.hardest li').first().innerText())
      .toMatch(new RegExp(`^wanted \\S+ ${p}, expected Let 0\\.97, then ␣The 0\\.010$`));
    await expect.poll(() => page.locator('.facts').innerText()).toContain('ground truth');
    await expect.poll(() => page.locator('.whole.answer').innerText()).toBe(answers[0]);
    await page.keyboard.press('ArrowDown');
    await page.getByRole('heading', { name: 'Row 2' }).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.locator('.detail').isHidden()).toBe(true);
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('grid');
  });

  it('finds text, marks it, says how far it is, and can be stopped', async () => {
    let found: ((row: unknown) => void) | undefined;
    const panel = await open({
      answer: madeUpLab({ 'datasetView/search': () => new Promise((resolve) => (found = resolve)) }),
    });
    const { page } = panel;
    await page.keyboard.press('Control+f');
    await page.keyboard.type('answer is 22');
    await page.keyboard.press('Enter');
    await expect.poll(() => asked(panel, 'search')).toEqual([{ id: 'view', text: 'answer is 22', from: 0 }]);
    await panel.notify('datasetView/searching', { id: 'view', share: 0.34 });
    await page.getByText('Searching, 34 %').waitFor();
    found?.({ row: 4000 });
    await page.getByText('Found in row 4,001.').first().waitFor();
    await expect.poll(() => current(panel)).toBe('4,001');
    await row(panel, 4001).locator('.cell.answer').waitFor();
    await expect.poll(() => page.evaluate(() => CSS.highlights.get('found')?.size ?? 0)).toBeGreaterThan(0);
    await page.keyboard.press('Enter');
    await expect.poll(() => asked(panel, 'search').length).toBe(2);
    expect(asked(panel, 'search')[1]).toMatchObject({ from: 4001 });
    await page.keyboard.press('Escape');
    await page.getByText('Stopped.').waitFor();
    await expect.poll(() => current(panel)).toBe('4,001');
  });

  it('says how far the index is, and jumps when it has come there', async () => {
    const going = { id: 'view', file: 'x', size: 1e9, indexed: 3.4e8, rows: 1_200_000, done: false, layout: 'lines' };
    const panel = await open({ answer: madeUpLab({ 'datasetView/open': () => going }) });
    const { page } = panel;
    await expect.poll(() => page.locator('.sentence').textContent()).toBe('1.2 M rows so far, 34 %');
    await expect.poll(() => page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('34');
    await expect.poll(() => page.getByRole('grid').getAttribute('aria-rowcount')).toBe('-1');
    await page.locator('.jump input').fill('2000000');
    await page.keyboard.press('Enter');
    await page.getByText('Row 2,000,000 is still being looked for.').waitFor();
    await expect.poll(() => current(panel)).toBe('1');
    await panel.notify('datasetView/changed', { ...going, indexed: 1e9, rows: millions, done: true });
    await row(panel, 2_000_000).locator('.cell.answer').waitFor();
    await expect.poll(() => current(panel)).toBe('2,000,000');
    await expect.poll(() => page.locator('.progress').isHidden()).toBe(true);
  });

  it('says that the file has changed on the disk, and reads it again', async () => {
    let failure: { message: string; remedy: string } | undefined;
    const score = ({ rows }: { rows: number[] }): DatasetViewScore[] => {
      if (failure) throw Object.assign(new Error(failure.message), failure);
      return rows.map((at) => scoreOf(at, answers[at % 4]!));
    };
    const panel = await open({ answer: madeUpLab({ 'datasetView/score': score }) });
    const { page } = panel;
    await row(panel, 1).locator('.cell.answer .token').first().waitFor();
    failure = { message: 'big.jsonl has changed', remedy: 'Open it again.' };
    const told = { id: 'view', file: 'x', size: 1, indexed: 1, rows: millions, done: true, layout: 'lines', failure };
    await panel.notify('datasetView/changed', told);
    await page.getByText('big.jsonl has changed. Open it again.').waitFor();
    // Scores that fail for it offer nothing else.
    const before = asked(panel, 'score').length;
    await page.locator('.jump input').fill('5000');
    await page.keyboard.press('Enter');
    await expect.poll(() => asked(panel, 'score').length).toBeGreaterThan(before);
    await page.waitForTimeout(200);
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
    failure = undefined;
    await page.getByRole('button', { name: 'Read the file again' }).click();
    await row(panel, 5000).locator('.cell.answer .token').first().waitFor();
    await expect.poll(() => page.locator('.notice').count()).toBe(0);
  });

  it('computes nothing in Restricted Mode', async () => {
    const panel = await open({ trusted: false });
    const { page } = panel;
    await row(panel, 1).click();
    await page.locator('.whole.answer').waitFor();
    await page.waitForTimeout(300);
    expect([...asked(panel, 'score'), ...asked(panel, 'explain')]).toEqual([]);
    await expect.poll(() => page.getByRole('checkbox').count()).toBe(0);
    await page.getByText('Restricted Mode').waitFor();
  });

  it('comes back after a reload as it was left', async () => {
    const panel = await open();
    await panel.page.locator('.jump input').fill('123,456');
    await panel.page.keyboard.press('Enter');
    await panel.page.getByRole('button', { name: 'Raw text' }).click();
    await row(panel, 123_456).click();
    await panel.page.locator('.hardest').waitFor();
    const again = await open({ state: await panel.state() });
    await row(again, 123_456).locator('.cell.mono').waitFor();
    await expect.poll(() => current(again)).toBe('123,456');
    await again.page.getByRole('heading', { name: 'Row 123,456' }).waitFor();
  });

  it('offers the file as text, and to read it again when it has changed', async () => {
    let broken = true;
    const panel = await openPanel(browser, {
      kind: 'dataset',
      subject,
      answer: madeUpLab({
        'datasetView/rows': ({ from, count }: { from: number; count: number }) => {
          if (broken) throw Object.assign(new Error('big.jsonl has changed'), { remedy: 'Open it again.' });
          return Array.from({ length: count }, (_, k) => madeUpRow(from + k));
        },
      }),
    });
    const { page } = panel;
    await page.getByText('big.jsonl has changed. Open it again.').waitFor();
    broken = false;
    await page.getByRole('button', { name: 'Read the file again' }).click();
    await row(panel, 1).locator('.cell.answer').waitFor();
    await expect.poll(() => page.locator('.notice').count()).toBe(0);
    expect(asked(panel, 'close')).toEqual([{ id: 'view' }]);
    await page.getByRole('button', { name: 'Open as text' }).click();
    await expect
      .poll(() => panel.actions)
      .toContainEqual({ kind: 'command', command: 'forgettingLab.internal.openAsText', args: [subject.file] });
    expect(panel.errors).toEqual([]);
    await panel.close();
  });

  it('reads a real file: problems, blank lines, hostile text, search', async () => {
    const file = path.join(folder, 'rows.jsonl');
    const lines = Array.from({ length: 2500 }, (_, k) =>
      JSON.stringify({ prompt: prompts[k % 4], completion: `${answers[k % 4]} (${k})` }),
    );
    lines[1] = '{"prompt": "broken';
    lines[2] = '';
    lines[3] = JSON.stringify({ prompt: hostileName, completion: hostileName });
    await writeFile(file, lines.join('\n'));
    const lab = await memoryServer(datasetViewPart, folder);
    const own = madeUpLab();
    const answer: Answer = (method, params) =>
      /score|explain/.test(method) ? own(method, params) : lab.call({ method }, params);
    const panel = await open({ subject: { ...subject, file, colourTokens: false }, answer });
    const { page } = panel;
    await row(panel, 4).locator('.cell.answer').waitFor();
    await expect.poll(() => row(panel, 2).innerText()).toContain('not valid JSON');
    await expect.poll(() => row(panel, 3).innerText()).toContain('(blank line)');
    await expect.poll(() => row(panel, 4).locator('.cell.answer').textContent()).toBe(hostileName);
    await expect.poll(() => page.locator('.row img, .row script').count()).toBe(0);
    await page.locator('.search input').fill('(1234)');
    await page.keyboard.press('Enter');
    await page.getByText('Found in row 1,235.').first().waitFor();
    await row(panel, 1235).locator('.cell.answer').waitFor();
  });

  it('says that a file is empty', async () => {
    const nothing = { id: 'view', file: 'x', size: 0, indexed: 0, rows: 0, done: true, layout: 'lines' };
    const panel = await open({ answer: madeUpLab({ 'datasetView/open': () => nothing }) });
    await panel.page.getByText('This file has no rows.').waitFor();
  });

  it.each(Object.keys(themes))('looks right in %s, narrow and wide', async (name) => {
    for (const width of [480, 1280]) {
      const theme = themes[name as keyof typeof themes];
      const panel = await open({ theme, width, height: 800 });
      const { page } = panel;
      await row(panel, 1).locator('.cell.ppl .token').waitFor();
      await screenshot(page, `dataset-${name}-${width}-list`);
      await row(panel, 3).click();
      await page.locator('.hardest').waitFor();
      await page.locator('.search input').fill('answer');
      await page.waitForTimeout(350);
      await screenshot(page, `dataset-${name}-${width}-row`);
      const overflow = await page.evaluate(() => [
        document.documentElement.scrollWidth - innerWidth,
        document.documentElement.scrollHeight - innerHeight,
      ]);
      expect(overflow, `${name} at ${width}`).toEqual([0, 0]);
      await panel.close();
    }
  });
});

describe('positions in a list of any length', () => {
  it('reach from the first row to the last, and back', () => {
    const geometry = new Geometry(48);
    geometry.view = 600;
    for (const rows of [100, 300_000, 50_000_000]) {
      geometry.rows = rows;
      expect(geometry.compressed).toBe(rows * 48 > tallest);
      expect(geometry.toTop(0)).toBe(0);
      const end = geometry.content - geometry.view;
      expect(geometry.toTop(geometry.toScroll(end))).toBe(end);
      expect(geometry.toTop(geometry.scrolled - geometry.view)).toBe(end);
      expect(geometry.inSight(end)).toEqual({ first: Math.floor(end / 48), last: rows - 1 });
      expect(geometry.reveal(rows - 1, 0)).toBe(end);
    }
  });
});

describe('tokens in the text of the file', () => {
  const answer = 'a "b"\n\u7532\u{1f600} c';
  const tokens = [...answer.matchAll(/./gsu)].map((match, id): ScoredToken => ({
    id,
    text: match[0],
    start: match.index,
    end: match.index + match[0].length,
    logprob: -1,
    trained: true,
  }));
  const escaped = '{"prompt":"a","completion":"a \\u0022b\\"\\n\\u7532\\ud83d\\ude00 c"}';

  const placeIn = (raw: string): AnswerPlace => ({ start: raw.indexOf('"a ') + 1, end: raw.lastIndexOf('"') });

  it.each([JSON.stringify({ prompt: 'a', completion: answer }), escaped])('stand where the answer is: %s', (raw) => {
    const found = tokensInRaw(raw, [placeIn(raw)], tokens);
    expect(found.map(({ start, end }) => JSON.parse(`"${raw.slice(start, end)}"`) as string)).toEqual(
      tokens.map(({ text }) => text),
    );
  });

  it('stand in a text that was cut, as far as it goes', () => {
    const raw = escaped.slice(0, -14);
    const found = tokensInRaw(raw, [placeIn(escaped)], tokens);
    expect(found.map(({ text }) => text).join('')).toBe('a "b"\n\u7532');
    expect(tokensInRaw('{"prompt":', [placeIn(escaped)], tokens)).toEqual([]);
  });

  it('stand in each part of an answer in parts', () => {
    const raw = '["a \\"b","x","\\"\\n c"]';
    const places = ['a \\"b', '\\"\\n c'].map((part) => ({
      start: raw.indexOf(part),
      end: raw.indexOf(part) + part.length,
    }));
    const found = tokensInRaw(raw, places, [{ ...tokens[0]!, start: 3, end: 5 }]);
    expect(found.map(({ start, end }) => raw.slice(start, end))).toEqual(['b', '\\"']);
  });
});
