// Per-item scores of measured cells as flat series for paired statistics. Outputs are not kept: a run may hold millions.
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import type { CellRecord, ItemResult } from '../shared/records.ts';

/** Reads the per-item results of a cell; given by whoever knows the run folder. */
export type ItemReader = (cell: CellRecord) => Promise<readonly ItemResult[]>;

/** Scores of one cell, item by item in the order of `index`. */
export interface ItemSeries {
  index: Int32Array;
  strict: Float64Array;
  lenient: Float64Array;
}

/** A series, or why it could not be had. */
export type SeriesResult = { series: ItemSeries; problem?: never } | { series?: never; problem: Phrase };

export type SeriesSource = (cell: CellRecord) => Promise<SeriesResult>;

async function readSeries(readItems: ItemReader, cell: CellRecord): Promise<SeriesResult> {
  try {
    const items = [...(await readItems(cell))].sort((a, b) => a.index - b.index);
    if (items.length !== cell.n) {
      return { problem: phrase('per-item results are incomplete: {0} of {1}', items.length, cell.n) };
    }
    return {
      series: {
        index: Int32Array.from(items, (item) => item.index),
        strict: Float64Array.from(items, (item) => item.strict),
        lenient: Float64Array.from(items, (item) => item.lenient),
      },
    };
  } catch (error) {
    // A view without its items is still a view: the cell keeps its score and says why it has no paired interval.
    const why = error instanceof Error ? error.message : String(error);
    return { problem: phrase('per-item results could not be read: {0}', why) };
  }
}

/** Series of cells, each file read once. */
export function seriesSource(readItems: ItemReader): SeriesSource {
  const cache = new Map<string, Promise<SeriesResult>>();
  return (cell) => {
    const cached = cache.get(cell.items);
    if (cached) return cached;
    const reading = readSeries(readItems, cell);
    cache.set(cell.items, reading);
    return reading;
  };
}

/** Item-wise mean of several series over the same items (seeds of one trial). */
export function meanSeries(all: readonly ItemSeries[]): SeriesResult {
  const first = all[0];
  if (!first) return { problem: phrase('no per-item results') };
  const average = (pick: (series: ItemSeries) => Float64Array): Float64Array =>
    Float64Array.from(first.index, (_, item) => all.reduce((sum, series) => sum + pick(series)[item]!, 0) / all.length);
  if (all.some((series) => !sameItems(series, first)))
    return { problem: phrase('seeds were measured on different items') };
  return {
    series: {
      index: first.index,
      strict: average((series) => series.strict),
      lenient: average((series) => series.lenient),
    },
  };
}

/** Whether two series list the same items. */
export function sameItems(a: ItemSeries, b: ItemSeries): boolean {
  return a.index.length === b.index.length && a.index.every((index, item) => index === b.index[item]);
}
