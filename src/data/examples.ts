// Reads training examples: rows of a file understood in one of the dataset formats, each with its provenance. Rows that
// cannot be used come out as dropped, with their place and the reason.
import { basename } from 'node:path';
import type { DroppedRow, Example, Provenance, RowSource } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import { joinedBySemicolon, listed, phrase, type Phrase } from '../shared/phrase.ts';
import { columnsOf, detectFormat, formats, noKnownFormat, RowError, type DatasetFormat, type Row } from './formats.ts';
import { readRows } from './readRows.ts';
import type { RowPlace } from './splitRows.ts';

export type { DatasetFormat } from './formats.ts';

export type ExampleEvent =
  | { kind: 'example'; example: Example; place: RowPlace; format: DatasetFormat }
  | { kind: 'dropped'; dropped: DroppedRow };

export interface ExampleOptions {
  /** Default: the format of the first row whose columns are those of a format; later rows must have the same. */
  format?: DatasetFormat;
  /** Stop after so many usable examples. */
  limit?: number;
}

/**
 * The examples of a file in order, as they are read. `fields` keeps every column that is not part of the prompt or text;
 * the answer's own column stays when it is plain text, because a verifier may name it as the reference.
 */
export async function* readExamples(file: string, options: ExampleOptions = {}): AsyncGenerator<ExampleEvent> {
  let format = options.format;
  let remaining = options.limit ?? Infinity;
  if (remaining <= 0) return;
  for await (const event of readRows(file)) {
    if (event.kind === 'dropped') {
      yield event;
      continue;
    }
    const { row, source, place } = event;
    format ??= detectFormat(row);
    try {
      if (format === undefined) throw noKnownFormat(row);
      const example = readExample(row, source, format);
      yield { kind: 'example', example, place, format };
      if (--remaining <= 0) return;
    } catch (error) {
      if (!(error instanceof RowError)) throw error;
      yield { kind: 'dropped', dropped: { source, reason: error.words } };
    }
  }
}

/** All examples of a file in memory. Throws `dataset-empty` when no row can be used. */
export async function loadExamples(
  file: string,
  options: ExampleOptions = {},
): Promise<{ examples: Example[]; dropped: DroppedRow[]; format: DatasetFormat }> {
  const examples: Example[] = [];
  const dropped: DroppedRow[] = [];
  let format = options.format;
  for await (const event of readExamples(file, options)) {
    if (event.kind === 'dropped') {
      dropped.push(event.dropped);
    } else {
      format = event.format;
      examples.push(event.example);
    }
  }
  if (format === undefined || examples.length === 0) throw emptyDataset(file, dropped);
  return { examples, dropped, format };
}

/** A row understood in a format. Throws a RowError that says why it cannot be. */
export function readExample(row: Row, source: RowSource, format: DatasetFormat): Example {
  const rules = formats[format];
  const { needs, consumes } = rules;
  const missing = needs.filter((column) => !Object.hasOwn(row, column));
  if (missing.length > 0) {
    const named = listed(missing.map((column) => `"${column}"`));
    throw new RowError(phrase('missing field {0} of the {1} format (columns: {2})', named, format, columnsOf(row)));
  }
  const body = rules.read(row);
  const provenance = provenances.get(row['provenance']);
  const used = new Set([...consumes, ...(provenance === undefined ? [] : ['provenance'])]);
  // A completion given as messages has become the body; as plain text it stays a column.
  if (format === 'prompt-completion' && typeof row['completion'] !== 'string') used.add('completion');
  const fields = Object.fromEntries(Object.entries(row).filter(([column]) => !used.has(column)));
  return { body, provenance: provenance ?? 'ground_truth', source, fields };
}

const provenances = new Map<unknown, Provenance>(
  (
    [
      'ground_truth',
      'native',
      'self_output',
      'rephrase',
      'other_model',
      'replay',
      'pseudo_replay',
      'safety',
    ] satisfies Provenance[]
  ).map((name) => [name, name]),
);

function emptyDataset(file: string, dropped: readonly DroppedRow[]): LabError {
  const known = Object.entries(formats).map(([name, { needs }]) => `${name} (${needs.join(', ')})`);
  return new LabError('dataset-empty', nothingUsable(file, dropped), {
    remedy: phrase('Formats are {0}.', joinedBySemicolon(known)),
  });
}

function nothingUsable(file: string, dropped: readonly DroppedRow[]): Phrase {
  const [first] = dropped;
  if (first === undefined) return phrase('{0} has no usable rows (it has no rows)', file);
  const place = `${basename(file)}:${first.source.line}`;
  return dropped.length === 1
    ? phrase('{0} has no usable rows (1 row was dropped, the first at {1}: {2})', file, place, first.reason)
    : phrase(
        '{0} has no usable rows ({1} rows were dropped, the first at {2}: {3})',
        file,
        dropped.length,
        place,
        first.reason,
      );
}
