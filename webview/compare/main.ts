// Runs side by side: the learning-forgetting plane, what is kept at the same gain, and the configuration values that
// differ. Runs that must not be compared say why.
import './compare.css';
import { compareRuns, listExperiments, runsChanged } from '../../src/shared/protocol/lab/runs.ts';
import type { Comparison, ExperimentSummary } from '../../src/shared/protocol/lab/runs.ts';
import { formatChange, formatLearningRate, formatPoints } from '../../src/shared/words.ts';
import { el, fill } from '../ui/dom.ts';
import type { Child } from '../ui/dom.ts';
import {
  action,
  boot,
  drawn,
  isAbort,
  keep,
  on,
  remembered,
  request,
  save,
  say,
  setSubject,
  text,
} from '../ui/host.ts';
import { makePage, setText } from '../ui/page.ts';
import { savePicture } from '../ui/picture.ts';
import { table } from '../ui/table.ts';
import { onThemeChange, theme } from '../ui/theme.ts';
import { button, dropdown, segmented, textField } from '../ui/toolkit.ts';
import {
  collapseMissing,
  keptAt,
  lastStage,
  letterOf,
  matchedGain,
  perGain,
  pointsCsv,
  stagesOf,
  sweepName,
  sweepsOf,
  unbeaten,
} from './model.ts';
import type { Sweep } from './model.ts';
import { drawPlane, withInterval } from './plane.ts';
import type { PlaneChart } from './plane.ts';

let runs = (boot.subject['runs'] as unknown[] | undefined)?.map(String) ?? [];
let comparison: Comparison | undefined;
let others: ExperimentSummary[] = [];
let stage = remembered<number>('stage');
/** In score units; the matched gain unless the reader names one. */
let chosenGain = remembered<number>('gain');

const page = makePage();
const runList = el('ul', { class: 'runs' });
const adder = el('div', { class: 'bar' });
const warnings = el('div', { class: 'warnings' });
const controls = el('div', { class: 'bar' });
const plane = el('div');
const numbers = el('div');
const differences = el('section', { class: 'differences' });
page.body.append(warnings, runList, adder, controls, plane, numbers, differences);

let chart: PlaneChart | undefined;

const shownStage = (known: Comparison): number => {
  const stages = stagesOf(known);
  return stage !== undefined && stages.includes(stage) ? stage : lastStage;
};

function draw(): void {
  if (!comparison) return;
  const sweeps = sweepsOf(comparison, shownStage(comparison));
  const gain = chosenGain ?? matchedGain(sweeps);
  const { length } = comparison.runs;
  page.title(length === 1 ? text('One run') : text('Comparison of {0} runs', length));
  page.sentence(answer(comparison, sweeps, gain));
  drawRuns(comparison);
  fill(
    warnings,
    comparison.warnings.map((warning) => el('div', { class: 'notice' }, say(warning))),
  );
  drawControls(comparison, sweeps, gain);
  drawPicture(sweeps, gain);
  drawNumbers(sweeps, gain);
  drawDifferences(comparison);
  drawn();
}

/** What is kept at the same gain, best first. */
function answer(known: Comparison, sweeps: readonly Sweep[], gain: number | undefined): string {
  if (sweeps.length === 0) {
    return known.runs.length === 0
      ? text('No run is selected.')
      : text('No trained model of these runs has its gain and all of its old skills measured yet.');
  }
  const kept = sweeps.flatMap((sweep) => {
    const value = gain === undefined ? null : keptAt(sweep, gain);
    return value === null ? [] : [{ sweep, value }];
  });
  if (gain === undefined || kept.length === 0)
    return text('No arm gained anything, so there is no equal gain to compare at.');
  const named = kept
    .sort((a, b) => b.value - a.value)
    .map(({ sweep, value }) => `${sweepName(sweep)} ${formatChange(value)}`);
  const never = sweeps.length - kept.length;
  const missing = never > 0 ? ` ${text('Not reached by {0} of {1}.', never, sweeps.length)}` : '';
  return (
    text('At the same gain of {0} points, the old skills changed by: {1}.', formatPoints(gain), named.join(', ')) +
    missing
  );
}

let shownRuns = '';
/** How each run stands, in the order of the list. */
let lines: HTMLElement[] = [];

/** The list stays the same elements while it names the same runs: only how they stand changes all the time. */
function drawRuns(known: Comparison): void {
  const named = JSON.stringify(known.runs.map(({ folder, id }) => [folder, id]));
  if (named !== shownRuns) {
    shownRuns = named;
    lines = known.runs.map(() => el('span', { class: 'quiet' }));
    const alone = known.runs.length === 1;
    fill(
      runList,
      known.runs.map((summary, place) =>
        el(
          'li',
          null,
          !alone && el('span', { class: 'letter' }, letterOf(place)),
          el(
            'button',
            {
              type: 'button',
              class: 'link',
              title: text('Show the forgetting heatmap'),
              on: {
                click: () =>
                  void action({ kind: 'command', command: 'forgettingLab.showHeatmap', args: [summary.folder] }),
              },
            },
            summary.id,
          ),
          lines[place],
          !alone &&
            button('\u00d7', () => choose(runs.filter((run) => run !== summary.folder)), {
              kind: 'icon',
              label: text('Take {0} out', summary.id),
            }),
        ),
      ),
    );
  }
  known.runs.forEach(({ line }, place) => {
    const shown = lines[place];
    if (shown) setText(shown, say(line));
  });
  drawAdder();
}

let shownOffers = '';

/** An open list of runs stays open while it offers the same runs. */
function drawAdder(): void {
  const left = others
    .flatMap((experiment) => experiment.runs)
    .filter((run) => !runs.includes(run.folder) && run.state !== 'corrupt')
    .map((run) => ({ value: run.folder, label: run.id }));
  const offers = JSON.stringify(left);
  if (offers === shownOffers) return;
  shownOffers = offers;
  fill(
    adder,
    left.length > 0 &&
      dropdown(
        text('Add a run'),
        [{ value: '', label: '\u2013' }, ...left],
        '',
        (folder) => folder !== '' && choose([...runs, folder]),
      ).element,
  );
}

function choose(next: string[]): void {
  runs = next;
  setSubject({ ...boot.subject, title: text('Compare {0} runs', runs.length), runs });
  void load();
}

function drawControls(known: Comparison, sweeps: readonly Sweep[], gain: number | undefined): void {
  // The field keeps its caret while somebody types in it.
  if (controls.contains(document.activeElement)) return;
  const stages = stagesOf(known);
  const field = textField({
    label: text('Equal gain in points'),
    // The words stand before and behind the field.
    placeholder: '\u2013',
    value: gain === undefined ? '' : formatPoints(gain),
    delayMs: 300,
    onInput: (typed) => {
      const points = Number(typed.replace(',', '.'));
      chosenGain = typed.trim() === '' || !Number.isFinite(points) || points <= 0 ? undefined : points / 100;
      keep('gain', chosenGain);
      draw();
    },
  }).element;
  field.classList.add('gain');
  fill(
    controls,
    stages.length > 1 &&
      segmented(
        text('Stage'),
        [
          { value: String(lastStage), label: text('last stage') },
          ...stages.map((one) => ({ value: String(one), label: text('after stage {0}', one) })),
        ],
        String(shownStage(known)),
        (next) => {
          stage = Number(next);
          keep('stage', stage);
          // Its own equal gain belongs to every stage.
          chosenGain = undefined;
          keep('gain', undefined);
          (document.activeElement as HTMLElement | null)?.blur();
          draw();
        },
      ).element,
    sweeps.length > 0 && el('div', { class: 'labelled' }, el('span', null, text('Equal gain')), field, text('points')),
    // Nothing is saved in Restricted Mode.
    boot.trusted &&
      el(
        'div',
        { class: 'buttons end' },
        el('span', { class: 'quiet labelled' }, text('Export')),
        button('PNG', () => void page.attempt(exportPicture), { disabled: sweeps.length === 0 }),
        button('CSV', () => void page.attempt(() => save({ suggestedName: 'plane.csv', text: pointsCsv(known) })), {
          disabled: sweeps.length === 0,
        }),
      ),
  );
}

function drawPicture(sweeps: readonly Sweep[], gain: number | undefined): void {
  chart?.destroy();
  chart = undefined;
  if (sweeps.length === 0) {
    fill(
      plane,
      el('p', { class: 'empty' }, text('The plane appears with the first arm whose old skills are all measured.')),
    );
    return;
  }
  const words = sweeps.flatMap((sweep) =>
    sweep.points.map(
      (point) =>
        `${sweepName(sweep)}, ${formatLearningRate(point.lr)}: ${text('gained {0}', formatChange(point.gained))}, ${text('old skills {0}', formatChange(point.forgot))}`,
    ),
  );
  const label = `${text('Learning-forgetting plane')}. ${words.join('; ')}`;
  const canvas = el('canvas', { role: 'img', 'aria-label': label });
  fill(plane, el('div', { class: 'plane' }, canvas));
  chart = drawPlane(canvas, { sweeps, theme: theme(), gain });
}

/** The plane in double resolution. */
async function exportPicture(): Promise<void> {
  if (!comparison) return;
  const canvas = document.createElement('canvas');
  canvas.width = 900;
  canvas.height = 560;
  const sweeps = sweepsOf(comparison, shownStage(comparison));
  const drawing = drawPlane(canvas, { sweeps, theme: theme(), gain: chosenGain ?? matchedGain(sweeps) }, 2);
  try {
    await savePicture(canvas, 'learning-forgetting.png');
  } finally {
    drawing.destroy();
  }
}

function drawNumbers(sweeps: readonly Sweep[], gain: number | undefined): void {
  if (sweeps.length === 0) {
    fill(numbers);
    return;
  }
  const best = unbeaten(sweeps);
  const rows = sweeps.flatMap((sweep) =>
    sweep.points.map((point, k) => {
      const ratio = perGain(point);
      const kept = gain === undefined ? null : keptAt(sweep, gain);
      return {
        head: armName(sweep),
        cells: [
          formatLearningRate(point.lr),
          withInterval(point.gained, point.gainedInterval),
          withInterval(point.forgot, point.forgotInterval),
          ratio === null ? '\u2013' : ratio.toFixed(2).replace('-', '\u2212'),
          // A reading belongs to the whole sweep: said once.
          k > 0 ? '' : gain === undefined ? '\u2013' : kept === null ? text('never reached') : formatChange(kept),
          best.has(point) ? text('yes') : '',
        ],
      };
    }),
  );
  const columns = [
    { label: text('arm') },
    { label: text('learning rate'), number: true },
    { label: text('gained (95 %)'), number: true },
    { label: text('old skills (95 %)'), number: true },
    { label: text('forgotten per learnt'), number: true, title: text('Points forgotten for each point learnt') },
    {
      label: text('old skills at equal gain'),
      number: true,
      title: text('Read off the sweep over learning rates, which starts at the base'),
    },
    { label: text('not beaten'), title: text('No other point learnt and kept at least as much') },
  ];
  fill(numbers, el('h2', null, text('Points')), table(text('Points of the plane'), columns, rows));
}

function armName({ style, letter, arm }: Sweep): Child {
  const glyph = el(
    'span',
    { class: 'glyph', 'aria-hidden': 'true', style: { color: `var(--fl-a${style.colour})` } },
    style.glyph,
  );
  return el('span', { class: 'arm' }, glyph, ` ${letter === '' ? '' : `${letter} `}`, arm);
}

function drawDifferences(known: Comparison): void {
  if (known.runs.length < 2) {
    fill(differences);
    return;
  }
  const heading = el('h2', null, text('What differs between the runs'));
  if (known.differences.length === 0) {
    fill(differences, heading, el('p', { class: 'quiet' }, text('Nothing: the configurations are the same.')));
    return;
  }
  const columns = [
    { label: text('value') },
    ...known.runs.map((run, place) => ({ label: letterOf(place), title: run.id })),
  ];
  const rows = collapseMissing(known.differences).map(({ path, values }) => ({ head: path, cells: values }));
  fill(differences, heading, table(text('Configuration values that differ'), columns, rows));
}

/** What is drawn of a comparison beside the list of its runs. */
const pictured = ({ runs: compared, points, differences: differing, warnings: warned }: Comparison): string =>
  JSON.stringify([compared.map(({ folder, id }) => [folder, id]), points, differing, warned]);

let shownComparison = '';

function take(next: Comparison): void {
  const now = pictured(next);
  if (now === shownComparison) {
    drawRuns(next);
    drawn();
    return;
  }
  shownComparison = now;
  draw();
}

let loading: AbortController | undefined;

async function load(): Promise<void> {
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  try {
    comparison = await request(compareRuns, { runs }, signal);
    page.notice(undefined);
    take(comparison);
    others = await request(listExperiments, {}, signal);
    drawRuns(comparison);
  } catch (error) {
    if (isAbort(error)) return;
    page.failed(error, () => void load());
    drawn();
  }
}

on(runsChanged, ({ runs: changed, list }) => {
  if (list || changed.some((run) => runs.includes(run))) void load();
});
onThemeChange(draw);
void load();
