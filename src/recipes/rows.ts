// Training rows as JSON: a dataset in TRL's formats that anyone can read, with where each answer came from, how probable
// the base model found its tokens, and which of them the loss leaves out. This file turns rows into JSON and back, and
// into the sequences that an engine trains on.
import type { TextSide } from '../data/textSide.ts';
import type { TrainingSequence } from '../engine/engine.ts';
import { itemPerplexity } from '../metrics/perplexity.ts';
import type { Example, ExampleBody, Message, Provenance, RowSource } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import { maskSpans } from './mask.ts';
import { encodeScorable } from './scoreRows.ts';
import type { ScoredRow } from './scoreRows.ts';
import { answerOf } from './targets/recipe.ts';

/** A row to train on. */
export interface TargetRow {
  example: Example;
  /** Per answer token under the base; empty for replayed rows, which are not scored. */
  logprobs: number[];
  /** Indices of the answer tokens that the loss leaves out. */
  masked: number[];
  /** The same as UTF-16 spans of the answer, in whole characters. */
  mask: [start: number, end: number][];
}

const ownKeys = ['prompt', 'completion', 'text', 'provenance', 'source', 'ppl', 'logprobs', 'masked', 'mask'];

/** A scored row with its mask. */
export function toTargetRow(row: ScoredRow, masked: readonly boolean[]): TargetRow {
  return {
    example: row.example,
    logprobs: row.logprobs,
    masked: masked.flatMap((left, index) => (left ? [index] : [])),
    mask: maskSpans(masked, row, answerOf(row.example)),
  };
}

/** A replayed row: trained on in full, not scored. */
export function replayRow(example: Example): TargetRow {
  return { example: { ...example, provenance: 'replay' }, logprobs: [], masked: [], mask: [] };
}

/** The row as one JSON object. Other columns of the dataset stay; ours win over columns of the same name. */
export function rowToJson(row: TargetRow): Record<string, unknown> {
  const { example, logprobs } = row;
  return {
    // What an earlier target file said of its own answers does not hold for these.
    ...otherFields(example.fields),
    ...bodyToJson(example.body),
    provenance: example.provenance,
    source: example.source,
    ...(logprobs.length > 0 ? { ppl: Math.round(itemPerplexity(logprobs) * 1e6) / 1e6, logprobs } : {}),
    ...(row.masked.length > 0 ? { mask: row.mask, masked: row.masked } : {}),
  };
}

function otherFields(json: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json).filter(([key]) => !ownKeys.includes(key)));
}

function bodyToJson(body: ExampleBody): Record<string, unknown> {
  switch (body.kind) {
    case 'chat':
      return { prompt: body.prompt, completion: [{ role: 'assistant', content: body.completion }] };
    case 'plain':
      return { prompt: body.prompt, completion: body.completion };
    case 'text':
      return { text: body.text };
    default:
      return body satisfies never;
  }
}

/** Reads what `rowToJson` wrote. */
export function rowFromJson(value: unknown): TargetRow {
  const json = value as Record<string, unknown>;
  const fields = otherFields(json);
  const example: Example = {
    body: bodyFromJson(json),
    provenance: json['provenance'] as Provenance,
    source: json['source'] as RowSource,
    fields,
  };
  return {
    example,
    logprobs: (json['logprobs'] as number[] | undefined) ?? [],
    masked: (json['masked'] as number[] | undefined) ?? [],
    mask: (json['mask'] as [number, number][] | undefined) ?? [],
  };
}

function bodyFromJson(json: Record<string, unknown>): ExampleBody {
  if (typeof json['text'] === 'string') return { kind: 'text', text: json['text'] };
  if (typeof json['prompt'] === 'string') {
    return { kind: 'plain', prompt: json['prompt'], completion: String(json['completion']) };
  }
  const completion = json['completion'] as Message[];
  return { kind: 'chat', prompt: json['prompt'] as Message[], completion: completion[0]?.content ?? '' };
}

/** Training sequences of rows: weight 1 on answer tokens that are trained on, 0 on the prompt and on masked tokens. */
export function toSequences(rows: readonly TargetRow[], side: TextSide): TrainingSequence[] {
  return rows.map((row) => {
    const part = encodeScorable(side, row.example);
    if ('reason' in part) throw rowError(row, part.reason);
    const weights = part.tokens.map((_, index) => (index >= part.from ? 1 : 0));
    if (row.logprobs.length > 0 && row.logprobs.length !== part.tokens.length - part.from) {
      throw rowError(row, phrase('its token probabilities belong to another tokenizer or template'));
    }
    for (const index of row.masked) weights[part.from + index] = 0;
    return { tokens: part.tokens, weights };
  });
}

function rowError(row: TargetRow, reason: Phrase): LabError {
  const { file, line } = row.example.source;
  return new LabError(
    'dataset-invalid',
    phrase('The training row from {0} line {1} cannot be used: {2}', file, line, reason),
    { remedy: phrase('Start a new run, so that the targets are made again') },
  );
}
