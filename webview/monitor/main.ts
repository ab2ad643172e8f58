// The session monitor of a run: one line of truth, then its curves over the training steps, and the log. All records are
// read when the panel opens and then from where the last reading ended, so no point is lost.
import './monitor.css';
import { armStyles, styleOf } from '../../src/shared/arms.ts';
import { getCurves, getRun, runsChanged } from '../../src/shared/protocol/lab/runs.ts';
import type { CurvePosition, RunSummary } from '../../src/shared/protocol/lab/runs.ts';
import { listSessions, sessionLog, sessionsChanged } from '../../src/shared/protocol/lab/sessions.ts';
import type { SessionSummary } from '../../src/shared/protocol/lab/sessions.ts';
import { formatCount, formatLearningRate } from '../../src/shared/words.ts';
import { armLabel } from '../ui/arm.ts';
import { el, fill } from '../ui/dom.ts';
import { action, boot, drawn, isAbort, keep, on, remembered, request, say, text } from '../ui/host.ts';
import { armColour } from '../ui/lines.ts';
import { makePage, setText } from '../ui/page.ts';
import { table } from '../ui/table.ts';
import { onThemeChange, theme } from '../ui/theme.ts';
import { button, checkbox, dropdown } from '../ui/toolkit.ts';
import { StepAxis, stepChart } from './charts.ts';
import type { Line, Range, StepChart } from './charts.ts';
import { makeLog } from './log.ts';
import { crossEntropyLine, Curves, driftPoints, refusalMarginLine, retentionLine, smooth, stepLine } from './series.ts';
import type { Point, StepValue, Trial } from './series.ts';
import { isGoing, stateSentence, truthLine } from './truth.ts';

const run = String(boot.subject['run']);

let curves: Curves | undefined;
let position: CurvePosition | undefined;
let summary: RunSummary | undefined;
let secondsLeft: number | undefined;
let sessions: SessionSummary[] = [];
let tail = '';

/** What the reader chose; kept across reloads. */
const hidden = new Set(remembered<string[]>('hidden') ?? []);
let rate = remembered<string>('rate') ?? 'all';
let seed = remembered<string>('seed') ?? 'all';
let weight = remembered<string>('smoothing') ?? '0';
let skill = remembered<string>('skill') ?? '';
let unfolded = remembered<boolean>('unfolded') ?? false;

const page = makePage();
const truth = el('p', { class: 'truth' });
const buttons = el('div', { class: 'bar' });
const chooser = el('div', { class: 'bar' });
const figures = el('div');
const numbers = el('details', { class: 'folded' });
const log = makeLog();
page.body.append(truth, buttons, chooser, figures, numbers, log.element);

interface Charts {
  axis: StepAxis;
  loss: StepChart;
  crossEntropy: StepChart;
  retention: StepChart;
  /** Only where harmful prompts are probed. */
  refusal?: StepChart;
  folded: Partial<Record<StepValue, StepChart>>;
}
let charts: Charts | undefined;

/** Three decimals, without the zeros at the end. */
const three = (value: number): string =>
  Math.abs(value) >= 100 ? formatCount(value) : String(Number(value.toFixed(3)));

function buildCharts(known: Curves): Charts {
  const axis = new StepAxis(known.steps, known.boundaries, remembered<Range>('range'), (range) => keep('range', range));
  const built: Charts = {
    axis,
    loss: stepChart(axis, { title: text('Training loss'), height: 210, format: three }),
    crossEntropy: stepChart(axis, {
      title: text('Cross-entropy to the base, nats per token'),
      key: crossEntropyKey(known),
      height: 150,
      format: three,
    }),
    retention: stepChart(axis, { title: retentionTitle(), height: 150, format: three }),
    ...(known.refusals().length > 0 && {
      refusal: stepChart(axis, {
        title: text('First-token refusal margin on harmful prompts, nats (above 0: leans to refuse)'),
        height: 150,
        format: three,
      }),
    }),
    folded: {
      lr: stepChart(axis, { title: text('Learning rate'), height: 110, format: formatLearningRate, fromZero: true }),
      gradNorm: stepChart(axis, { title: text('Gradient norm'), height: 110, format: three }),
      tokensPerSecond: stepChart(axis, {
        title: text('Tokens per second'),
        height: 110,
        format: formatCount,
        fromZero: true,
      }),
    },
  };
  const fold = el(
    'details',
    { class: 'folded', open: unfolded },
    el('summary', null, text('Learning rate, gradient norm and speed')),
    Object.values(built.folded).map((chart) => chart.element),
  );
  fold.addEventListener('toggle', () => {
    unfolded = fold.open;
    keep('unfolded', unfolded);
    drawCharts();
  });
  fill(figures, built.loss.element, built.crossEntropy.element, built.retention.element, built.refusal?.element, fold);
  return built;
}

/** Texts of the cross-entropy, in the words of people. */
function textName(name: string): string {
  const names: Record<string, string> = { 'new-task': text('new task'), neutral: text('neutral text') };
  return names[name] ?? name;
}

function crossEntropyKey(known: Curves): string {
  const [solid, dashed] = known.texts().map(textName);
  const marks = `${dashed === undefined ? '\u25c6' : '\u25c6 \u25c7'} ${text('at the end of a stage')}`;
  if (solid === undefined) return '';
  return dashed === undefined ? `\u2014 ${solid}, ${marks}` : `\u2014 ${solid}, - - ${dashed}, ${marks}`;
}

function retentionTitle(): string {
  return skill === ''
    ? text('Forgetting of the old skills while training: rise of the loss on their answers')
    : text('Forgetting of {0} while training: rise of the loss on its answers', skill);
}

function visibleTrials(): Trial[] {
  return (
    curves?.trials.filter(
      (trial) =>
        !hidden.has(trial.arm) &&
        (rate === 'all' || rate === String(trial.lr)) &&
        (seed === 'all' || seed === String(trial.seed)),
    ) ?? []
  );
}

/** A line of a trial: the arm's colour, paler for smaller rates, thinner for further seeds. */
function lineOf(known: Curves, trial: Trial, points: Point[], extra: Partial<Line> = {}): Line {
  const { config } = known;
  const styles = armStyles(config.arms);
  const rates = [...new Set(config.arms.flatMap((arm) => arm.learningRates))].sort((a, b) => b - a);
  const { seeds } = config.experiment;
  return {
    label: nameOf(known, trial),
    points,
    colour: armColour(theme(), styleOf(styles, trial.arm).colour, rates.indexOf(trial.lr)),
    dash: [],
    width: seeds.indexOf(trial.seed) > 0 ? 1 : 1.6,
    ...extra,
  };
}

function nameOf({ config }: Curves, { arm, lr, seed: of }: Trial): string {
  const rates = new Set(config.arms.flatMap((one) => one.learningRates));
  return [arm, rates.size > 1 && formatLearningRate(lr), config.experiment.seeds.length > 1 && text('seed {0}', of)]
    .filter(Boolean)
    .join(' \u00b7 ');
}

function drawCharts(): void {
  if (!curves) return;
  const known = curves;
  charts ??= buildCharts(known);
  const trials = visibleTrials();
  const by = Number(weight);
  charts.loss.show(
    trials.map((trial) => lineOf(known, trial, smooth(stepLine(trial, 'loss'), by))),
    text('No training step has been taken yet.'),
  );
  charts.crossEntropy.show(crossEntropyLines(known, trials), text('Not measured yet.'));
  const skills = skill === '' ? known.oldSkills() : [skill];
  charts.retention.show(
    trials.map((trial) => lineOf(known, trial, retentionLine(trial, skills))),
    known.config.experiment.probes === undefined
      ? text('The experiment has no probes: add probes: {0} to see this.', '{ every: 10, items: 8 }')
      : text('Not measured yet.'),
  );
  charts.refusal?.show(
    trials.map((trial) => lineOf(known, trial, refusalMarginLine(trial))),
    text('Not measured yet.'),
  );
  if (!unfolded) return;
  for (const [value, chart] of Object.entries(charts.folded)) {
    chart.show(
      trials.map((trial) => lineOf(known, trial, stepLine(trial, value as StepValue))),
      text('No training step has been taken yet.'),
    );
  }
}

/** The first text is drawn solid, the second dashed; full measurements at stage ends are marks. */
function crossEntropyLines(known: Curves, trials: readonly Trial[]): Line[] {
  return trials.flatMap((trial) =>
    known.texts().flatMap((on, k) => {
      const label = `${nameOf(known, trial)}, ${textName(on)}`;
      return [
        lineOf(known, trial, crossEntropyLine(trial, on), { label, dash: k === 0 ? [] : [5, 3] }),
        lineOf(known, trial, driftPoints(known, trial, on), { label, marks: k === 0 ? 'full' : 'hollow' }),
      ];
    }),
  );
}

function redraw(): void {
  const { loss, crossEntropy, retention, refusal, folded = {} } = charts ?? {};
  for (const chart of [loss, crossEntropy, retention, refusal, ...Object.values(folded)]) {
    chart?.destroy();
  }
  charts = undefined;
  drawCharts();
}

/** The newest values, for readers of tables. */
function drawNumbers(known: Curves): void {
  const skills = known.oldSkills();
  const refusing = known.refusals().length > 0;
  const styles = armStyles(known.config.arms);
  const rows = known.trials.map((trial) => {
    const newest = trial.newest ? known.position(trial.newest.stage, trial.newest.step) : 0;
    // What stands behind the newest step was measured before the run was resumed from an earlier one.
    const last = (points: Point[]): string => {
      const point = points.findLast(({ x }) => x <= newest);
      return point ? three(point.y) : '\u2013';
    };
    return {
      head: armLabel(styles, trial.arm, nameOf(known, trial)),
      cells: [
        text('{0} of {1}', formatCount(newest), formatCount(known.steps)),
        last(stepLine(trial, 'loss')),
        ...known.texts().map((on) => {
          const line = crossEntropyLine(trial, on);
          return last(line.length > 0 ? line : driftPoints(known, trial, on));
        }),
        last(retentionLine(trial, skills)),
        ...(refusing ? [last(refusalMarginLine(trial))] : []),
        last(stepLine(trial, 'gradNorm')),
        last(stepLine(trial, 'tokensPerSecond')),
      ],
    };
  });
  const columns = [
    { label: text('arm') },
    { label: text('step'), number: true },
    { label: text('loss'), number: true },
    ...known.texts().map((on) => ({ label: text('cross-entropy, {0}', textName(on)), number: true })),
    { label: text('old skills'), number: true },
    ...(refusing ? [{ label: text('refusal margin'), number: true }] : []),
    { label: text('gradient norm'), number: true },
    { label: text('tokens/s'), number: true },
  ];
  const caption = text('Newest values');
  fill(numbers, el('summary', null, caption), table(caption, columns, rows));
}

function drawChooser(known: Curves): void {
  const { config } = known;
  const styles = armStyles(config.arms);
  const rates = [...new Set(config.arms.flatMap((arm) => arm.learningRates))];
  const all = { value: 'all', label: text('all') };
  const redrawWith = (name: string, value: string): void => {
    keep(name, value);
    drawCharts();
  };
  const arms = config.arms.map(({ name }) => {
    const box = checkbox('', !hidden.has(name), (shown) => {
      if (shown) hidden.delete(name);
      else hidden.add(name);
      keep('hidden', [...hidden]);
      drawCharts();
    }).element;
    box.append(armLabel(styles, name));
    return box;
  });
  const probed = known.probed();
  fill(
    chooser,
    el('div', { class: 'arms', role: 'group', 'aria-label': text('Arms') }, arms),
    rates.length > 1 &&
      dropdown(
        text('Learning rate'),
        [all, ...rates.map((lr) => ({ value: String(lr), label: formatLearningRate(lr) }))],
        rate,
        (next) => redrawWith('rate', (rate = next)),
      ).element,
    config.experiment.seeds.length > 1 &&
      dropdown(
        text('Seed'),
        [all, ...config.experiment.seeds.map((one) => ({ value: String(one), label: String(one) }))],
        seed,
        (next) => redrawWith('seed', (seed = next)),
      ).element,
    dropdown(
      text('Smoothing'),
      [
        { value: '0', label: text('off') },
        { value: '0.8', label: text('some') },
        { value: '0.95', label: text('much') },
      ],
      weight,
      (next) => redrawWith('smoothing', (weight = next)),
    ).element,
    probed.length > 1 &&
      dropdown(
        text('Skill'),
        [{ value: '', label: text('mean of the old skills') }, ...probed.map((name) => ({ value: name, label: name }))],
        skill,
        (next) => {
          skill = next;
          keep('skill', next);
          redraw();
        },
      ).element,
    el(
      'div',
      { class: 'buttons end', role: 'group', 'aria-label': text('Zoom') },
      button('+', () => charts?.axis.zoom(1.5), {
        label: text('Zoom in'),
        title: text('Zoom in (+, Ctrl and wheel, or drag)'),
      }),
      button('\u2212', () => charts?.axis.zoom(1 / 1.5), { label: text('Zoom out'), title: text('Zoom out (\u2212)') }),
      button(text('Whole history'), () => charts?.axis.set(undefined), { title: text('Show every step (0)') }),
    ),
  );
}

const session = (): SessionSummary | undefined =>
  sessions.find((one) => one.run === run && (one.state === 'running' || one.state === 'stopping')) ??
  sessions.findLast((one) => one.run === run);

let shownButtons = '';

function drawState(): void {
  if (!summary) return;
  const now = session();
  page.title(summary.experiment, ` \u00b7 ${summary.id}`);
  page.sentence(stateSentence(summary, now));
  if (curves) setText(truth, truthLine(curves, summary, now, secondsLeft));
  const going = isGoing(summary, now);
  const failed = summary.state === 'failed' || summary.state === 'corrupt';
  const reason = going ? undefined : (summary.reason ?? now?.reason);
  const words = reason === undefined ? '' : say(reason);
  const next = now?.remedy === undefined ? '' : say(now.remedy);
  const remedy = words === '' || words.includes(next) ? '' : ` ${next}`;
  page.notice(words === '' ? undefined : `${words}${remedy}`, failed ? 'error' : 'warning');
  drawButtons(summary, now);
}

/** Only what applies; nothing that executes in Restricted Mode. Buttons stay the same elements while nothing changes. */
function drawButtons(known: RunSummary, now: SessionSummary | undefined): void {
  const going = isGoing(known, now);
  const resumable = !going && ['stopped', 'interrupted', 'failed'].includes(known.state);
  const state = JSON.stringify([going, resumable, now?.state]);
  if (state === shownButtons) return;
  shownButtons = state;
  const run_ =
    (command: string, ...args: unknown[]) =>
    () =>
      void action({ kind: 'command', command, args: [run, ...args] });
  const stopping = now?.state === 'stopping';
  fill(
    buttons,
    boot.trusted && going && button(text('Stop and save'), run_('forgettingLab.stop', 'save'), { disabled: stopping }),
    boot.trusted && going && button(text('Stop now'), run_('forgettingLab.stop', 'now')),
    boot.trusted && resumable && button(text('Resume'), run_('forgettingLab.resume'), { kind: 'primary' }),
    button(text('Heatmap'), run_('forgettingLab.showHeatmap')),
  );
}

let reading: Promise<void> | undefined;
let again = false;

/** Reads what is new. While one reading is on its way, further wishes make one more reading. */
function read(): void {
  if (reading) {
    again = true;
    return;
  }
  reading = readOnce()
    .catch((error: unknown) => {
      if (!isAbort(error)) page.failed(error, read);
      drawn();
    })
    .finally(() => {
      reading = undefined;
      if (again) {
        again = false;
        read();
      }
    });
}

async function readOnce(): Promise<void> {
  summary = await request(getRun, { run });
  if (summary.state === 'corrupt') {
    drawState();
    drawn();
    return;
  }
  for (;;) {
    const data = await request(getCurves, { run, ...(position ? { from: position } : {}) });
    const first = curves === undefined;
    curves ??= new Curves(data.config);
    const measured = curves.measured;
    curves.take(data);
    position = data.next;
    ({ secondsLeft } = data);
    if (first || measured !== curves.measured) {
      drawChooser(curves);
      redraw();
    } else drawCharts();
    if (!data.more) break;
  }
  drawNumbers(curves);
  drawState();
  log.show(curves.log, tail);
  drawn();
}

let readingTail = false;

async function readTail(): Promise<void> {
  const now = session();
  if (!now || readingTail) return;
  readingTail = true;
  try {
    tail = (await request(sessionLog, { id: now.id })).text;
    log.show(curves?.log ?? [], tail);
  } catch {
    // The log of a session that has been removed is gone; the run's own records stay.
  } finally {
    readingTail = false;
  }
}

async function readSessions(): Promise<void> {
  sessions = await request(listSessions, {});
  drawState();
  await readTail();
}

on(runsChanged, ({ runs }) => {
  if (runs.includes(run)) read();
});
on(sessionsChanged, ({ sessions: changed, removed }) => {
  const ids = new Set([...removed, ...changed.map(({ id }) => id)]);
  sessions = [...sessions.filter(({ id }) => !ids.has(id)), ...changed];
  if (!changed.some((one) => one.run === run)) return;
  drawState();
  void readTail();
});
onThemeChange(redraw);
read();
// Without a queue (a server that is just starting) the run's own files still tell everything.
readSessions().catch(() => undefined);
