// The learning-forgetting plane as inline SVG (methods 5.6): right is learnt, up is kept, the base is the corner mark. A
// sweep over learning rates is joined by a line that starts at the base.
import type { DerivedNumber, RunConfig } from '../shared/records.ts';
import { armStyles, styleOf } from '../shared/arms.ts';
import { planePoints } from './derive.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import type { MatrixView, Total } from '../shared/matrixView.ts';
import { formatChange, formatLearningRate, formatPoints, plural, shorten } from '../shared/words.ts';

const width = 560;
const height = 400;
const margin = { left: 58, right: 26, top: 30, bottom: 48 };

interface Scale {
  (value: number): number;
  ticks: number[];
}

/** A linear scale from `from`..`to` in score units to pixels, with round ticks in points. */
function scale(values: readonly number[], start: number, end: number): Scale {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const span = Math.max(0.1, high - low);
  const from = low - span * 0.08;
  const to = high + span * 0.12;
  const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5].find((size) => (to - from) / size <= 7) ?? 0.5;
  const ticks: number[] = [];
  for (let k = Math.ceil(from / step); k * step <= to; k++) ticks.push(k * step);
  return Object.assign((value: number) => start + ((value - from) / (to - from)) * (end - start), { ticks });
}

type Point = ReturnType<typeof planePoints>[number];

export function renderPlane(config: RunConfig, view: MatrixView, numbers: readonly DerivedNumber[]): Markup {
  const stages = config.experiment.stages.map((_, index) => index + 1);
  const drawn = stages
    .map((stage) => ({ stage, points: planePoints(view, stage) }))
    .filter(({ points }) => points.length > 0);
  if (drawn.length === 0) {
    return html`<p class="empty">
      No trial has both a gain and all of its old skills measured yet. The plane appears with the first one.
    </p>`;
  }
  const beside = drawn.length === 1 && new Set(view.blocks.map((block) => block.lr)).size === 1;
  return html`<div class="planewrap${beside ? ' beside' : ''}">
    <div class="planes${drawn.length === 1 ? ' one' : ''}">
      ${drawn.map(
        ({ stage, points }) =>
          html`<figure>
            ${plane(config, points)}
            <figcaption>After stage ${stage}: ${config.experiment.stages[stage - 1]?.name}</figcaption>
          </figure>`,
      )}
    </div>
    <div>${planeTable(config, drawn.at(-1)?.points ?? [], numbers)}</div>
  </div>`;
}

function plane(config: RunConfig, points: readonly Point[]): Markup {
  const ends = (pick: (point: Point) => (number | undefined)[]): number[] =>
    points.flatMap((point) => pick(point).flatMap((value) => value ?? []));
  const x = scale(
    ends((point) => [point.x, totals(point).gained?.lo, totals(point).gained?.hi]),
    margin.left,
    width - margin.right,
  );
  const y = scale(
    ends((point) => [point.y, totals(point).forgot?.lo, totals(point).forgot?.hi]),
    height - margin.bottom,
    margin.top,
  );
  const summary = points.map(
    (point) => `${pointName(point)}: gain ${formatChange(point.x)}, old skills ${formatChange(point.y)}`,
  );
  return html`<svg
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-label="Learning-forgetting plane. ${summary.join('; ')}"
  >
    ${x.ticks.map(
      (tick) =>
        html`<line
            class="${Math.abs(tick) < 1e-9 ? 'axis' : 'grid'}"
            x1="${x(tick).toFixed(1)}"
            x2="${x(tick).toFixed(1)}"
            y1="${margin.top}"
            y2="${height - margin.bottom}"
          />
          <text class="tick" x="${x(tick).toFixed(1)}" y="${height - margin.bottom + 16}" text-anchor="middle"
            >${formatChange(tick)}</text
          >`,
    )}
    ${y.ticks.map(
      (tick) =>
        html`<line
            class="${Math.abs(tick) < 1e-9 ? 'axis' : 'grid'}"
            y1="${y(tick).toFixed(1)}"
            y2="${y(tick).toFixed(1)}"
            x1="${margin.left}"
            x2="${width - margin.right}"
          />
          <text class="tick" x="${margin.left - 8}" y="${(y(tick) + 4).toFixed(1)}" text-anchor="end"
            >${formatChange(tick)}</text
          >`,
    )}
    <text class="label" x="${(margin.left + width - margin.right) / 2}" y="${height - 10}" text-anchor="middle">
      learnt: gain on the new task, points &#8594;
    </text>
    <text
      class="label"
      transform="rotate(-90)"
      x="${-(margin.top + height - margin.bottom) / 2}"
      y="14"
      text-anchor="middle"
    >
      kept: old skills, points &#8594;
    </text>
    <text class="ideal" x="${width - margin.right - 6}" y="${margin.top - 10}" text-anchor="end">
      ideal: learns and keeps
    </text>
    <g>${sweeps(config, points, x, y)}</g>
    <rect class="basemark" x="${(x(0) - 4).toFixed(1)}" y="${(y(0) - 4).toFixed(1)}" width="8" height="8" />
    <text class="tick" x="${(x(0) - 8).toFixed(1)}" y="${(y(0) - 8).toFixed(1)}" text-anchor="end">base</text>
    ${marks(config, points, x, y)}
  </svg>`;
}

function totals(point: Point): { gained?: Total; forgot?: Total } {
  const row = point.block.rows[point.stage - 1];
  return { ...(row?.gained ? { gained: row.gained } : {}), ...(row?.forgot ? { forgot: row.forgot } : {}) };
}

function pointName(point: Point): string {
  return `${point.block.arm} at ${formatLearningRate(point.block.lr)}`;
}

/** Lines over the learning rates of an arm, from the base outwards. */
function sweeps(config: RunConfig, points: readonly Point[], x: Scale, y: Scale): Markup[] {
  const styles = armStyles(config.arms);
  return [...new Set(points.map((point) => point.block.arm))].map((arm) => {
    const own = points.filter((point) => point.block.arm === arm).sort((a, b) => a.block.lr - b.block.lr);
    const path = [{ x: 0, y: 0 }, ...own].map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`).join(' ');
    return html`<polyline class="sweep arm-${styleOf(styles, arm).colour}" points="${path}" />`;
  });
}

/** Pixel boxes that labels must keep clear of. */
interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

function overlaps(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

function labelBox(px: number, py: number, text: string, right: boolean): Box {
  const wide = text.length * 6.6;
  return { left: right ? px : px - wide, right: right ? px + wide : px, top: py - 10, bottom: py + 4 };
}

/** Points with error bars and, where there is room, their names beside them. */
function marks(config: RunConfig, points: readonly Point[], x: Scale, y: Scale): Markup[] {
  const styles = armStyles(config.arms);
  const manyRates = new Set(points.map((point) => point.block.lr)).size > 1;
  const taken: Box[] = points.map((point) => ({
    left: x(point.x) - 7,
    right: x(point.x) + 7,
    top: y(point.y) - 7,
    bottom: y(point.y) + 7,
  }));
  taken.push({ left: margin.left, right: width - margin.right, top: y(0) - 1, bottom: y(0) + 1 });
  taken.push({ left: x(0) - 1, right: x(0) + 1, top: margin.top, bottom: height - margin.bottom });
  taken.push({ left: x(0) - 40, right: x(0) + 6, top: y(0) - 20, bottom: y(0) + 6 });
  return points.map((point) => {
    const { colour, glyph } = styleOf(styles, point.block.arm);
    const { gained, forgot } = totals(point);
    const px = x(point.x);
    const py = y(point.y);
    // In a sweep the arm is named once, at its highest rate; the other points only say their rate.
    const top = points.every((other) => other.block.arm !== point.block.arm || other.block.lr <= point.block.lr);
    const rate = manyRates ? formatLearningRate(point.block.lr) : '';
    const name = top ? `${shorten(point.block.arm, 24)} ${rate}`.trim() : rate;
    const place = labelPlace(px, py, name, taken);
    const bars = [
      gained?.lo !== undefined &&
        gained.hi !== undefined &&
        html`<line
          class="error arm-${colour}"
          x1="${x(gained.lo).toFixed(1)}"
          x2="${x(gained.hi).toFixed(1)}"
          y1="${py.toFixed(1)}"
          y2="${py.toFixed(1)}"
        />`,
      forgot?.lo !== undefined &&
        forgot.hi !== undefined &&
        html`<line
          class="error arm-${colour}"
          x1="${px.toFixed(1)}"
          x2="${px.toFixed(1)}"
          y1="${y(forgot.lo).toFixed(1)}"
          y2="${y(forgot.hi).toFixed(1)}"
        />`,
    ];
    const tip = `${pointName(point)}\ngain ${formatChange(point.x)} points, old skills ${formatChange(point.y)} points${point.block.seeds.length > 1 ? `\nmean of ${plural(point.block.seeds.length, 'seed')}` : ''}`;
    return html`<g class="mark" data-lr="${point.block.lr}"
      ><title>${tip}</title>
      ${bars}
      <text class="glyph arm-${colour}" x="${px.toFixed(1)}" y="${(py + 5.5).toFixed(1)}" text-anchor="middle"
        >${glyph}</text
      >
      ${place && html`<text class="name" x="${place.x.toFixed(1)}" y="${place.y.toFixed(1)}" text-anchor="${place.anchor}">${name}</text>`}
    </g>`;
  });
}

/** The first free place around a point, or none. */
function labelPlace(
  px: number,
  py: number,
  text: string,
  taken: Box[],
): { x: number; y: number; anchor: 'start' | 'end' } | undefined {
  for (const dy of [-9, 20, -24, 34, 4]) {
    for (const right of [true, false]) {
      const at = { x: right ? px + 11 : px - 11, y: py + dy };
      const box = labelBox(at.x, at.y, text, right);
      const inside =
        box.left > margin.left &&
        box.right < width - 4 &&
        box.top > margin.top - 8 &&
        box.bottom < height - margin.bottom;
      if (!inside || taken.some((other) => overlaps(box, other))) continue;
      taken.push(box);
      return { ...at, anchor: right ? 'start' : 'end' };
    }
  }
  return undefined;
}

function planeTable(config: RunConfig, points: readonly Point[], numbers: readonly DerivedNumber[]): Markup {
  const styles = armStyles(config.arms);
  const matched = numbers.find((entry) => entry.definition === 'matched_gain');
  const swept = new Set(points.map((point) => point.block.lr)).size > 1;
  const of = (definition: string, point: Point): DerivedNumber | undefined =>
    numbers.find(
      (entry) =>
        entry.definition === definition &&
        entry.arm === point.block.arm &&
        (entry.over?.includes('lr') === true || entry.lr === point.block.lr),
    );
  const rows = points.map((point) => {
    const { colour, glyph } = styleOf(styles, point.block.arm);
    const { gained, forgot } = totals(point);
    const perGain = point.x > 0 ? (-point.y / point.x).toFixed(2).replace('-', '\u2212') : '\u2013';
    const atMatched = of('retention_at_matched_gain', point);
    return html`<tr>
      <th scope="row"><span class="glyph arm-${colour}" aria-hidden="true">${glyph}</span> ${point.block.arm}</th>
      ${swept && html`<td>${formatLearningRate(point.block.lr)}</td>`}
      <td>${withInterval(gained)}</td>
      <td>${withInterval(forgot)}</td>
      <td>${perGain}</td>
      ${swept && html`<td title="${atMatched?.reason ?? ''}">${atMatched?.value == null ? '\u2013' : formatChange(atMatched.value)}</td>`}
      <td>${of('on_pareto_front', point)?.value === 1 ? 'yes' : ''}</td>
    </tr>`;
  });
  return html`<div class="scroll">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Arm</th>
            ${swept && html`<th scope="col">Learning rate</th>`}
            <th scope="col">Gain (95 %)</th>
            <th scope="col">Old skills (95 %)</th>
            <th scope="col" title="Points forgotten per point learnt">Forgotten per learnt</th>
            ${swept && html`<th scope="col">Old skills at equal gain</th>`}
            <th scope="col">Not beaten</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
    ${swept && matched?.value != null && html`<p class="quiet">Equal gain: ${formatPoints(matched.value)} points, 80 % of the best gain of plain fine-tuning on the ground truth; read off the sweep over learning rates, which starts at the base.</p>`}
    <p class="quiet">Not beaten: no other trial learnt and kept at least as much.</p>`;
}

function withInterval(total: Total | undefined): Markup {
  if (!total) return html`&ndash;`;
  const interval =
    total.lo === undefined || total.hi === undefined ? '' : ` (${formatChange(total.lo)} to ${formatChange(total.hi)})`;
  return html`<b>${formatChange(total.value)}</b><span class="quiet">${interval}</span>`;
}
