// The forgetting heatmap of a run: arms on one scale, base and stages as rows, benchmarks as columns. It fills in while
// the run goes on; scale and order stay as they are until the reader asks.
import './heatmap.css';
import type { Chart } from 'chart.js';
import { armStyles } from '../../src/shared/arms.ts';
import type { MatrixBlock } from '../../src/shared/matrixView.ts';
import { exportRun, getHeatmap, runsChanged } from '../../src/shared/protocol/lab/runs.ts';
import type { HeatmapData } from '../../src/shared/protocol/lab/runs.ts';
import { formatChange, formatDone, formatLearningRate } from '../../src/shared/words.ts';
import { armLabel } from '../ui/arm.ts';
import { el, fill } from '../ui/dom.ts';
import type { Child } from '../ui/dom.ts';
import { action, boot, drawn, isAbort, keep, on, remembered, request, save, say, text } from '../ui/host.ts';
import { makePage } from '../ui/page.ts';
import { fileName, savePicture } from '../ui/picture.ts';
import { onThemeChange, theme } from '../ui/theme.ts';
import { button, dropdown, segmented } from '../ui/toolkit.ts';
import { blockTitle, cellLabel, cellLines, columnLines, groupTitles, totalLines } from './describe.ts';
import { drawPicture } from './draw.ts';
import type { Picture } from './draw.ts';
import { makeFlips } from './flips.ts';
import type { FlipsRequest } from './flipsRequest.ts';
import { makeGrid } from './grid.ts';
import type { Grid, GridContent, Tip } from './grid.ts';
import { layOut } from './layout.ts';
import type { Layout } from './layout.ts';
import { bestBefore, clipFor, largestChange, newlyMeasured } from './model.ts';
import type { CellKey, Mode } from './model.ts';
import { numberAt, numbersTable, showNumbers } from './numbers.ts';

const run = String(boot.subject['run']);

let data: HeatmapData | undefined;
let mode = remembered<Mode>('mode') ?? 'base';
let view = remembered<'chart' | 'table'>('view') ?? 'chart';
let rate = remembered<number>('rate');
let seed = remembered<number>('seed');
let selected = remembered<CellKey>('selected');
/** Ends of the colour scale, kept until the reader asks for others. */
const clips: Partial<Record<Mode, number>> = {};

const page = makePage();
const controls = el('div', { class: 'bar' });
const scaleNote = el('div');
const picture = el('div', { class: 'picture' });
const flips = makeFlips(closeFlips, openTargets);
const workspace = el('div', { class: 'workspace' }, picture, flips.element);
page.body.append(controls, scaleNote, workspace);

let chart: Chart | undefined;
let grid: Grid | undefined;

function blocks(): MatrixBlock[] {
  return data?.view.blocks.filter((block) => rate === undefined || block.lr === rate) ?? [];
}

function pictureWidth(): number {
  return Math.max(320, picture.clientWidth || page.body.clientWidth);
}

/** What flipped answers take beside the picture: the style sheet's width and gap. */
const flipsRoom = (room: number): number => Math.min(420, 0.4 * room) + 24;

/** Puts the flipped answers under the picture where beside them its columns would be cut off. */
function placeFlips(current: HeatmapData): void {
  const room = page.body.clientWidth - flipsRoom(page.body.clientWidth);
  const numbers = picture.firstElementChild;
  workspace.classList.remove('below');
  const fits =
    view === 'table'
      ? flips.element.hidden || !numbers || numbers.scrollWidth <= numbers.clientWidth
      : layoutFor(current, room).width <= room;
  workspace.classList.toggle('below', !fits);
}

const ruler = document.createElement('canvas').getContext('2d');

function measure(label: string): number {
  if (!ruler) return label.length * 7;
  ruler.font = `400 12px ${theme().font}`;
  return ruler.measureText(label).width;
}

function layoutFor(current: HeatmapData, width: number): Layout {
  return layOut(current.view, blocks(), {
    width,
    measure,
    titles: groupTitles(),
    labelOf: (row) => say(row.label),
    totals: [text('gained'), text('forgot')],
  });
}

function pictureOf(current: HeatmapData, layout: Layout): Picture {
  return {
    view: current.view,
    layout,
    mode,
    clip: clipOf(current),
    theme: theme(),
    styles: armStyles(current.config.arms),
    title: (block) => blockTitle(current, block),
  };
}

/** The scale of the mode. While a run has not changed anything yet, the widest one: it needs no asking later. */
function clipOf(current: HeatmapData): number {
  const largest = largestChange(current.view, mode);
  const clip = clips[mode] ?? (current.run.state === 'running' && largest === 0 ? 0.5 : clipFor(largest));
  clips[mode] = clip;
  return clip;
}

function draw(): void {
  if (!data) return;
  if (view === 'table') drawTable(data);
  placeFlips(data);
  if (view === 'chart') drawChart(data);
  drawScaleNote(data);
  drawn();
}

function drawTable(current: HeatmapData): void {
  chart?.destroy();
  chart = undefined;
  grid = undefined;
  showNumbers(
    picture,
    numbersTable(current, blocks(), mode, (key) => select(key, true)),
  );
}

/** The picture is painted anew; the elements over it stay where they are the same cells. */
function drawChart(current: HeatmapData): void {
  const layout = layoutFor(current, pictureWidth());
  const content = gridContent(current, layout);
  const canvas = el('canvas', { 'aria-hidden': 'true' });
  const hadFocus = picture.contains(document.activeElement);
  chart?.destroy();
  if (grid?.update(content)) picture.querySelector('canvas')?.replaceWith(canvas);
  else {
    const at = grid?.current() ?? selected;
    grid = makeGrid(content, at);
    fill(picture, el('div', { class: 'scroll' }, el('div', { class: 'stage' }, canvas, grid.element)));
    if (hadFocus && at) grid.focus(at);
  }
  const stage = picture.querySelector<HTMLElement>('.stage');
  stage?.style.setProperty('width', `${layout.width}px`);
  stage?.style.setProperty('height', `${layout.height}px`);
  chart = drawPicture(canvas, pictureOf(current, layout), devicePixelRatio);
}

function gridContent(current: HeatmapData, layout: Layout): GridContent {
  return {
    layout,
    label: text('Forgetting heatmap'),
    keyOf: (cell) => keyOf(current, cell.block, cell.stage, cell.column),
    labelOf: (cell) => cellLabel(current, cell.block, cell.stage, cell.column, mode),
    linesOf: (cell) => cellLines(current, cell.block, cell.stage, cell.column, mode),
    isActive: ({ block, stage, column }) =>
      current.active?.arm === block.arm &&
      current.active.lr === block.lr &&
      current.active.stage === stage &&
      block.rows[stage - 1]?.cells[column]?.kind === 'missing',
    tips: hints(current, layout),
    totals: totals(current, layout),
    selected,
    onSelect: (cell, byKey) => {
      select(keyOf(current, cell.block, cell.stage, cell.column), byKey);
    },
  };
}

function keyOf(current: HeatmapData, block: MatrixBlock, stage: number, column: number): CellKey {
  return { arm: block.arm, lr: block.lr, stage, benchmark: current.view.columns[column]?.benchmark ?? '' };
}

function hints(current: HeatmapData, layout: Layout): Tip[] {
  return layout.heads.flatMap((head) =>
    head.names.map((name, k) => {
      const column = current.view.columns[k];
      const cell = layout.blocks[0]?.rows[0]?.cells[0];
      return { box: { ...name, width: cell?.width ?? name.width }, lines: column ? columnLines(column) : [] };
    }),
  );
}

/** What stands behind the cells of each row of the layout. */
function totals({ definitions }: HeatmapData, layout: Layout): Tip[][][] {
  return layout.blocks.map(({ block, rows }) =>
    rows.map((row) => {
      const entry = block.rows[row.stage - 1];
      if (!entry) return [];
      return [
        { box: row.gained, lines: totalLines(text('gained'), definitions.gained, entry.gained) },
        { box: row.forgot, lines: totalLines(text('forgot'), definitions.forgot, entry.forgot) },
      ];
    }),
  );
}

let shownNote = '';

/** Offers another scale when the present one no longer fits. The button stays the same element while its words do. */
function drawScaleNote(current: HeatmapData): void {
  const wanted = clipFor(largestChange(current.view, mode));
  const now = clipOf(current);
  const fits =
    mode === 'score' || view === 'table' || largestChange(current.view, mode) === 0 || Math.abs(wanted - now) < 0.02;
  const words = fits ? '' : text('Fit the colour scale to {0} points', formatChange(wanted).replace('+', '\u00b1'));
  if (words === shownNote) return;
  shownNote = words;
  fill(scaleNote, words !== '' && button(words, fitScale));
}

function fitScale(): void {
  if (!data) return;
  clips[mode] = clipFor(largestChange(data.view, mode));
  draw();
}

/** `moves`: the focus goes to the list that opens; it does so in any case when the list is out of sight. */
function select(key: CellKey, moves: boolean): void {
  if (key.stage === 0) return;
  selected = key;
  keep('selected', key);
  const listed = showFlips();
  draw();
  if (!listed) return;
  const below = workspace.classList.contains('below');
  if (moves || below) flips.focus();
  if (!below) return;
  flips.reveal();
  // Only the whole list is long enough to begin at the top of the page.
  void listed.then(() => flips.element.contains(document.activeElement) && flips.reveal());
}

interface WantedFlips {
  request: FlipsRequest;
  heading: Child;
}

/** What there is to list of the selected cell: what changed against the same stage as its number. */
function wantedFlips(): WantedFlips | undefined {
  if (!data || !selected) return undefined;
  const { arm, lr, stage, benchmark } = selected;
  const block = data.view.blocks.find((one) => one.arm === arm && one.lr === lr);
  const row = block?.rows[stage - 1];
  const column = data.view.columns.findIndex((one) => one.benchmark === benchmark);
  const cell = row?.cells[column];
  if (!block || !row || cell?.kind !== 'measured') return undefined;
  const best = mode === 'best' ? bestBefore(data.view, block, stage, column) : undefined;
  const against = best?.stage ?? 0;
  // Flips are answers of one training: of a mean over seeds, the first one is shown.
  const seeds = cell.records.map((record) => record.seed);
  const before = against === 0 ? seeds : (best?.cell.records.map((record) => record.seed) ?? []);
  const first = seeds.find((one) => before.includes(one)) ?? seeds[0] ?? 0;
  const ofSeed = cell.seeds > 1 ? `, ${text('seed {0}', first)}` : '';
  const reference = best && against > 0 ? `, ${text('against {0}', say(best.label))}` : '';
  return {
    request: { run, arm, lr, seed: first, stage, benchmark, against },
    heading: [
      `${benchmark} \u00b7 `,
      armLabel(armStyles(data.config.arms), arm, blockTitle(data, { ...block, seeds: [] })),
      `, ${say(row.label)}${ofSeed}${reference}`,
    ],
  };
}

/** Resolves when the flipped answers are listed; undefined when there is nothing to list. */
function showFlips(): Promise<void> | undefined {
  const wanted = wantedFlips();
  return wanted && flips.show(wanted.request, wanted.heading);
}

/** Another mode or seed has other flips: an open list follows. */
function followFlips(): void {
  const wanted = wantedFlips();
  const shown = flips.shown();
  if (!wanted || !shown || JSON.stringify(wanted.request) === JSON.stringify(shown)) return;
  void flips.show(wanted.request, wanted.heading);
}

function closeFlips(): void {
  const back = selected;
  selected = undefined;
  keep('selected', undefined);
  flips.hide();
  draw();
  if (!back) return;
  if (view === 'chart') grid?.focus(back);
  else numberAt(picture, back)?.focus();
}

function openTargets(stage: number): void {
  const dataset = data?.config.experiment.stages[stage - 1]?.dataset;
  void action({
    kind: 'command',
    command: 'forgettingLab.showTargetDiff',
    args: [{ run, stage, ...(dataset ? { dataset } : {}) }],
  });
}

function drawControls(current: HeatmapData): void {
  const rates = [...new Set(current.view.blocks.map((block) => block.lr))];
  const { seeds } = current.config.experiment;
  const all = { value: 'all', label: text('all') };
  fill(
    controls,
    segmented<Mode>(
      text('What the cells show'),
      [
        { value: 'score', label: text('Score') },
        { value: 'base', label: text('vs base'), title: text('Change against the base, in points') },
        { value: 'best', label: text('vs best'), title: text('Change against the best score so far, in points') },
      ],
      mode,
      (next) => {
        mode = next;
        keep('mode', next);
        followFlips();
        draw();
      },
    ).element,
    segmented(
      text('How it is shown'),
      [
        { value: 'chart', label: text('Chart') },
        { value: 'table', label: text('Table') },
      ],
      view,
      (next) => {
        view = next;
        keep('view', next);
        draw();
      },
    ).element,
    rates.length > 1 &&
      dropdown(
        text('Learning rate'),
        [all, ...rates.map((lr) => ({ value: String(lr), label: formatLearningRate(lr) }))],
        rate === undefined ? 'all' : String(rate),
        (next) => {
          rate = next === 'all' ? undefined : Number(next);
          keep('rate', rate);
          draw();
        },
      ).element,
    seeds.length > 1 &&
      dropdown(
        text('Seed'),
        [{ value: 'all', label: text('mean') }, ...seeds.map((one) => ({ value: String(one), label: String(one) }))],
        seed === undefined ? 'all' : String(seed),
        (next) => {
          seed = next === 'all' ? undefined : Number(next);
          keep('seed', seed);
          void load();
        },
      ).element,
    // Nothing is saved in Restricted Mode.
    boot.trusted &&
      el(
        'div',
        { class: 'buttons end' },
        el('span', { class: 'quiet labelled' }, text('Export')),
        button('PNG', () => void page.attempt(exportPicture)),
        button('CSV', () => void page.attempt(() => exportText('matrix-csv'))),
        button('Markdown', () => void page.attempt(() => exportText('matrix-markdown'))),
      ),
  );
}

/** The picture in double resolution, at the width it has on screen. */
async function exportPicture(): Promise<void> {
  if (!data) return;
  const canvas = document.createElement('canvas');
  const layout = layoutFor(data, pictureWidth());
  const drawing = drawPicture(canvas, pictureOf(data, layout), 2);
  try {
    await savePicture(canvas, fileName(`${data.run.id}-heatmap`, 'png'));
  } finally {
    drawing.destroy();
  }
}

async function exportText(what: 'matrix-csv' | 'matrix-markdown'): Promise<void> {
  await save(await request(exportRun, { run, what }));
}

function describeRun(current: HeatmapData): void {
  const { run: summary } = current;
  const going = summary.state === 'running' || summary.state === 'stopped' || summary.state === 'interrupted';
  page.title(
    summary.experiment,
    ` \u00b7 ${stateText(summary.state)}`,
    going && ` \u00b7 ${formatDone(summary.share)}`,
    current.pending && ` \u00b7 ${text('intervals are being computed')}`,
  );
  const [answer = '', ...more] = current.verdict.map(say);
  page.sentence(answer, more);
  page.notice(
    summary.reason && say(summary.reason),
    summary.state === 'failed' || summary.state === 'corrupt' ? 'error' : 'warning',
  );
}

function stateText(state: HeatmapData['run']['state']): string {
  const words: Record<typeof state, string> = {
    running: text('running'),
    interrupted: text('interrupted'),
    stopped: text('stopped'),
    done: text('done'),
    failed: text('failed'),
    corrupt: text('damaged'),
  };
  return words[state];
}

let loading: AbortController | undefined;
let again = false;

/** Reads the run anew. While one reading is on its way, further wishes make one more reading. */
async function load(): Promise<void> {
  if (loading) {
    again = true;
    return;
  }
  loading = new AbortController();
  try {
    const next = await request(getHeatmap, { run, ...(seed === undefined ? {} : { seed }) }, loading.signal);
    take(next);
  } catch (error) {
    if (!isAbort(error)) page.failed(error, () => void load());
    drawn();
  } finally {
    loading = undefined;
  }
  if (again) {
    again = false;
    await load();
  }
}

/** What the picture and the table are made of. Progress, which changes all the time, is not in them. */
const pictured = ({ view: shown, config, definitions, active, pending }: HeatmapData): string =>
  JSON.stringify([shown, config, definitions, active, pending]);

let shownData = '';

function take(next: HeatmapData): void {
  const before = data;
  data = next;
  describeRun(next);
  if (!before) {
    drawControls(next);
    void showFlips();
  } else {
    followFlips();
    const fresh = newlyMeasured(before.view, next.view);
    if (fresh.length > 0)
      page.announce(text('Newly measured: {0}', fresh.map((key) => `${key.benchmark}, ${key.arm}`).join('; ')));
  }
  const now = pictured(next);
  if (now === shownData) {
    drawn();
    return;
  }
  shownData = now;
  draw();
}

on(runsChanged, ({ runs }) => {
  if (runs.includes(run)) void load();
});
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && selected) closeFlips();
});
onThemeChange(draw);
let width = 0;
new ResizeObserver(() => {
  const next = page.body.clientWidth;
  if (Math.abs(next - width) < 2) return;
  width = next;
  draw();
}).observe(page.body);
void load();
