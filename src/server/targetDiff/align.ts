// Fills the tables of a comparison: reads the dataset once for its own answers and columns, and once more beside each other
// file, aligned by prompt. Only places, hashes and numbers are kept.
import { createHash } from 'node:crypto';
import { readExamples } from '../../data/examples.ts';
import type { ExampleEvent } from '../../data/examples.ts';
import { alignableRows, alignByPrompt, promptKey } from '../../lab/alignTargets.ts';
import { answerOf } from '../../recipes/targets/recipe.ts';
import type { Example, Provenance } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import { SourceTable } from './sourceTable.ts';
import type { FoundAnswer } from './sourceTable.ts';
import { columnProvenance, otherAnswer } from './sources.ts';
import { phrase } from '../../shared/phrase.ts';

type ExampleRead = Extract<ExampleEvent, { kind: 'example' }>;

export interface AlignHooks {
  pause: () => Promise<void> | undefined;
  /** Rows of the dataset known so far. */
  onRows: (rows: number) => void;
  signal: AbortSignal;
}

/**
 * The first table is the dataset's own. Throws when that cannot be read, `dataset-empty` when it has no usable row; the table
 * of another file that cannot be read says why.
 */
export async function alignSources(tables: readonly SourceTable[], hooks: AlignHooks): Promise<void> {
  const [truth] = tables;
  if (!truth) return;
  const columns = tables.filter(({ spec }) => spec.kind === 'column');
  const rows = await readDataset(truth, columns, hooks);
  if (rows === 0) throw emptyDataset(truth);
  if (truth.spec.kind === 'dataset' && truth.spec.recorded !== undefined) {
    await readRecorded(truth, truth.spec.recorded, hooks);
  }
  for (const table of tables) {
    if (table.spec.kind === 'file' && !table.failure) await alignFile(truth, table, hooks);
  }
}

async function readDataset(truth: SourceTable, columns: readonly SourceTable[], hooks: AlignHooks): Promise<number> {
  let row = 0;
  for await (const event of readExamples(truth.file)) {
    hooks.signal.throwIfAborted();
    await hooks.pause();
    if (event.kind === 'dropped') {
      truth.dropped.add(event.dropped);
      continue;
    }
    truth.format ??= event.format;
    const prompt = hashText(promptKey(event.example, 0));
    truth.add(row, { ...found(event, event.example, event.example.provenance), prompt });
    for (const table of columns) addColumn(table, row, event);
    hooks.onRows(++row);
  }
  return row;
}

function addColumn(table: SourceTable, row: number, event: ExampleRead): void {
  if (table.spec.kind !== 'column') return;
  table.format ??= event.format;
  const answer = otherAnswer(event.example, table.spec.column);
  if (!answer)
    table.dropped.add({ source: event.example.source, reason: phrase('no text in column "{0}"', table.spec.column) });
  else table.add(row, found(event, answer, columnProvenance(table.spec.column), true));
}

/** The rows of a file in slices: where rows wait for their partners, a pause after every pair would come too seldom. */
async function* paced(file: string, pause: AlignHooks['pause']): AsyncGenerator<ExampleEvent> {
  for await (const event of readExamples(file)) {
    await pause();
    yield event;
  }
}

/** A file beside the dataset; what is wrong with it is its own affair, and the others are compared all the same. */
async function* rowsBeside(table: SourceTable, pause: AlignHooks['pause']): AsyncGenerator<ExampleEvent> {
  try {
    yield* paced(table.file, pause);
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    table.failure = error.words;
  }
}

/** Pairs come in any order: the dataset's side brings its row. A row that waits for its partner keeps numbers only. */
async function alignFile(
  truth: SourceTable,
  table: SourceTable,
  { pause, signal }: AlignHooks,
  take: (row: number, answer: FoundAnswer) => void = (row, answer) => table.add(row, answer),
): Promise<void> {
  let row = 0;
  const ofDataset = alignableRows<number | FoundAnswer>(paced(truth.file, pause), () => row++, hashedKey);
  const ofFile = alignableRows<number | FoundAnswer>(
    rowsBeside(table, pause),
    (event) => {
      table.format ??= event.format;
      return found(event, event.example, event.example.provenance);
    },
    hashedKey,
  );
  for await (const event of alignByPrompt(ofDataset, ofFile)) {
    signal.throwIfAborted();
    // Rows without a partner all come at the end, when nothing is read any more.
    await pause();
    if (event.kind === 'pair') take(event.a as number, event.b as FoundAnswer);
    else if (event.side === 'a') continue;
    else if (event.kind === 'only') table.unmatched++;
    else table.dropped.add(event.dropped);
  }
}

/** What a file recorded of the dataset's own answers; one that is gone or no longer fits leaves them without numbers. */
async function readRecorded(truth: SourceTable, file: string, hooks: AlignHooks): Promise<void> {
  const recorded = new SourceTable({ kind: 'file', file }, '', file);
  await alignFile(truth, recorded, hooks, (row, { hash, logprobs }) => {
    if (logprobs && hash === truth.hash(row)) truth.addRecorded(row, logprobs);
  });
}

/** Keys of waiting rows are hashes, so that long prompts do not pile up. */
function hashedKey(example: Example, position: number): string {
  return createHash('sha1').update(promptKey(example, position)).digest('base64');
}

function found(event: ExampleRead, example: Example, provenance: Provenance, plain = false): FoundAnswer {
  const { logprobs, masked } = plain ? {} : example.fields;
  const numbers = isNumbers(logprobs) ? logprobs : undefined;
  return {
    place: { place: event.place, line: event.example.source.line },
    provenance,
    hash: hashText(answerOf(example)),
    ...(numbers ? { logprobs: numbers, maskedTokens: isNumbers(masked) ? masked.length : 0 } : {}),
  };
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'number');
}

/** 48 bits of SHA-1. */
function hashText(text: string): number {
  return createHash('sha1').update(text).digest().readUIntBE(0, 6);
}

function emptyDataset(truth: SourceTable): LabError {
  const [first] = truth.dropped.reasons();
  const detail = first
    ? phrase('{0} rows dropped, the first at line {1}: {2}', first.count, first.first, first.reason)
    : phrase('it has no rows');
  return new LabError('dataset-empty', phrase('{0} has no usable rows ({1})', truth.file, detail), {
    remedy: phrase('Choose a file whose rows have a prompt and an answer'),
  });
}
