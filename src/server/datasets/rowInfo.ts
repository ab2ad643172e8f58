// What is remembered of a row: small, because a file may have hundreds of thousands of them.
import { readExample, type DatasetFormat } from '../../data/examples.ts';
import { detectFormat, noKnownFormat, RowError, type Row } from '../../data/formats.ts';
import { readRowText } from '../../data/readRows.ts';
import { spansOfColumn } from '../../recipes/mask.ts';
import type { Example, Provenance } from '../../shared/dataset.ts';
import { inEnglish } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import { jsonFault } from './jsonFault.ts';
import { groundTruthField } from './rowEdits.ts';
import { contentKey } from './scoringService.ts';

/** A row that can be used. */
export interface UsableRow {
  kind: 'row';
  provenance: Provenance;
  /** Content as far as scores depend on it. */
  key: string;
  /** Its `mask` column leaves parts of the answer out of the loss. */
  masks: boolean;
  /** Its answer was replaced in the editor, and the first one is kept. */
  hasGroundTruth: boolean;
  score: RowScore | undefined;
}

/** Numbers of a row under a model, or why it has none. */
export interface RowScore {
  /** Hash of the model. */
  model: string;
  unusable?: Unusable;
  /** Of the trained-on tokens. */
  tokens: number;
  nllSum: number;
  /** Of all answer tokens. */
  answerTokens: number;
  answerNllSum: number;
}

/** Why a row that can be read has no perplexity under a model. */
export interface Unusable {
  code: 'too-long' | 'no-token' | 'all-masked' | 'refused';
  reason: Words;
}

/** A row that cannot be used. */
export interface BadRow {
  kind: 'bad';
  reason: Words;
  /** Offset of the fault in the row's text, where the JSON is broken. */
  at?: number;
}

export type RowInfo = UsableRow | BadRow | { kind: 'blank' };

/** Where a text stands, for messages. */
export interface RowSpot {
  file: string;
  number: number;
}

/** Reads a row. Without a format the first one that fits counts. */
export function readRow(
  text: string,
  format: DatasetFormat | undefined,
  spot: RowSpot,
): { example: Example; row: Row } | { reason: Words } {
  const read = readRowText(text);
  if ('reason' in read) return read;
  const { row } = read;
  const known = format ?? detectFormat(row);
  if (known === undefined) return { reason: noKnownFormat(row).words };
  return readColumns(row, known, spot);
}

/** Reads a row whose JSON has been read, in a format. */
export function readColumns(
  row: Row,
  format: DatasetFormat,
  spot: RowSpot,
): { example: Example; row: Row } | { reason: Words } {
  try {
    return { example: readExample(row, { file: spot.file, line: spot.number }, format), row };
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    return { reason: error.words };
  }
}

/** What is kept of a row that was read. */
export function infoOf(text: string, format: DatasetFormat | undefined, spot: RowSpot): RowInfo {
  if (/^[ \t\r\n]*$/.test(text)) return { kind: 'blank' };
  const read = readRow(text, format, spot);
  if ('reason' in read) return badRow(text, read.reason);
  const { example, row } = read;
  return {
    kind: 'row',
    provenance: example.provenance,
    key: contentKey(example),
    masks: spansOfColumn(row['mask']).length > 0,
    hasGroundTruth: Object.hasOwn(row, groundTruthField),
    score: undefined,
  };
}

function badRow(text: string, reason: Words): BadRow {
  const english = inEnglish(reason);
  return english.startsWith('not valid JSON: ')
    ? { kind: 'bad', reason, at: jsonFault(text, english) }
    : { kind: 'bad', reason };
}
