// The plane as a picture: right is learnt, up is kept, the base is the corner mark. A sweep over learning rates is joined
// by a line that starts at the base; bars are 95 % intervals.
import { Chart, LinearScale, LineController, LineElement, PointElement, Tooltip } from 'chart.js';
import type { ChartDataset, Plugin, PointStyle } from 'chart.js';
import type { PlanePoint } from '../../src/shared/protocol/lab/runs.ts';
import { formatChange, formatLearningRate, shorten } from '../../src/shared/words.ts';
import { css } from '../ui/colours.ts';
import { text } from '../ui/host.ts';
import { armColour, axesOptions, background } from '../ui/lines.ts';
import type { Theme } from '../ui/theme.ts';
import { sweepName } from './model.ts';
import type { Sweep } from './model.ts';

Chart.register(LineController, LineElement, PointElement, LinearScale, Tooltip);

interface Point {
  x: number;
  y: number;
}

export type PlaneChart = Chart<'line', Point[]>;

export interface PlanePicture {
  sweeps: readonly Sweep[];
  theme: Theme;
  /** The gain at which arms are compared. */
  gain: number | undefined;
}

/** Signs of the palette, as near to the arms' glyphs as chart.js has them. */
const signs: { style: PointStyle; rotation?: number; thin?: boolean }[] = [
  { style: 'circle' },
  { style: 'rect' },
  { style: 'triangle' },
  { style: 'rectRot' },
  { style: 'triangle', rotation: 180 },
  { style: 'star', thin: true },
  { style: 'crossRot', thin: true },
  { style: 'cross', thin: true },
];

const dashes: number[][] = [
  [5, 4],
  [2, 3],
  [9, 4],
  [9, 3, 2, 3],
];

export function drawPlane(canvas: HTMLCanvasElement, picture: PlanePicture, fixedRatio?: number): PlaneChart {
  const { sweeps, theme } = picture;
  const points = sweeps.flatMap((sweep) => sweep.points);
  const x = range(points.flatMap((point) => [point.gained, ...(point.gainedInterval ?? [])]));
  const y = range(points.flatMap((point) => [point.forgot, ...(point.forgotInterval ?? [])]));
  const base = axesOptions(
    theme,
    { ...x, title: text('learnt: gain on the new tasks, points \u2192'), format: formatChange },
    { ...y, title: text('kept: old skills, points \u2192'), format: formatChange },
  );
  return new Chart<'line', Point[]>(canvas, {
    type: 'line',
    data: { datasets: sweeps.map((sweep) => dataset(sweep, theme)) },
    options: {
      ...base,
      ...(fixedRatio === undefined ? {} : { responsive: false, devicePixelRatio: fixedRatio }),
      interaction: { mode: 'nearest', intersect: true },
      layout: { padding: { top: 18, right: 16 } },
      plugins: {
        ...base.plugins,
        tooltip: {
          ...base.plugins?.tooltip,
          filter: (item) => item.dataIndex > 0,
          callbacks: {
            title: (items) => {
              const sweep = sweeps[items[0]?.datasetIndex ?? -1];
              return sweep ? sweepName(sweep) : '';
            },
            label: (item) => {
              const point = sweeps[item.datasetIndex]?.points[item.dataIndex - 1];
              return point ? pointWords(point) : '';
            },
          },
        },
      },
    },
    plugins: [background(theme), intervals(picture), writing(picture)],
  });
}

/** One point in words. */
export function pointWords(point: PlanePoint): string[] {
  const seeds = point.seeds > 1 ? [text('mean of {0} seeds', point.seeds)] : [];
  return [
    text('learning rate {0}', formatLearningRate(point.lr)),
    text('gained {0}', withInterval(point.gained, point.gainedInterval)),
    text('old skills {0}', withInterval(point.forgot, point.forgotInterval)),
    ...seeds,
  ];
}

/** `+41 (+30 to +52)`. */
export function withInterval(value: number, interval: readonly [number, number] | undefined): string {
  const shown = formatChange(value);
  return interval ? text('{0} ({1} to {2})', shown, formatChange(interval[0]), formatChange(interval[1])) : shown;
}

/** From tick to tick, whole points, as ticks are written: two ticks never read alike. */
const tickSteps = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5];
const mostTicks = 9;

function range(values: readonly number[]): { min: number; max: number; step: number } {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  const span = Math.max(0.1, high - low);
  const step = tickSteps.find((one) => span / one <= mostTicks) ?? 0.5;
  const ticks = (value: number, round: (value: number) => number): number => round(value / step) * step;
  return { min: ticks(low - span * 0.05, Math.floor), max: ticks(high + span * 0.08, Math.ceil), step };
}

function dataset(sweep: Sweep, theme: Theme): ChartDataset<'line', Point[]> {
  const colour = armColour(theme, sweep.style.colour);
  const sign = signs[sweep.style.colour] ?? { style: 'circle' as const };
  return {
    label: sweepName(sweep),
    // The line begins at the base, which has no mark of its own here.
    data: [{ x: 0, y: 0 }, ...sweep.points.map((point) => ({ x: point.gained, y: point.forgot }))],
    borderColor: armColour(theme, sweep.style.colour, 1),
    borderDash: dashes[sweep.place % dashes.length] ?? [],
    borderWidth: 1.4,
    backgroundColor: colour,
    pointBackgroundColor: colour,
    pointBorderColor: colour,
    pointBorderWidth: sign.thin ? 2 : 1,
    pointStyle: sign.style,
    pointRotation: sign.rotation ?? 0,
    pointRadius: ({ dataIndex }) => (dataIndex === 0 ? 0 : 6),
    pointHoverRadius: ({ dataIndex }) => (dataIndex === 0 ? 0 : 8),
    pointHitRadius: 10,
  };
}

/** Zero lines, the gain of comparison and the intervals, under the points. */
function intervals({ sweeps, theme, gain }: PlanePicture): Plugin<'line'> {
  return {
    id: 'intervals',
    beforeDatasetsDraw: ({ ctx, chartArea, scales }) => {
      const { x, y } = scales;
      if (!x || !y) return;
      const line = (x1: number, y1: number, x2: number, y2: number): void => {
        ctx.beginPath();
        ctx.moveTo(x1, y1);
        ctx.lineTo(x2, y2);
        ctx.stroke();
      };
      ctx.save();
      ctx.strokeStyle = css(theme.quiet);
      line(chartArea.left, y.getPixelForValue(0), chartArea.right, y.getPixelForValue(0));
      line(x.getPixelForValue(0), chartArea.top, x.getPixelForValue(0), chartArea.bottom);
      if (gain !== undefined && gain >= x.min && gain <= x.max) {
        ctx.setLineDash([3, 3]);
        line(x.getPixelForValue(gain), chartArea.top, x.getPixelForValue(gain), chartArea.bottom);
        ctx.setLineDash([]);
      }
      for (const sweep of sweeps) {
        ctx.strokeStyle = armColour(theme, sweep.style.colour, 1);
        ctx.lineWidth = 1.4;
        for (const point of sweep.points) {
          const [px, py] = [x.getPixelForValue(point.gained), y.getPixelForValue(point.forgot)];
          if (point.gainedInterval)
            line(x.getPixelForValue(point.gainedInterval[0]), py, x.getPixelForValue(point.gainedInterval[1]), py);
          if (point.forgotInterval)
            line(px, y.getPixelForValue(point.forgotInterval[0]), px, y.getPixelForValue(point.forgotInterval[1]));
        }
      }
      ctx.restore();
    },
  };
}

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const overlaps = (a: Box, b: Box): boolean =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** The base's mark and names beside the points where there is room. */
function writing({ sweeps, theme, gain }: PlanePicture): Plugin<'line'> {
  return {
    id: 'writing',
    afterDatasetsDraw: ({ ctx, chartArea, scales }) => {
      const { x, y } = scales;
      if (!x || !y) return;
      const [baseX, baseY] = [x.getPixelForValue(0), y.getPixelForValue(0)];
      ctx.save();
      ctx.fillStyle = css(theme.foreground);
      ctx.fillRect(baseX - 4, baseY - 4, 8, 8);
      ctx.font = `400 11px ${theme.font}`;
      ctx.textAlign = 'right';
      ctx.fillStyle = css(theme.quiet);
      ctx.fillText(text('ideal: learns and keeps'), chartArea.right, chartArea.top - 6);
      ctx.textAlign = 'left';
      ctx.fillText(text('base'), baseX + 7, baseY - 8);
      if (gain !== undefined) ctx.fillText(text('equal gain'), x.getPixelForValue(gain) + 4, chartArea.bottom - 6);
      const at = (point: PlanePoint): [number, number] => [
        x.getPixelForValue(point.gained),
        y.getPixelForValue(point.forgot),
      ];
      const taken: Box[] = sweeps.flatMap((sweep) =>
        sweep.points.map((point) => {
          const [px, py] = at(point);
          return { left: px - 8, right: px + 8, top: py - 8, bottom: py + 8 };
        }),
      );
      taken.push({ left: baseX - 6, right: baseX + 40, top: baseY - 20, bottom: baseY + 6 });
      ctx.font = `400 12px ${theme.font}`;
      for (const sweep of sweeps) {
        for (const point of sweep.points) label(ctx, labelOf(sweep, point), at(point), chartArea, taken, theme);
      }
      ctx.restore();
    },
  };
}

/** In a sweep the arm is named once, at its highest rate; the other points only say their rate. */
function labelOf(sweep: Sweep, point: PlanePoint): string {
  const rate = sweep.points.length > 1 ? formatLearningRate(point.lr) : '';
  return point === sweep.points.at(-1) ? `${shorten(sweepName(sweep), 26)} ${rate}`.trim() : rate;
}

function label(
  ctx: CanvasRenderingContext2D,
  words: string,
  [px, py]: [number, number],
  area: Box,
  taken: Box[],
  theme: Theme,
): void {
  const wide = ctx.measureText(words).width;
  for (const dy of [-10, 18, -24, 32, 4]) {
    for (const side of [1, -1]) {
      const left = side > 0 ? px + 11 : px - 11 - wide;
      const box = { left, right: left + wide, top: py + dy - 10, bottom: py + dy + 4 };
      const inside =
        box.left > area.left && box.right < area.right && box.top > area.top - 4 && box.bottom < area.bottom;
      if (!inside || taken.some((other) => overlaps(box, other))) continue;
      taken.push(box);
      ctx.strokeStyle = css(theme.background);
      ctx.lineWidth = 3;
      ctx.lineJoin = 'round';
      ctx.strokeText(words, left, py + dy);
      ctx.fillStyle = css(theme.foreground);
      ctx.fillText(words, left, py + dy);
      return;
    }
  }
}
