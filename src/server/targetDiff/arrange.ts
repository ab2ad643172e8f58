// Filters and sorts the rows of a comparison over its compact numbers. Only a text filter reads the files again.
import { perplexityGap } from '../../lab/compareTargets.ts';
import type { ComparisonView, VerdictFilter } from '../../shared/protocol/lab/targetDiff.ts';
import type { SourceTable } from './sourceTable.ts';

export interface Arrangement {
  left: SourceTable;
  right: SourceTable;
  /** Rows of the dataset in the order they are shown. */
  order: Uint32Array;
}

/** What came out of an arrangement. */
export interface Arranged {
  order: Uint32Array;
  /** Rows with numbers that are still to come: those in the order, and those left out only because their gap is not known. */
  unscored: number;
}

/** Awaited between two pieces of work; see slices.ts. */
type Pause = () => Promise<void> | undefined;

type Pair = Pick<Arrangement, 'left' | 'right'>;

/** Work at a stretch between two pauses. */
const rowsAtOnce = 4096;

/** `matches` decides on a text filter and reads texts; it is only called when there is one. */
export async function arrange(
  pair: Pair,
  rows: number,
  { filter, sort }: ComparisonView,
  matches: (row: number) => Promise<boolean>,
  pause: Pause,
): Promise<Arranged> {
  const kept = new Uint32Array(rows);
  let count = 0;
  let unscored = 0;
  for (let row = 0; row < rows; row++) {
    if (row % rowsAtOnce === 0) await pause();
    if (!passes(pair, row, filter)) continue;
    if (filter.text !== '') {
      await pause();
      if (!(await matches(row))) continue;
    }
    if (waits(pair, row)) unscored++;
    if (withinLimit(pair, row, filter.gap)) kept[count++] = row;
  }
  const order = kept.slice(0, count);
  await pause();
  if (sort !== 'line') await sortBy(order, keyOf(pair, sort), rows, pause);
  return { order, unscored };
}

/** Whether the row is listed, or would be if its gap were known and large enough. */
function passes(pair: Pair, row: number, filter: ComparisonView['filter']): boolean {
  const { left, right } = pair;
  if (filter.differing && left.has(row) && right.has(row) && left.hash(row) === right.hash(row)) return false;
  if (!passesVerdict(left.verdict(row), right.verdict(row), filter.verdict)) return false;
  return withinLimit(pair, row, filter.gap) || gapMayCome(pair, row);
}

/** Rows whose gap is not known do not pass a limit. */
function withinLimit(pair: Pair, row: number, limit: number): boolean {
  return limit <= 1 || gap(pair, row) >= Math.log(limit);
}

/** Whether an answer of the row is still to be scored. */
function waits({ left, right }: Pair, row: number): boolean {
  return [left, right].some((table) => table.has(row) && table.scoreState(row) === 'none');
}

function gapMayCome(pair: Pair, row: number): boolean {
  const scorable = [pair.left, pair.right].every((table) => table.has(row) && table.scoreState(row) !== 'unscorable');
  return scorable && waits(pair, row);
}

function passesVerdict(left: number | undefined, right: number | undefined, wanted: VerdictFilter): boolean {
  switch (wanted) {
    case 'any':
      return true;
    case 'both':
      return left === 1 && right === 1;
    case 'left':
      return left === 1 && right !== 1;
    case 'right':
      return left !== 1 && right === 1;
    case 'neither':
      // A row that was not judged is not known to be wrong.
      return (left !== undefined || right !== undefined) && left !== 1 && right !== 1;
    default:
      return wanted satisfies never;
  }
}

/** Difference of the log perplexities, -1 when one is not known. */
function gap({ left, right }: Pair, row: number): number {
  return perplexityGap(left.perplexity(row) ?? null, right.perplexity(row) ?? null);
}

function keyOf(pair: Pair, sort: ComparisonView['sort']): (row: number) => number {
  if (sort === 'gap') return (row) => gap(pair, row);
  return (row) => pair[sort === 'left' ? 'left' : 'right'].perplexity(row) ?? -1;
}

/** Largest key first, equal ones in the order of the file: short pieces are sorted and then merged, with pauses. */
async function sortBy(order: Uint32Array, key: (row: number) => number, rows: number, pause: Pause): Promise<void> {
  const keys = new Float64Array(rows);
  for (const row of order) keys[row] = key(row);
  const before = (a: number, b: number): number => (keys[b] as number) - (keys[a] as number) || a - b;
  for (let from = 0; from < order.length; from += rowsAtOnce) {
    order.subarray(from, from + rowsAtOnce).sort(before);
    await pause();
  }
  const merged = new Uint32Array(order.length);
  for (let width = rowsAtOnce; width < order.length; width *= 2) {
    for (let from = 0; from < order.length; from += 2 * width) {
      const middle = Math.min(from + width, order.length);
      const end = Math.min(from + 2 * width, order.length);
      await merge(order, merged, { from, middle, end }, before, pause);
    }
    order.set(merged);
  }
}

async function merge(
  sorted: Uint32Array,
  into: Uint32Array,
  { from, middle, end }: { from: number; middle: number; end: number },
  before: (a: number, b: number) => number,
  pause: Pause,
): Promise<void> {
  let [left, right] = [from, middle];
  for (let at = from; at < end; at++) {
    if (at % rowsAtOnce === 0) await pause();
    const takeLeft = right >= end || (left < middle && before(sorted[left] as number, sorted[right] as number) <= 0);
    into[at] = sorted[takeLeft ? left++ : right++] as number;
  }
}
