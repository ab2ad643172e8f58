// The picture: chart.js with the matrix controller fills the cells; a plugin writes names, numbers, totals and the legend
// into the same canvas, so that an exported picture carries all of them.
import { Chart, LinearScale } from 'chart.js';
import type { ChartConfiguration, Plugin } from 'chart.js';
import { MatrixController, MatrixElement } from 'chartjs-chart-matrix';
import { styleOf } from '../../src/shared/arms.ts';
import type { ArmStyle } from '../../src/shared/arms.ts';
import type { MatrixBlock, MatrixView } from '../../src/shared/matrixView.ts';
import { formatChange, shorten } from '../../src/shared/words.ts';
import { changeColour, css, mix, readable, scoreColour } from '../ui/colours.ts';
import type { Rgb } from '../ui/colours.ts';
import { text } from '../ui/host.ts';
import type { Theme } from '../ui/theme.ts';
import { legendLine, slantAngle } from './layout.ts';
import type { Box, Layout, PlacedBlock, PlacedCell, PlacedHead } from './layout.ts';
import { showCell, showTotal } from './model.ts';
import type { Mode, ShownCell } from './model.ts';

Chart.register(LinearScale, MatrixController, MatrixElement);

export interface Picture {
  view: MatrixView;
  layout: Layout;
  mode: Mode;
  /** Change at which the colour scale ends. */
  clip: number;
  theme: Theme;
  styles: ReadonlyMap<string, ArmStyle>;
  /** Name of an arm with its learning rate and seeds. */
  title(block: MatrixBlock): string;
}

/** Draws into a canvas of the layout's size. The chart is returned so that it can be destroyed. */
export function drawPicture(canvas: HTMLCanvasElement, picture: Picture, pixelRatio: number): Chart {
  const { layout } = picture;
  canvas.width = layout.width;
  canvas.height = layout.height;
  const cells = layout.blocks.flatMap((block) => block.rows.flatMap((row) => row.cells));
  const shown = cells.map((cell) => showCell(picture.view, cell.block, cell.stage, cell.column, picture.mode));
  const configuration: ChartConfiguration<'matrix'> = {
    type: 'matrix',
    data: {
      datasets: [
        {
          data: cells.map(({ x, y }) => ({ x, y })),
          anchorX: 'left',
          anchorY: 'top',
          width: ({ dataIndex }) => cells[dataIndex]?.width ?? 0,
          height: ({ dataIndex }) => cells[dataIndex]?.height ?? 0,
          borderRadius: 3,
          borderWidth: ({ dataIndex }) => borderOf(shown[dataIndex], picture.theme),
          borderColor: ({ dataIndex }) => borderColour(shown[dataIndex], picture.theme),
          backgroundColor: ({ dataIndex }) => groundOf(shown[dataIndex], picture, pixelRatio).fill,
        },
      ],
    },
    options: {
      animation: false,
      responsive: false,
      devicePixelRatio: pixelRatio,
      events: [],
      layout: { padding: 0 },
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
      scales: {
        x: { type: 'linear', display: false, offset: false, min: 0, max: layout.width },
        y: { type: 'linear', display: false, offset: false, min: 0, max: layout.height, reverse: true },
      },
    },
    plugins: [writing(picture, cells, shown, pixelRatio)],
  };
  return new Chart(canvas, configuration);
}

function borderOf(cell: ShownCell | undefined, { highContrast }: Theme): number {
  if (cell?.breach && cell.kind === 'change') return 2;
  return cell?.kind === 'plain' || highContrast ? 1 : 0;
}

function borderColour(cell: ShownCell | undefined, theme: Theme): string {
  if (cell?.breach && cell.kind === 'change') return css(theme.foreground);
  return css(theme.highContrast && cell?.kind !== 'plain' ? theme.border : theme.line);
}

interface Ground {
  fill: string | CanvasPattern;
  /** What the ink has to stand out from. */
  colour: Rgb;
}

function groundOf(cell: ShownCell | undefined, { theme, clip }: Picture, pixelRatio: number): Ground {
  const plain = (colour: Rgb): Ground => ({ fill: css(colour), colour });
  switch (cell?.kind) {
    case 'score':
      return plain(scoreColour(cell.value, theme.cell, theme.data));
    case 'change':
      return plain(cell.muted ? theme.cell : changeColour(cell.value, clip, theme.cell, theme.data));
    case 'hatched':
      return { fill: hatch(theme, pixelRatio), colour: theme.background };
    case 'plain':
      return plain(theme.background);
    case 'missing':
    case undefined:
      return plain(mix(theme.background, theme.cell, 0.6));
  }
}

/** Thin grey lines: not to be compared. */
function hatch(theme: Theme, pixelRatio: number): CanvasPattern | string {
  const size = 6 * Math.max(1, Math.round(pixelRatio));
  const tile = document.createElement('canvas');
  tile.width = size;
  tile.height = size;
  const context = tile.getContext('2d');
  if (!context) return css(theme.cell);
  context.strokeStyle = css(mix(theme.background, theme.foreground, theme.highContrast ? 0.5 : 0.24));
  context.lineWidth = size / 6;
  context.beginPath();
  for (const shift of [-size, 0, size]) {
    context.moveTo(shift, size);
    context.lineTo(shift + size, 0);
  }
  context.stroke();
  const pattern = context.createPattern(tile, 'repeat');
  // The canvas is scaled by the pixel ratio: the tile is not.
  pattern?.setTransform(new DOMMatrix().scale(1 / Math.max(1, Math.round(pixelRatio))));
  return pattern ?? css(theme.cell);
}

function writing(
  picture: Picture,
  cells: readonly PlacedCell[],
  shown: readonly ShownCell[],
  pixelRatio: number,
): Plugin<'matrix'> {
  return {
    id: 'writing',
    beforeDraw({ ctx }) {
      ctx.fillStyle = css(picture.theme.background);
      ctx.fillRect(0, 0, picture.layout.width, picture.layout.height);
    },
    afterDatasetsDraw({ ctx }) {
      ctx.save();
      ctx.textBaseline = 'middle';
      for (const head of picture.layout.heads) drawHead(ctx, picture, head);
      for (const block of picture.layout.blocks) drawBlock(ctx, picture, block);
      cells.forEach((cell, k) => {
        const one = shown[k];
        if (one) drawNumber(ctx, picture, cell, one, groundOf(one, picture, pixelRatio).colour);
      });
      drawLegend(ctx, picture, pixelRatio);
      ctx.restore();
    },
  };
}

const font = ({ theme }: Picture, size: number, weight = 400): string => `${weight} ${size}px ${theme.font}`;

/** Writes in a box, shortened to fit. */
function write(
  ctx: CanvasRenderingContext2D,
  label: string,
  box: Box,
  colour: Rgb,
  align: 'left' | 'center' | 'right' = 'left',
): void {
  ctx.fillStyle = css(colour);
  ctx.textAlign = align;
  const x = align === 'left' ? box.x : align === 'right' ? box.x + box.width : box.x + box.width / 2;
  ctx.fillText(fit(ctx, label, box.width), x, box.y + box.height / 2 + 0.5);
}

/** The longest beginning that fits, with an ellipsis. */
export function fit(ctx: CanvasRenderingContext2D, label: string, width: number): string {
  if (ctx.measureText(label).width <= width) return label;
  let length = [...label].length;
  while (length > 1 && ctx.measureText(shorten(label, length)).width > width) length -= 1;
  return shorten(label, length);
}

function drawHead(ctx: CanvasRenderingContext2D, picture: Picture, head: PlacedHead): void {
  const { theme } = picture;
  ctx.font = font(picture, 11);
  for (const group of head.groups) {
    const bottom = head.names[0]!.y + head.names[0]!.height - 3;
    write(ctx, group.text, { ...group, width: group.room }, theme.quiet);
    ctx.fillStyle = css(theme.line);
    ctx.fillRect(group.x, bottom, group.width, 1);
  }
  ctx.font = font(picture, 12);
  for (const name of head.names) {
    if (head.slanted) drawSlanted(ctx, name, picture);
    else write(ctx, name.text, { ...name, height: name.height - 6 }, theme.foreground, 'center');
  }
  ctx.font = font(picture, 11);
  for (const total of head.totals) {
    write(ctx, total.text, { ...total, y: total.y + total.height - 22, height: 18 }, theme.quiet, 'right');
  }
}

function drawSlanted(ctx: CanvasRenderingContext2D, name: Box & { text: string }, { theme, layout }: Picture): void {
  const cell = layout.blocks[0]?.rows[0]?.cells[0]?.width ?? 40;
  ctx.save();
  ctx.translate(name.x + cell / 2 - 2, name.y + name.height - 9);
  ctx.rotate(-slantAngle);
  ctx.textAlign = 'left';
  ctx.fillStyle = css(theme.foreground);
  ctx.fillText(fit(ctx, name.text, name.width), 0, 0);
  ctx.restore();
}

function drawBlock(ctx: CanvasRenderingContext2D, picture: Picture, block: PlacedBlock): void {
  const { theme } = picture;
  const { colour, glyph } = styleOf(picture.styles, block.block.arm);
  const { heading } = block;
  const middle = { ...heading, y: heading.y + 6, height: heading.height - 6 };
  ctx.font = font(picture, 13);
  write(ctx, glyph, middle, theme.data.arms[colour] ?? theme.foreground);
  ctx.font = font(picture, 13, 600);
  write(ctx, picture.title(block.block), { ...middle, x: heading.x + 17, width: heading.width - 17 }, theme.foreground);
  for (const row of block.rows) {
    ctx.font = font(picture, 12);
    write(ctx, row.label, { ...row, x: row.x + 4, width: row.width - 12 }, theme.quiet);
    if (row.stage === 0) continue;
    const entry = block.block.rows[row.stage - 1];
    for (const [box, total] of [
      [row.gained, entry?.gained],
      [row.forgot, entry?.forgot],
    ] as const) {
      const { text: label, tone } = showTotal(total);
      const colours = { lost: theme.data.lost, gained: theme.data.gained, muted: theme.quiet, missing: theme.quiet };
      ctx.font = font(picture, 13, tone === 'lost' || tone === 'gained' ? 650 : 400);
      write(ctx, label, box, theme.highContrast ? theme.foreground : colours[tone], 'right');
    }
  }
}

function drawNumber(ctx: CanvasRenderingContext2D, picture: Picture, box: Box, cell: ShownCell, ground: Rgb): void {
  const { theme } = picture;
  const clear = !cell.muted && (cell.kind === 'change' || cell.kind === 'score');
  ctx.font = font(picture, 12.5, clear ? 600 : 400);
  if (cell.kind === 'hatched') {
    // A plate under the number, or the lines run through it.
    const width = ctx.measureText(cell.text).width + 8;
    ctx.fillStyle = css(theme.background);
    ctx.fillRect(box.x + (box.width - width) / 2, box.y + box.height / 2 - 8, width, 16);
  }
  const ink = clear ? readable(ground, theme.foreground, inverse(theme)) : theme.quiet;
  write(ctx, cell.text, box, ink, 'center');
}

/** Ink for full colours. */
const inverse = ({ dark }: Theme): Rgb => (dark ? [12, 14, 16] : [255, 255, 255]);

function drawLegend(ctx: CanvasRenderingContext2D, picture: Picture, pixelRatio: number): void {
  const { layout, theme, mode } = picture;
  const { y, width } = layout.legend;
  let x = 0;
  let line = y;
  ctx.font = font(picture, 11);
  const room = (needed: number): void => {
    if (x > 0 && x + needed > width) {
      x = 0;
      line += legendLine;
    }
  };
  const label = (words: string): void => {
    const size = ctx.measureText(words).width;
    write(ctx, words, { x, y: line, width: size + 1, height: legendLine }, theme.quiet);
    x += size + 6;
  };
  const swatch = (cell: ShownCell, wide: number): void => {
    const top = line + 2;
    const ground = groundOf(cell, picture, pixelRatio);
    ctx.fillStyle = ground.fill;
    ctx.fillRect(x, top, wide, legendLine - 4);
    const border = borderOf(cell, theme);
    if (border > 0 && wide > 10) {
      ctx.strokeStyle = borderColour(cell, theme);
      ctx.lineWidth = border;
      ctx.strokeRect(x + border / 2, top + border / 2, wide - border, legendLine - 4 - border);
    }
    x += wide + (wide > 10 ? 6 : 0);
  };
  const cell = (change: Partial<ShownCell>): ShownCell => ({
    kind: 'change',
    text: '',
    value: 0,
    muted: false,
    breach: false,
    ...change,
  });
  if (mode === 'score') {
    label('0');
    for (let k = 0; k <= 20; k++) swatch(cell({ kind: 'score', value: k / 20 }), 7);
    x += 6;
    label('1');
  } else {
    const end = formatChange(picture.clip);
    label(`${text('lost')} ${end.replace('+', '\u2212')}`);
    for (let k = -10; k <= 10; k++) swatch(cell({ value: (k / 10) * picture.clip }), 7);
    x += 6;
    label(`${end} ${text('gained')}`);
    x += 10;
    const noise = text('interval includes zero');
    room(ctx.measureText(noise).width + 40);
    ctx.font = font(picture, 12);
    label('\u22122');
    ctx.font = font(picture, 11);
    label(noise);
    x += 10;
    const budget = text('below the forgetting budget');
    room(ctx.measureText(budget).width + 40);
    swatch(cell({ muted: true, breach: true }), 22);
    label(budget);
  }
  x += 10;
  const not = text('not comparable, or base at chance');
  room(ctx.measureText(not).width + 40);
  swatch(cell({ kind: 'hatched', muted: true }), 22);
  label(not);
}
