// The session monitor as a person uses it: curves that grow without losing a point, zoom, the log, stop and resume.
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Browser } from 'playwright-core';
import { memoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import type { MemoryServer } from '../../src/server/runs/testing/memoryServer.ts';
import { writeRun } from '../../src/server/runs/testing/writeRun.ts';
import { runsPart } from '../../src/server/runs/runsPart.ts';
import { lockRun } from '../../src/runs/lock.ts';
import { getRun } from '../../src/shared/protocol/lab/runs.ts';
import type { SessionSummary } from '../../src/shared/protocol/lab/sessions.ts';
import type { MetricRecord, RunData, StatusRecord } from '../../src/shared/records.ts';
import { formatDone } from '../../src/shared/words.ts';
import { launch, inBrowser, noBrowser, openPanel } from './openPanel.ts';
import type { OpenPanel, PanelOptions } from './openPanel.ts';
import { addProbes } from './probes.ts';

describe.skipIf(noBrowser)('the session monitor', inBrowser, () => {
  let browser: Browser;
  let workspace: string;
  let lab: MemoryServer;
  let made = 0;

  beforeAll(async () => {
    browser = await launch();
    workspace = await mkdtemp(path.join(tmpdir(), 'lab-monitor-'));
  });

  afterAll(async () => {
    await browser?.close();
    await rm(workspace, { recursive: true, force: true });
  });

  beforeEach(async () => {
    lab = await memoryServer(runsPart, workspace);
  });

  async function makeRun(change: (run: RunData) => RunData = addProbes): Promise<string> {
    const run = path.join(workspace, 'runs', `synthetic-20260102-0304-${String(++made).padStart(4, '0')}`);
    await writeRun(run, { change });
    return run;
  }

  async function open(
    run: string,
    sessions: SessionSummary[] = [],
    options: Partial<PanelOptions> = {},
  ): Promise<OpenPanel> {
    const answer = (method: string, params: unknown): unknown => {
      if (method === 'sessions/list') return sessions;
      if (method === 'sessions/log') return { text: 'line one\n</pre><script>alert(1)</script>\n' };
      return lab.call({ method }, params);
    };
    const panel = await openPanel(browser, { kind: 'monitor', subject: { run }, answer, ...options });
    onTestFinished(async () => {
      expect(panel.errors).toEqual([]);
      await panel.close();
    });
    await panel.drawn();
    return panel;
  }

  const session = (run: string, changes: Partial<SessionSummary> = {}): SessionSummary => ({
    id: 's1',
    work: { kind: 'resume', run },
    title: 'synthetic',
    state: 'running',
    queuedAt: '2026-01-02T03:04:05.000Z',
    run,
    // How far the run is, its summary tells.
    progress: { share: 0.64, activity: 'train (self-output, stage 2 new API)', secondsLeft: 65 },
    ...changes,
  });

  const withStatus =
    (status: Partial<StatusRecord>) =>
    (run: RunData): RunData =>
      addProbes({
        ...run,
        status: { kind: 'status', at: '2026-01-02T03:10:00.000Z', state: 'running', pid: process.pid, ...status },
      });

  /** What a chart says to screen readers. */
  const charts = ({ page }: OpenPanel): Promise<string[]> =>
    page.locator('canvas').evaluateAll((all) => all.map((canvas) => canvas.getAttribute('aria-label') ?? ''));

  it('draws loss, cross-entropy and retention of every trained arm', async () => {
    const panel = await open(await makeRun());
    const [loss, crossEntropy, retention, margin] = await charts(panel);
    expect(margin).toContain('First-token refusal margin');
    for (const words of [loss, crossEntropy, retention, margin]) expect(words).toContain('self-output');
    expect(crossEntropy).toContain('neutral text');
    await expect
      .poll(() => panel.page.locator('.sentence').innerText())
      .toMatch(/^Done: ground truth gained \d+, forgot \d+\.$/);
    await expect.poll(() => panel.page.locator('.records').innerText()).toContain('warning: coin <b>is at chance</b>');
    await panel.page.getByText('Learning rate, gradient norm and speed').click();
    await expect.poll(async () => (await charts(panel)).length).toBe(7);
  });

  it('appends from where the last reading ended, and a repeated step counts once', async () => {
    const run = await makeRun(withStatus({}));
    const panel = await open(run);
    const newest = async (): Promise<string> => (await charts(panel))[0] ?? '';
    await expect.poll(() => newest()).toContain('ground truth 0.215');
    const record: MetricRecord = {
      kind: 'metric',
      arm: 'ground truth',
      lr: 3e-4,
      seed: 0,
      stage: 2,
      step: 40,
      steps: 40,
      'train/loss': 0.125,
      'train/grad_norm': 1,
      'train/lr': 1e-4,
      'train/tokens': 500,
      'train/tokens_per_second': 9000,
      at: '2026-01-02T03:06:00.000Z',
    };
    await appendFile(path.join(run, 'metrics.jsonl'), `${JSON.stringify(record)}\n`);
    await panel.notify('runs/changed', { runs: [run], list: false });
    await expect.poll(newest).toContain('ground truth 0.125');
    const readings = panel.asked.filter(({ method }) => method === 'runs/curves').map(({ params }) => params);
    expect(readings[0]).toEqual({ run });
    expect(readings.at(-1)).toMatchObject({ run, from: { 'metrics.jsonl': expect.any(Number) as number } });
    const numbers = panel.page.locator('.folded', { hasText: 'Newest values' });
    await numbers.locator('summary').click();
    await expect.poll(() => numbers.locator('tbody tr').first().innerText()).toContain('80 of 80');
  });

  it('says what is going on in one line, and stops', async () => {
    const run = await makeRun(withStatus({}));
    const panel = await open(run, [session(run)]);
    await expect
      .poll(() => panel.page.locator('.sentence').innerText())
      .toContain('Train (self-output, stage 2 new API).');
    const truth = await panel.page.locator('.truth').innerText();
    for (const part of [
      'stage 2 of 2, new API',
      'step 40 of 40',
      '9,000 tokens/s',
      `${formatDone((await lab.call(getRun, { run })).share)} done`,
      '1 min 5 s left',
      'cpu',
    ]) {
      expect(truth).toContain(part);
    }
    await expect.poll(() => panel.page.locator('.tail').innerText()).toContain('</pre><script>alert(1)</script>');
    await panel.page.getByRole('button', { name: 'Stop and save' }).click();
    expect(panel.actions).toEqual([{ kind: 'command', command: 'forgettingLab.stop', args: [run, 'save'] }]);
    await panel.notify('sessions/changed', { sessions: [session(run, { state: 'stopping' })], removed: [] });
    await expect.poll(() => panel.page.locator('.sentence').innerText()).toContain('Stopping');
    await panel.page.getByRole('button', { name: 'Stop now' }).click();
    expect(panel.actions.at(-1)).toMatchObject({ args: [run, 'now'] });
  });

  it('tells the time left of a run that no session of the queue follows', async () => {
    const run = await makeRun((made) => {
      const going = withStatus({})(made);
      const isLast = ({ arm, stage }: { arm: string; stage: number }): boolean => arm === 'self-output' && stage === 2;
      const lastSteps = going.metrics.filter((one) => !isLast(one) || one.step <= 20);
      const cells = going.cells.filter((one) => !isLast(one)).map((one) => ({ ...one, seconds: 30 }));
      const checkpoints = going.checkpoints.filter((one) => !isLast(one));
      return { ...going, cells, checkpoints, metrics: lastSteps };
    });
    onTestFinished(await lockRun(run));
    const ended = session(run, { state: 'stopped' });
    const panel = await open(run, [ended]);
    // Seven benchmarks here and fourteen of the arm that has not begun, half a minute each; trainings take seconds.
    await expect
      .poll(() => panel.page.locator('.truth').innerText())
      .toMatch(/ \u00b7 1[01] min( \d+ s)? left \u00b7 cpu/);
  });

  it('says why a run failed and offers to resume it, but not in Restricted Mode', async () => {
    const run = await makeRun(withStatus({ state: 'failed', reason: 'The loss is not finite <b>at step 7</b>' }));
    const panel = await open(run);
    await expect
      .poll(() => panel.page.getByRole('alert').innerText())
      .toContain('The loss is not finite <b>at step 7</b>');
    await expect.poll(() => panel.page.getByRole('button', { name: 'Stop now' }).count()).toBe(0);
    await panel.page.getByRole('button', { name: 'Resume' }).click();
    expect(panel.actions).toEqual([{ kind: 'command', command: 'forgettingLab.resume', args: [run] }]);
    const restricted = await open(run, [], { trusted: false });
    await expect.poll(() => restricted.page.getByRole('button', { name: 'Resume' }).count()).toBe(0);
  });

  it('draws no refusal margin where no harmful prompts are probed', async () => {
    const withoutMargin = (run: RunData): RunData => {
      const { probes, ...rest } = addProbes(run);
      return { ...rest, probes: probes.map((probe) => ({ ...probe, refusalMargin: {} })) };
    };
    const panel = await open(await makeRun(withoutMargin));
    expect((await charts(panel)).join()).not.toContain('refusal');
    expect(await charts(panel)).toHaveLength(6);
  });

  it('zooms all charts by keys and buttons, and remembers it', async () => {
    const run = await makeRun();
    const panel = await open(run);
    const { page } = panel;
    await page.locator('.frame').first().focus();
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    await page.keyboard.press('ArrowRight');
    const state = (await panel.state()) as { 'panel.range': { min: number; max: number } };
    expect(state['panel.range'].max - state['panel.range'].min).toBeCloseTo(80 / 2.25, 6);
    const picture = (of: OpenPanel): Promise<string> =>
      of.page
        .locator('canvas')
        .nth(1)
        .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
    const zoomed = await picture(panel);
    const again = await open(run, [], { state });
    await expect.poll(() => picture(again)).toBe(zoomed);
    await again.page.getByRole('button', { name: 'Whole history' }).click();
    expect(((await again.state()) as Record<string, unknown>)['panel.range']).toBeUndefined();
    expect(await picture(again)).not.toBe(zoomed);
  });

  it('zooms by dragging and by wheel', async () => {
    const panel = await open(await makeRun());
    const { page } = panel;
    const box = (await page.locator('canvas').first().boundingBox())!;
    const middle = box.y + box.height / 2;
    await page.mouse.move(box.x + 300, middle);
    await page.mouse.down();
    await page.mouse.move(box.x + 600, middle, { steps: 5 });
    await page.mouse.up();
    const range = async (): Promise<{ min: number; max: number } | undefined> =>
      ((await panel.state()) as Record<string, { min: number; max: number } | undefined>)['panel.range'];
    await expect.poll(range).toBeDefined();
    const dragged = (await range())!;
    expect(dragged.max - dragged.min).toBeLessThan(40);
    await page.keyboard.down('Control');
    await page.mouse.wheel(0, 400);
    await page.keyboard.up('Control');
    await expect
      .poll(async () => ((await range())?.max ?? 80) - ((await range())?.min ?? 0))
      .toBeGreaterThan(dragged.max - dragged.min);
  });

  it('leaves out an arm that is unchecked', async () => {
    const panel = await open(await makeRun());
    await panel.page.getByRole('checkbox', { name: 'self-output' }).click();
    await expect.poll(async () => (await charts(panel))[0]).not.toContain('self-output');
    await expect.poll(() => panel.state()).toMatchObject({ 'panel.hidden': ['self-output'] });
  });

  it('draws a long run in little time and whole', async () => {
    const steps = 20_000;
    const panel = await open(
      await makeRun((run) => ({
        ...run,
        config: {
          ...run.config,
          experiment: {
            ...run.config.experiment,
            stages: run.config.experiment.stages.map((stage, k) => (k === 0 ? { ...stage, steps } : stage)),
          },
        },
        metrics: Array.from({ length: steps }, (_, k) => ({
          ...run.metrics[0]!,
          step: k + 1,
          steps,
          'train/loss': 2 * Math.exp(-k / 4000) + 0.1 * Math.sin(k),
        })),
      })),
    );
    await panel.page.locator('.folded', { hasText: 'Newest values' }).locator('summary').click();
    await expect
      .poll(() => panel.page.locator('.folded tbody tr').first().innerText(), { timeout: 20_000 })
      .toContain('20,000 of 20,040');
  });
});
