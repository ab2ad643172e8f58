// Reads a benchmark file: one item a line, checked against what its scorer needs before any model is asked. Nothing is
// dropped: an unusable line is an error that names it, because a benchmark with silent gaps measures something else.
import path from 'node:path';
import { z } from 'zod';
import { readRows } from '../data/readRows.ts';
import type { Message } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import type { BenchmarkConfig } from '../shared/experiment.ts';
import { hashJson } from '../tokenizer/canonicalJson.ts';
import { findScorer, type Scorer } from './scorers.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase, Words } from '../shared/phrase.ts';

export interface BenchmarkItem {
  /** Row of the benchmark file, 0-based. */
  index: number;
  /** A question or the turns before the answer. Empty for items that are scored by likelihood. */
  prompt: Message[] | string;
  answer: unknown;
  /** Every column of the row. */
  fields: Record<string, unknown>;
}

export interface Benchmark {
  config: BenchmarkConfig;
  items: BenchmarkItem[];
  /** SHA-256 of the items used. */
  itemsHash: string;
}

/** Our own name first, then those of GSM8K and OpenFunctions (methods 6.0: official files are read as they are). */
const PROMPT_COLUMNS = ['prompt', 'question', 'instruction'];
const ANSWER_COLUMNS = ['answer', 'model_answer', 'output'];

const promptSchema = z.union([
  z.string().min(1),
  z.array(z.object({ role: z.enum(['system', 'user', 'assistant', 'tool']), content: z.string() })).min(1),
]);

/** Loads the items of a benchmark, at most `limit`. Throws `benchmark-invalid` with the line and what to do. */
export async function loadBenchmark(config: BenchmarkConfig, baseFolder: string): Promise<Benchmark> {
  const scorer = findScorer(config.scorer);
  const items: BenchmarkItem[] = [];
  for await (const event of readRows(path.resolve(baseFolder, config.data))) {
    if (event.kind === 'dropped') throw lineError(config, event.dropped.source.line, event.dropped.reason);
    const item = readItem(event.row, items.length, scorer);
    if ('problem' in item) throw lineError(config, event.source.line, item.problem);
    items.push(item);
    if (items.length === config.limit) break;
  }
  if (items.length === 0) {
    throw new LabError('benchmark-invalid', phrase('Benchmark "{0}": {1} has no items', config.name, config.data), {
      remedy: phrase('Put one JSON object with "prompt" and "answer" on each line'),
    });
  }
  return { config, items, itemsHash: hashJson(items) };
}

/** The item of a row, or what is wrong with it. */
function readItem(row: Record<string, unknown>, index: number, scorer: Scorer): BenchmarkItem | { problem: Phrase } {
  const answer = column(row, ANSWER_COLUMNS);
  const problem = scorer.check?.({ answer, fields: row });
  if (problem !== undefined) return { problem: phrase('{0} (scorer {1})', problem, scorer.id) };
  if (scorer.kind === 'likelihood') return { index, prompt: '', answer, fields: row };
  const prompt = column(row, PROMPT_COLUMNS);
  if (prompt === undefined) return { problem: noPrompt(Object.keys(row)) };
  const checked = promptSchema.safeParse(prompt);
  if (!checked.success) {
    return { problem: phrase('"prompt" must be a text or a list of messages with "role" and "content"') };
  }
  return { index, prompt: checked.data, answer, fields: row };
}

function noPrompt(columns: readonly string[]): Phrase {
  return columns.length === 0
    ? phrase('there is no "prompt" (the line has no fields)')
    : phrase('there is no "prompt" (the line has {0})', columns.join(', '));
}

function column(row: Record<string, unknown>, names: readonly string[]): unknown {
  const name = names.find((candidate) => Object.hasOwn(row, candidate));
  return name === undefined ? undefined : row[name];
}

function lineError(config: BenchmarkConfig, line: number, problem: Words): LabError {
  return new LabError(
    'benchmark-invalid',
    phrase('Benchmark "{0}", {1} line {2}: {3}', config.name, config.data, line, problem),
    {
      remedy: phrase('Mend or remove this line, or choose a scorer that fits the file'),
    },
  );
}
