// Two target files over the same prompts, aligned by prompt while both stream. Rows in the same order need no memory;
// rows out of order wait until their partner comes.
import { readExamples } from '../data/examples.ts';
import type { DatasetFormat, ExampleEvent } from '../data/examples.ts';
import type { DroppedRow, Example } from '../shared/dataset.ts';

export type Side = 'a' | 'b';

/** A row of one side: `key` says which prompt it answers, `value` is what is wanted of it. */
export type AlignableRow<T> = { kind: 'row'; key: string; value: T } | { kind: 'dropped'; dropped: DroppedRow };

export type AlignEvent<T> =
  | { kind: 'pair'; a: T; b: T }
  | { kind: 'only'; side: Side; value: T }
  | { kind: 'dropped'; side: Side; dropped: DroppedRow };

export interface AlignOptions {
  format?: DatasetFormat;
  /** Only the first usable rows of each file. */
  limit?: number;
}

/** What identifies a prompt: its turns, or its text. Raw texts have no prompt and are aligned by position. */
export function promptKey(example: Example, position: number): string {
  const { body } = example;
  return body.kind === 'text' ? `#${position}` : JSON.stringify(body.prompt);
}

/** Pairs the rows of two files; a prompt that comes several times is paired in order. */
export function alignFiles(fileA: string, fileB: string, options: AlignOptions): AsyncGenerator<AlignEvent<Example>> {
  const rows = (file: string) => alignableRows(readExamples(file, options), ({ example }) => example);
  return alignByPrompt(rows(fileA), rows(fileB));
}

/** Examples as rows that can be aligned; `pick` chooses what is kept while a row waits for its partner. */
export async function* alignableRows<T>(
  events: AsyncIterable<ExampleEvent>,
  pick: (event: Extract<ExampleEvent, { kind: 'example' }>) => T,
  keyOf: (example: Example, position: number) => string = promptKey,
): AsyncGenerator<AlignableRow<T>> {
  let position = 0;
  for await (const event of events) {
    if (event.kind === 'dropped') yield event;
    else yield { kind: 'row', key: keyOf(event.example, position++), value: pick(event) };
  }
}

/** Pairs two streams by key while both are read; what finds no partner comes at the end. */
export async function* alignByPrompt<T>(
  a: AsyncIterable<AlignableRow<T>>,
  b: AsyncIterable<AlignableRow<T>>,
): AsyncGenerator<AlignEvent<T>> {
  const waiting = { a: new Map<string, T[]>(), b: new Map<string, T[]>() };
  const readers = { a: a[Symbol.asyncIterator](), b: b[Symbol.asyncIterator]() };
  const open = new Set<Side>(['a', 'b']);
  while (open.size > 0) {
    for (const side of ['a', 'b'] as const) {
      if (!open.has(side)) continue;
      const next = await readers[side].next();
      if (next.done) {
        open.delete(side);
        continue;
      }
      if (next.value.kind === 'dropped') {
        yield { kind: 'dropped', side, dropped: next.value.dropped };
        continue;
      }
      const { key, value } = next.value;
      const partner = take(waiting[side === 'a' ? 'b' : 'a'], key);
      if (!partner) put(waiting[side], key, value);
      else
        yield side === 'a'
          ? { kind: 'pair', a: value, b: partner.value }
          : { kind: 'pair', a: partner.value, b: value };
    }
  }
  for (const side of ['a', 'b'] as const) {
    for (const values of waiting[side].values()) {
      for (const value of values) yield { kind: 'only', side, value };
    }
  }
}

function take<T>(waiting: Map<string, T[]>, key: string): { value: T } | undefined {
  const list = waiting.get(key);
  if (!list) return undefined;
  const value = list.shift() as T;
  if (list.length === 0) waiting.delete(key);
  return { value };
}

function put<T>(waiting: Map<string, T[]>, key: string, value: T): void {
  const list = waiting.get(key);
  if (list) list.push(value);
  else waiting.set(key, [value]);
}
