// What every chart with axes shares: themed axes and tip, keys for zooming beside wheel and dragging, and nothing that moves
// by itself.
import type { ChartOptions, Plugin } from 'chart.js';
import { css, faded } from './colours.ts';
import type { Theme } from './theme.ts';

export interface Axis {
  title?: string;
  min?: number;
  max?: number;
  /** Between two ticks. Default: what fits. */
  step?: number;
  /** At most so many ticks, at round numbers. Default: what fits, of which some are left out. */
  ticks?: number;
  /** Writes a tick. */
  format?(value: number): string;
}

function axisOptions(theme: Theme, axis: Axis) {
  return {
    type: 'linear' as const,
    ...(axis.min === undefined ? {} : { min: axis.min }),
    ...(axis.max === undefined ? {} : { max: axis.max }),
    title: {
      display: axis.title !== undefined,
      text: axis.title ?? '',
      color: css(theme.quiet),
      font: { family: theme.font, size: 12 },
    },
    border: { color: css(theme.quiet) },
    grid: { color: css(theme.grid), tickColor: css(theme.grid) },
    ticks: {
      color: css(theme.quiet),
      font: { family: theme.font, size: 11 },
      maxRotation: 0,
      autoSkipPadding: 16,
      includeBounds: false,
      ...(axis.ticks === undefined ? {} : { autoSkip: false, maxTicksLimit: axis.ticks }),
      ...(axis.step === undefined ? {} : { stepSize: axis.step }),
      ...(axis.format ? { callback: (value: string | number) => axis.format?.(Number(value)) ?? '' } : {}),
    },
  };
}

/** Options of a chart on two linear axes, without animation. The caller adds what is its own. */
export function axesOptions(theme: Theme, x: Axis, y: Axis): ChartOptions<'line'> {
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    normalized: true,
    parsing: false,
    scales: { x: axisOptions(theme, x), y: axisOptions(theme, y) },
    plugins: {
      tooltip: {
        animation: false,
        backgroundColor: css(theme.foreground),
        titleColor: css(theme.background),
        bodyColor: css(theme.background),
        titleFont: { family: theme.font, size: 12 },
        bodyFont: { family: theme.font, size: 12 },
        cornerRadius: 3,
        padding: 8,
        boxPadding: 4,
      },
    },
  };
}

/** Paints the background, so that exported pictures have one. */
export function background(theme: Theme): Plugin<'line'> {
  return {
    id: 'background',
    beforeDraw: ({ ctx, width, height }) => {
      ctx.save();
      ctx.fillStyle = css(theme.background);
      ctx.fillRect(0, 0, width, height);
      ctx.restore();
    },
  };
}

/** Colour of an arm; further lines of the same arm are paler. */
export function armColour(theme: Theme, colour: number, step = 0): string {
  return faded(theme.data.arms[colour] ?? theme.foreground, [1, 0.65, 0.45, 0.3][Math.min(3, step)] ?? 1);
}
