// Answers that a training flipped: right before and wrong now, or the other way round. A few of each as examples, all of
// them counted.
import { diffWords } from '../metrics/textDiff.ts';
import type { Words } from '../shared/phrase.ts';
import type { CellRecord, ItemResult, RunConfig } from '../shared/records.ts';
import { headline } from './headline.ts';
import type { ItemReader } from './items.ts';
import { lastMeasuredRow } from './matrix.ts';
import type { MatrixView } from '../shared/matrixView.ts';
import { shorten } from '../shared/words.ts';

/** Prompts of a benchmark by item index, as display text. */
export type PromptReader = (benchmark: string) => Promise<ReadonlyMap<number, string>>;

export interface FlippedItem {
  index: number;
  prompt?: string;
  before: string;
  now: string;
  diff: { kind: 'same' | 'removed' | 'added'; text: string }[];
  /** The answer ran into the token limit. */
  cutOff: boolean;
  /** Why the strict scorer did not count the answer. */
  reasonBefore?: Words;
  reasonNow?: Words;
}

/** Flips of one benchmark under one trial. */
export interface FlipGroup {
  arm: string;
  lr: number;
  seed: number;
  stage: number;
  benchmark: string;
  n: number;
  lostCount: number;
  gainedCount: number;
  /** At most `examplesOfLost` and `examplesOfGained` of them. */
  lost: FlippedItem[];
  gained: FlippedItem[];
  /** Judged by likelihood: there is no text to show. */
  textless: boolean;
}

export const examplesOfLost = 4;
export const examplesOfGained = 2;

/** Longest output or prompt shown, in characters. */
const textLimit = 600;

/** Flips of the newest stage of the trials that stand for their arms, in the order of the matrix. */
export async function collectFlips(
  run: { config: RunConfig },
  view: MatrixView,
  readItems: ItemReader,
  readPrompts?: PromptReader,
): Promise<FlipGroup[]> {
  const groups: FlipGroup[] = [];
  const prompts = promptCache(readPrompts);
  for (const block of headline(run.config, view).blocks) {
    const row = lastMeasuredRow(block);
    if (!row) continue;
    for (const [k, column] of view.columns.entries()) {
      const cell = row.cells[k];
      const base = view.base.cells[k];
      if (cell?.kind !== 'measured' || base?.kind !== 'measured' || !cell.change) continue;
      const record = cell.records[0];
      const baseRecord = base.records[0];
      if (!record || !baseRecord) continue;
      const flipped = await flippedItems(readItems, baseRecord, record);
      if (!flipped || flipped.lost.length + flipped.gained.length === 0) continue;
      groups.push(await describe(record, column.benchmark, flipped, prompts));
    }
  }
  return groups;
}

function promptCache(readPrompts: PromptReader | undefined): PromptReader {
  const cache = new Map<string, Promise<ReadonlyMap<number, string>>>();
  return (benchmark) => {
    // A benchmark file that has gone takes its prompts along, not the report.
    const reading =
      cache.get(benchmark) ?? readPrompts?.(benchmark).catch(() => new Map()) ?? Promise.resolve(new Map());
    cache.set(benchmark, reading);
    return reading;
  };
}

type Pair = { before: ItemResult; now: ItemResult };

/** Pairs whose strict score fell or rose; nothing when the items cannot be read (the matrix says so). */
async function flippedItems(
  readItems: ItemReader,
  base: CellRecord,
  record: CellRecord,
): Promise<{ lost: Pair[]; gained: Pair[] } | undefined> {
  try {
    const before = new Map((await readItems(base)).map((item) => [item.index, item]));
    const pairs = (await readItems(record)).flatMap((now) => {
      const then = before.get(now.index);
      return then ? [{ before: then, now }] : [];
    });
    return {
      lost: pairs.filter((pair) => pair.now.strict < pair.before.strict),
      gained: pairs.filter((pair) => pair.now.strict > pair.before.strict),
    };
  } catch {
    return undefined; // the cell's own note in the matrix carries the reason
  }
}

async function describe(
  record: CellRecord,
  benchmark: string,
  flipped: { lost: Pair[]; gained: Pair[] },
  prompts: PromptReader,
): Promise<FlipGroup> {
  const texts = await prompts(benchmark);
  const { arm, lr, seed, stage, n } = record;
  const show = (pairs: Pair[], limit: number): FlippedItem[] =>
    pairs.slice(0, limit).map((pair) => describeItem(pair, texts.get(pair.now.index), textLimit));
  return {
    arm,
    lr,
    seed,
    stage,
    benchmark,
    n,
    lostCount: flipped.lost.length,
    gainedCount: flipped.gained.length,
    lost: show(flipped.lost, examplesOfLost),
    gained: show(flipped.gained, examplesOfGained),
    textless: isTextless(flipped),
  };
}

function isTextless({ lost, gained }: { lost: Pair[]; gained: Pair[] }): boolean {
  return [...lost, ...gained].every(({ before, now }) => before.output === '' && now.output === '');
}

function describeItem({ before, now }: Pair, prompt: string | undefined, limit: number): FlippedItem {
  const was = shorten(before.output, limit);
  const is = shorten(now.output, limit);
  const whyBefore = before.words ?? before.reason;
  const whyNow = now.words ?? now.reason;
  return {
    index: now.index,
    ...(prompt === undefined ? {} : { prompt: shorten(prompt, limit) }),
    before: was,
    now: is,
    diff: diffWords(was, is),
    cutOff: now.finish === 'length' || now.finish === 'context',
    ...(whyBefore === undefined ? {} : { reasonBefore: whyBefore }),
    ...(whyNow === undefined ? {} : { reasonNow: whyNow }),
  };
}

/** Longest output or prompt in a list that a person scrolls through, in characters. */
const listedTextLimit = 8000;

/**
 * Every answer that flipped from one measurement to another, at most `limit` of each direction; undefined when the items
 * cannot be read.
 */
export async function flipsOfCell(
  before: CellRecord,
  record: CellRecord,
  sources: { readItems: ItemReader; readPrompts: PromptReader },
  limit: number,
): Promise<Omit<FlipGroup, 'arm' | 'lr' | 'seed' | 'stage' | 'benchmark'> | undefined> {
  const flipped = await flippedItems(sources.readItems, before, record);
  if (!flipped) return undefined;
  const prompts = await promptCache(sources.readPrompts)(record.benchmark);
  const show = (pairs: Pair[]): FlippedItem[] =>
    pairs.slice(0, limit).map((pair) => describeItem(pair, prompts.get(pair.now.index), listedTextLimit));
  return {
    n: record.n,
    lost: show(flipped.lost),
    gained: show(flipped.gained),
    lostCount: flipped.lost.length,
    gainedCount: flipped.gained.length,
    textless: isTextless(flipped),
  };
}
