// What a page of the dataset view says about its rows: the text as it stands, what it is understood as, and what is wrong.
import { isUtf8 } from 'node:buffer';
import { textOfPrompt } from '../../data/encode.ts';
import { readExample } from '../../data/examples.ts';
import { detectFormat, noKnownFormat, RowError } from '../../data/formats.ts';
import type { DatasetFormat } from '../../data/formats.ts';
import { readRowText } from '../../data/readRows.ts';
import { isBlank } from '../../data/splitRows.ts';
import { answerOf } from '../../recipes/targets/recipe.ts';
import type { Example } from '../../shared/dataset.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { AnswerPlace, DatasetViewRow } from '../../shared/protocol/lab/datasetView.ts';
import { mapRow } from '../datasets/rowMap.ts';
import { cutText } from '../targetDiff/tokens.ts';
import type { RowBytes } from './rowReader.ts';

/** Longer rows are shown but not taken apart: that would keep everybody else waiting. */
export const longestParsed = 1 << 20;

/** A row understood as an example, or why not. */
export type ParsedRow = { example: Example } | { problem: Words } | { blank: true };

/** Takes a whole row apart. `format` is that of the file's first row. */
export function parseRow(raw: RowBytes, file: string, format: DatasetFormat | undefined): ParsedRow {
  if (isBlank(raw.bytes)) return { blank: true };
  if (raw.length > raw.bytes.length) {
    return { problem: phrase('longer than {0} MiB: not looked into', longestParsed / 2 ** 20) };
  }
  if (!isUtf8(raw.bytes)) return { problem: phrase('not valid UTF-8') };
  const read = readRowText(raw.bytes.toString('utf8'));
  if ('reason' in read) return { problem: read.reason };
  if (format === undefined) return { problem: noKnownFormat(read.row).words };
  try {
    return { example: readExample(read.row, { file, line: raw.row + 1 }, format) };
  } catch (error) {
    if (error instanceof RowError) return { problem: error.words };
    throw error;
  }
}

/** The format of the first rows that have one. */
export function formatOf(rows: readonly RowBytes[]): DatasetFormat | undefined {
  for (const { bytes } of rows) {
    // The problem of a row that is none is told where it is shown.
    const read = readRowText(bytes.toString('utf8'));
    const format = 'row' in read ? detectFormat(read.row) : undefined;
    if (format) return format;
  }
  return undefined;
}

/** Where the answer stands in the text that the view shows of a row. */
export function placesOfAnswer(raw: RowBytes, format: DatasetFormat): AnswerPlace[] | undefined {
  const strings = mapRow(textOf(raw), format)?.answer;
  return strings?.map(({ offsets }) => ({ start: offsets[0] as number, end: offsets.at(-1) as number }));
}

const textOf = (raw: RowBytes): string => raw.bytes.toString('utf8').trim();

export function toViewRow(raw: RowBytes, parsed: ParsedRow, characters: number): DatasetViewRow {
  const whole = textOf(raw);
  const text = cutText(whole, characters);
  const row = {
    row: raw.row,
    text,
    bytes: raw.length,
    cut: text.length < whole.length || raw.length > raw.bytes.length,
  };
  if ('blank' in parsed) return { ...row, blank: true };
  if ('problem' in parsed) return { ...row, blank: false, problem: parsed.problem };
  const { body, provenance } = parsed.example;
  return {
    ...row,
    blank: false,
    prompt: body.kind === 'text' ? '' : cutText(textOfPrompt(body.prompt), characters),
    answer: cutText(answerOf(parsed.example), characters),
    provenance,
  };
}
