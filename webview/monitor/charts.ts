// Charts on one step axis: zooming one zooms all. Wheel (with Ctrl), dragging and keys do the same.
import { Chart, Decimation, LinearScale, LineController, LineElement, PointElement, Tooltip } from 'chart.js';
import type { ChartDataset, Plugin } from 'chart.js';
import zoomPlugin from 'chartjs-plugin-zoom';
import { formatCount } from '../../src/shared/words.ts';
import { css } from '../ui/colours.ts';
import { el } from '../ui/dom.ts';
import { text } from '../ui/host.ts';
import { axesOptions, background } from '../ui/lines.ts';
import { theme } from '../ui/theme.ts';
import type { Theme } from '../ui/theme.ts';
import type { Point } from './series.ts';

Chart.register(LineController, LineElement, PointElement, LinearScale, Decimation, Tooltip, zoomPlugin);

/** More points than this are thinned for drawing (not for zooming in: then the visible ones count). */
const drawnPoints = 1000;

export interface Line {
  label: string;
  points: Point[];
  colour: string;
  dash: number[];
  width: number;
  /** Single measurements: marks without a line, of which a second kind is hollow. */
  marks?: 'full' | 'hollow';
}

export interface StepChartOptions {
  title: string;
  height: number;
  /** Writes a value in the tip and on the axis. */
  format: (value: number) => string;
  /** Beside the title: what the kinds of lines mean. */
  key?: string;
  /** Starts at zero. */
  fromZero?: boolean;
}

export interface StepChart {
  element: HTMLElement;
  /** Shows these lines; `empty` says why there are none. */
  show(lines: readonly Line[], empty: string): void;
  destroy(): void;
}

type LineChart = Chart<'line', Point[]>;

export interface Range {
  min: number;
  max: number;
}

/** The steps that all charts show. */
export class StepAxis {
  /** All steps of a trial. */
  readonly steps: number;
  readonly boundaries: readonly number[];
  private readonly charts = new Set<LineChart>();
  private readonly onRange: (range: Range | undefined) => void;
  private current: Range | undefined;

  constructor(
    steps: number,
    boundaries: readonly number[],
    range: Range | undefined,
    onRange: (range: Range | undefined) => void,
  ) {
    this.steps = Math.max(1, steps);
    this.boundaries = boundaries;
    this.current = range;
    this.onRange = onRange;
  }

  get range(): Range {
    return this.current ?? { min: 0, max: this.steps };
  }

  add(chart: LineChart): void {
    this.charts.add(chart);
  }

  remove(chart: LineChart): void {
    this.charts.delete(chart);
  }

  /** Shows a part of the steps everywhere; the whole when it is about everything. */
  set(range: Range | undefined): void {
    const whole = !range || (range.min <= 0 && range.max >= this.steps);
    const least = Math.min(2, this.steps);
    this.current = whole ? undefined : bounded(range, this.steps, least);
    for (const chart of this.charts) {
      const scale = chart.options.scales?.['x'];
      if (!scale) continue;
      Object.assign(scale, this.range);
      chart.update('none');
    }
    this.onRange(this.current);
  }

  /** Zooms around the middle. */
  zoom(factor: number): void {
    const { min, max } = this.range;
    const middle = (min + max) / 2;
    const half = (max - min) / 2 / factor;
    this.set({ min: middle - half, max: middle + half });
  }

  /** Moves by a share of what is visible. */
  pan(share: number): void {
    const { min, max } = this.range;
    const by = Math.max(-min, Math.min(this.steps - max, (max - min) * share));
    this.set({ min: min + by, max: max + by });
  }
}

function bounded(range: Range, steps: number, least: number): Range {
  const size = Math.min(steps, Math.max(least, range.max - range.min));
  const min = Math.max(0, Math.min(steps - size, range.min));
  return { min, max: min + size };
}

/** A chart of lines over steps. */
export function stepChart(axis: StepAxis, options: StepChartOptions): StepChart {
  const canvas = el('canvas', { role: 'img' });
  const empty = el('p', { class: 'empty' });
  const frame = el(
    'div',
    {
      class: 'frame',
      tabindex: 0,
      role: 'group',
      'aria-label': text('{0}; plus and minus zoom, arrows move, 0 shows everything', options.title),
      style: { height: `${options.height}px` },
      on: { keydown: (event) => zoomKey(event, axis) },
    },
    canvas,
  );
  let chart: LineChart | undefined;
  const destroy = (): void => {
    if (chart) axis.remove(chart);
    chart?.destroy();
    chart = undefined;
  };
  return {
    element: el(
      'figure',
      null,
      el(
        'figcaption',
        null,
        options.title,
        options.key !== undefined && el('span', { class: 'quiet key' }, options.key),
      ),
      frame,
      empty,
    ),
    destroy,
    show: (lines, why) => {
      const drawn = lines.filter((line) => line.points.length > 0);
      frame.hidden = drawn.length === 0;
      empty.hidden = drawn.length > 0;
      empty.textContent = why;
      canvas.setAttribute('aria-label', describeLines(options, drawn));
      if (drawn.length === 0) {
        destroy();
      } else if (chart) {
        chart.data.datasets = datasets(drawn);
        chart.update('none');
      } else {
        chart = create(canvas, axis, options, drawn, theme());
        axis.add(chart);
      }
    },
  };
}

function describeLines(options: StepChartOptions, lines: readonly Line[]): string {
  const last = lines.map(({ label, points }) => {
    return `${label} ${options.format(points.at(-1)?.y ?? 0)} (${text('{0} points', points.length)})`;
  });
  return `${options.title}. ${text('Newest values: {0}', last.join('; '))}`;
}

function zoomKey(event: KeyboardEvent, axis: StepAxis): void {
  const acts: Record<string, () => void> = {
    '+': () => axis.zoom(1.5),
    '=': () => axis.zoom(1.5),
    '-': () => axis.zoom(1 / 1.5),
    '0': () => axis.set(undefined),
    ArrowLeft: () => axis.pan(-0.2),
    ArrowRight: () => axis.pan(0.2),
  };
  const act = acts[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
}

function datasets(lines: readonly Line[]): ChartDataset<'line', Point[]>[] {
  return lines.map((line) => ({
    label: line.label,
    data: line.points,
    showLine: line.marks === undefined,
    borderColor: line.colour,
    backgroundColor: line.marks === 'hollow' ? 'transparent' : line.colour,
    // Marks on the last step are not cut in half.
    clip: 8,
    borderWidth: line.width,
    borderDash: line.dash,
    // A single point makes no line.
    pointRadius: line.marks !== undefined || line.points.length === 1 ? 3.5 : 0,
    pointStyle: line.marks !== undefined ? 'rectRot' : 'circle',
    pointHitRadius: 8,
    pointHoverRadius: 4,
    tension: 0,
  }));
}

function create(
  canvas: HTMLCanvasElement,
  axis: StepAxis,
  options: StepChartOptions,
  lines: readonly Line[],
  current: Theme,
): LineChart {
  const base = axesOptions(
    current,
    { ...axis.range, format: (value) => (Number.isInteger(value) ? formatCount(value) : '') },
    { ...(options.fromZero ? { min: 0 } : {}), ticks: options.height > 140 ? 5 : 4, format: options.format },
  );
  return new Chart<'line', Point[]>(canvas, {
    type: 'line',
    data: { datasets: datasets(lines) },
    options: {
      ...base,
      interaction: { mode: 'nearest', axis: 'x', intersect: false },
      layout: { padding: { right: 6 } },
      scales: {
        x: {
          ...base.scales?.['x'],
          // The first one says what all of them have below.
          title: { display: options.height > 200, text: text('training step'), color: css(current.quiet) },
        },
        // Charts above each other begin at the same place.
        y: { ...base.scales?.['y'], afterFit: (scale: { width: number }) => (scale.width = 58) },
      },
      plugins: {
        ...base.plugins,
        decimation: { enabled: true, algorithm: 'lttb', samples: drawnPoints, threshold: 2 * drawnPoints },
        tooltip: {
          ...base.plugins?.tooltip,
          callbacks: {
            title: (items) => text('step {0}', formatCount(items[0]?.parsed.x ?? 0)),
            label: (item) => ` ${item.dataset.label ?? ''}: ${options.format(item.parsed.y ?? 0)}`,
          },
        },
        zoom: {
          zoom: {
            wheel: { enabled: true, modifierKey: 'ctrl' },
            drag: { enabled: true, threshold: 6, backgroundColor: css(current.line) },
            mode: 'x',
            onZoom: ({ chart }) => {
              const { min, max } = chart.scales['x'] ?? axis.range;
              axis.set({ min, max });
            },
          },
          limits: { x: { min: 0, max: axis.steps, minRange: Math.min(2, axis.steps) } },
        },
      },
    },
    plugins: [background(current), stageLines(axis, current)],
  });
}

/** Where one stage ends and the next begins. */
function stageLines(axis: StepAxis, current: Theme): Plugin<'line'> {
  return {
    id: 'stages',
    beforeDatasetsDraw: ({ ctx, chartArea, scales }) => {
      const x = scales['x'];
      if (!x) return;
      ctx.save();
      ctx.strokeStyle = css(current.quiet);
      ctx.setLineDash([3, 3]);
      for (const boundary of axis.boundaries) {
        const at = x.getPixelForValue(boundary);
        if (at < chartArea.left || at > chartArea.right) continue;
        ctx.beginPath();
        ctx.moveTo(at, chartArea.top);
        ctx.lineTo(at, chartArea.bottom);
        ctx.stroke();
      }
      ctx.restore();
    },
  };
}
