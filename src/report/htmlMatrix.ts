// The heatmap of the report: arms stacked on one scale, base row first. Colours come as classes of the style sheet, because
// the content security policy allows no style attributes.
import { inEnglish } from '../shared/phrase.ts';
import { rateName } from '../shared/rates.ts';
import type { RunConfig } from '../shared/records.ts';
import { armStyles, styleOf, trialTitle } from '../shared/arms.ts';
import type { FlipGroup } from './flips.ts';
import { headline } from './headline.ts';
import { html, idOf } from './markup.ts';
import type { Markup } from './markup.ts';
import type {
  MatrixBlock,
  MatrixCell,
  MatrixColumn,
  MatrixRow,
  MatrixView,
  MeasuredCell,
  Total,
} from '../shared/matrixView.ts';
import {
  formatChange,
  formatMargin,
  formatCount,
  formatLearningRate,
  formatP,
  formatScore,
  formatShare,
  plural,
} from '../shared/words.ts';

const groupTitles = { target: 'New task', skill: 'Old skills', safety: 'Safety', format: 'Format' } as const;

/** Steps of the colour scales in the style sheet. */
const steps = 10;

/** Id of the flipped examples of a cell, where there are any. */
export function flipsId(group: Pick<FlipGroup, 'arm' | 'lr' | 'stage' | 'benchmark'>): string {
  return `flips-${idOf(group.arm, group.lr, group.stage, group.benchmark)}`;
}

export function renderHeatmap(config: RunConfig, view: MatrixView, flips: readonly FlipGroup[]): Markup {
  const rates = [...new Set(view.blocks.map((block) => block.lr))];
  const chosen = headline(config, view).lr;
  return html`<div class="bar">
      <div class="switch" role="group" aria-label="What the cells show">
        <button type="button" data-mode="change" aria-pressed="true">Change against base</button
        ><button type="button" data-mode="score" aria-pressed="false">Score</button>
      </div>
      ${rates.length > 1 && rateSwitch(rates, chosen)} ${legend(view)}
    </div>
    <div class="scroll">
      <table class="heat" id="heat">
        <caption class="quiet">
          Change of every benchmark against the base, in points, with the score under it.
        </caption>
        <colgroup>
          <col class="labels" />
          ${view.columns.map((_, k) => [spacerBefore(view.columns, k) && html`<col class="spacer" />`, html`<col />`])}
          <col class="spacer" />
          <col class="totals" />
          <col class="totals" />
        </colgroup>
        ${head(view.columns)}
        <tbody>
          ${row(config, view, view.base, undefined, flips)}
        </tbody>
        ${view.blocks.map((block) => blockBody(config, view, block, flips))}
      </table>
    </div>`;
}

function rateSwitch(rates: readonly number[], chosen: number | undefined): Markup {
  return html`<div class="switch" role="group" aria-label="Learning rate">
    ${rates.map(
      (rate) =>
        html`<button type="button" data-rate="${rate}" aria-pressed="false" ${rate === chosen && html`data-chosen`}>
          ${formatLearningRate(rate)}
        </button>`,
    )}<button type="button" data-rate="all" aria-pressed="true">all rates</button>
  </div>`;
}

function legend(view: MatrixView): Markup {
  const end = formatChange(view.clip).replace('+', '');
  const scale = Array.from({ length: 2 * steps + 1 }, (_, k) => k - steps).map(
    (step) => html`<i class="${changeClass(step)}"></i>`,
  );
  return html`<div class="legend">
    <span>lost &minus;${end}</span><span class="scale" aria-hidden="true">${scale}</span><span>+${end} gained</span>
    <span class="key"><i class="unsure">&minus;2</i> interval includes zero</span>
    <span class="key"><i class="hatch"></i> not comparable or base at chance</span>
  </div>`;
}

function groups(columns: readonly MatrixColumn[]): MatrixColumn[][] {
  const found: MatrixColumn[][] = [];
  for (const column of columns) {
    const last = found.at(-1);
    if (last?.[0]?.role === column.role) last.push(column);
    else found.push([column]);
  }
  return found;
}

/** An empty column before each group but the first. */
const spacer = html`<td class="spacer"></td>`;

function spacerBefore(columns: readonly MatrixColumn[], k: number): Markup | false {
  return k > 0 && columns[k]?.role !== columns[k - 1]?.role && spacer;
}

function head(columns: readonly MatrixColumn[]): Markup {
  return html`<thead>
    <tr class="groups">
      <td></td>
      ${groups(columns).map(
        (group, k) =>
          html`${k > 0 && spacer}
            <th scope="colgroup" colspan="${group.length}">${groupTitles[group[0]?.role ?? 'skill']}</th>`,
      )}
      <td colspan="3"></td>
    </tr>
    <tr>
      <td></td>
      ${columns.map(
        (column, k) =>
          html`${spacerBefore(columns, k)}
            <th scope="col" class="name" title="${columnTip(column)}">${column.benchmark}</th>`,
      )}
      ${spacer}
      <th scope="col" class="total" title="Mean change over the tasks taught so far, in points">gained</th>
      <th scope="col" class="total" title="Mean change over the old skills, in points">forgot</th>
    </tr>
  </thead>`;
}

function columnTip(column: MatrixColumn): string {
  return [
    `${column.benchmark}: judged by ${column.scorer}`,
    column.chance > 0 ? `guessing scores ${formatScore(column.chance)}` : '',
    column.guarded ? 'counts towards the forgetting budget' : '',
    inEnglish(column.insensitive ?? ''),
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function blockBody(config: RunConfig, view: MatrixView, block: MatrixBlock, flips: readonly FlipGroup[]): Markup {
  const { colour, glyph } = styleOf(armStyles(config.arms), block.arm);
  const seeds = block.seeds.length > 1 ? ` \u00b7 mean of ${plural(block.seeds.length, 'seed')}` : '';
  return html`<tbody data-lr="${block.lr}">
    <tr class="arm">
      <th scope="rowgroup" colspan="${view.columns.length + groups(view.columns).length + 3}">
        <span class="glyph arm-${colour}" aria-hidden="true">${glyph}</span> ${trialTitle(
          config,
          block.arm,
          block.lr,
        )}<small>${seeds}</small>
      </th>
    </tr>
    ${block.rows.map((entry) => row(config, view, entry, block, flips))}
  </tbody>`;
}

function row(
  config: RunConfig,
  view: MatrixView,
  entry: MatrixRow,
  block: MatrixBlock | undefined,
  flips: readonly FlipGroup[],
): Markup {
  const title = block ? trialTitle(config, block.arm, block.lr) : 'base';
  return html`<tr>
    <th scope="row">${inEnglish(entry.label)}</th>
    ${view.columns.map((column, k) => {
      const cell = entry.cells[k] ?? { kind: 'missing' as const, reason: 'not measured yet' };
      const group = flips.find(
        (one) =>
          one.arm === block?.arm &&
          one.lr === block.lr &&
          one.stage === entry.stage &&
          one.benchmark === column.benchmark,
      );
      const link = group ? `#${flipsId(group)}` : undefined;
      return html`${spacerBefore(view.columns, k)}${renderCell(view, column, cell, `${title}, ${inEnglish(entry.label)}`, link)}`;
    })}
    ${spacer} ${block ? [total(entry.gained), total(entry.forgot)] : html`<td colspan="2"></td>`}
  </tr>`;
}

function changeClass(step: number): string {
  if (step === 0) return 'd0';
  return step < 0 ? `dn${-step}` : `dp${step}`;
}

function cellClasses(view: MatrixView, column: MatrixColumn, cell: MeasuredCell): string {
  const classes = ['cell', `s${Math.round(Math.min(1, Math.max(0, cell.score)) * steps)}`];
  if (cell.notComparable !== undefined || column.insensitive) return [...classes, 'hatch'].join(' ');
  if (!cell.change) return [...classes, 'basecell'].join(' ');
  const share = Math.max(-1, Math.min(1, cell.change.value / view.clip));
  if (cell.change.significant === false) classes.push('unsure', 'd0');
  // A clear change is never drawn as none.
  else classes.push(changeClass(Math.round(share * steps) || Math.sign(cell.change.value)));
  if (cell.breach) classes.push('breach');
  return classes.join(' ');
}

function renderCell(
  view: MatrixView,
  column: MatrixColumn,
  cell: MatrixCell,
  title: string,
  link: string | undefined,
): Markup {
  if (cell.kind === 'missing') {
    return html`<td class="cell missing" tabindex="-1" title="${title}, ${column.benchmark}: ${inEnglish(cell.reason)}">
      &middot;
    </td>`;
  }
  const score = formatScore(cell.score);
  const change = cell.change ? formatChange(cell.change.value) : undefined;
  const main = change ?? (cell.notComparable === undefined ? score : '\u2260');
  const body = html`<b class="change">${main}</b
    ><b class="score">${score}</b>${main !== score && html`<small class="score-below">${score}</small>`}${
      change !== undefined && html`<small class="change-below">${change}</small>`
    }`;
  return html`<td class="${cellClasses(view, column, cell)}" tabindex="-1" title="${cellTip(column, cell, title)}">
    ${link === undefined ? body : html`<a href="${link}">${body}</a>`}
  </td>`;
}

function cellTip(column: MatrixColumn, cell: MeasuredCell, title: string): string {
  const { change } = cell;
  const interval =
    change?.lo === undefined || change.hi === undefined
      ? inEnglish(change?.note ?? '')
      : ` (95 % ${formatChange(change.lo)} to ${formatChange(change.hi)}, paired bootstrap over items)`;
  return [
    `${column.benchmark}, ${title}`,
    `score ${formatScore(cell.score)} (95 % ${formatScore(cell.lo)} to ${formatScore(cell.hi)}), n = ${formatCount(cell.n)}`,
    change ? `change against base ${formatChange(change.value)} points${interval}` : '',
    change?.flips
      ? `${plural(change.flips.lost, 'answer')} lost, ${change.flips.gained} gained, McNemar ${formatP(change.flips.p)}`
      : '',
    `lenient scoring ${formatScore(cell.lenient)}, readable answers ${formatShare(cell.parseRate)}`,
    cell.seedStd === undefined ? '' : `${plural(cell.seeds, 'seed')}, standard deviation ${formatScore(cell.seedStd)}`,
    ...Object.entries(cell.rates).map(([id, rate]) => `${inEnglish(rateName(id))} ${formatScore(rate)}`),
    cell.refusalMargin === undefined ? '' : `first-token refusal margin ${formatMargin(cell.refusalMargin)} nats`,
    cell.breach ? 'below the forgetting budget' : '',
    inEnglish(cell.notComparable ?? column.insensitive ?? ''),
    `judged by ${column.scorer}, protocol ${cell.protocol.slice(0, 12)}`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

function total(entry: Total | undefined): Markup {
  if (!entry) return html`<td class="total">&middot;</td>`;
  const unsure = entry.significant === false;
  const interval =
    entry.lo === undefined || entry.hi === undefined
      ? 'no interval'
      : `95 % ${formatChange(entry.lo)} to ${formatChange(entry.hi)}${unsure ? ', includes zero' : ''}`;
  const tip = `mean change of ${plural(entry.benchmarks.length, 'benchmark')}: ${entry.benchmarks.join(', ')}\n${interval}\nlenient scoring ${formatChange(entry.lenient)}`;
  const sign = entry.value < 0 ? ' lost' : ' won';
  return html`<td class="total${unsure ? ' unsure' : sign}" tabindex="-1" title="${tip}">
    ${formatChange(entry.value)}
  </td>`;
}
