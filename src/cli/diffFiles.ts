// Two target files over the same prompts, aligned by prompt while both stream. Rows in the same order need no memory;
// rows out of order wait until their partner comes.
import { readExamples } from '../data/examples.ts';
import type { DatasetFormat } from '../data/examples.ts';
import type { DroppedRow, Example } from '../shared/dataset.ts';

export type Side = 'a' | 'b';

export type DiffEvent =
  | { kind: 'pair'; a: Example; b: Example }
  | { kind: 'only'; side: Side; example: Example }
  | { kind: 'dropped'; side: Side; dropped: DroppedRow };

/** What identifies a prompt: its turns, or its text. Raw texts have no prompt and are aligned by position. */
function promptKey(example: Example, position: number): string {
  const { body } = example;
  return body.kind === 'text' ? `#${position}` : JSON.stringify(body.prompt);
}

/** Pairs the rows of two files; a prompt that comes several times is paired in order. */
export async function* alignFiles(
  fileA: string,
  fileB: string,
  options: { format?: DatasetFormat; limit?: number },
): AsyncGenerator<DiffEvent> {
  const waiting = { a: new Map<string, Example[]>(), b: new Map<string, Example[]>() };
  const readers = { a: readExamples(fileA, options), b: readExamples(fileB, options) };
  const positions = { a: 0, b: 0 };
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
      const { example } = next.value;
      const key = promptKey(example, positions[side]++);
      const other = side === 'a' ? 'b' : 'a';
      const partner = take(waiting[other], key);
      if (!partner) put(waiting[side], key, example);
      else yield side === 'a' ? { kind: 'pair', a: example, b: partner } : { kind: 'pair', a: partner, b: example };
    }
  }
  for (const side of ['a', 'b'] as const) {
    for (const examples of waiting[side].values()) {
      for (const example of examples) yield { kind: 'only', side, example };
    }
  }
}

function take(waiting: Map<string, Example[]>, key: string): Example | undefined {
  const list = waiting.get(key);
  const first = list?.shift();
  if (list?.length === 0) waiting.delete(key);
  return first;
}

function put(waiting: Map<string, Example[]>, key: string, example: Example): void {
  const list = waiting.get(key);
  if (list) list.push(example);
  else waiting.set(key, [example]);
}
