// What a target recipe is: it turns dataset rows (prompt, ground truth) into rows to train on, before training
// (methods part 2). Rows stream through in order; a dropped row is said, never silent.
import type { TextCoder } from '../../data/textCoder.ts';
import type { Completion, Engine } from '../../engine/engine.ts';
import type { DroppedRow, Example, ExampleBody, Provenance } from '../../shared/dataset.ts';
import type { Phrase } from '../../shared/phrase.ts';

/** Decides whether a text answers an example correctly. */
export type Verify = (text: string, example: Example, finish: Completion['finish']) => boolean;

export interface RecipeContext {
  engine: Engine;
  /** Id of the base model: targets always come from the model before the run. */
  model: number;
  texts: TextCoder;
  /** Absent: every answer is accepted. */
  verify?: Verify;
  /** Longest generated answer in tokens. */
  maxTokens: number;
  seed: number;
  signal?: AbortSignal;
  /** Called with the number of tokens generated since the last call. */
  onGenerated?: (tokens: number) => void;
}

export type TargetEvent = { kind: 'target'; example: Example } | { kind: 'dropped'; dropped: DroppedRow };

/** Answers that are asked for in one call, so that the engine can fill its batches; results do not depend on it. */
export const answersTogether = 512;

/** A row whose answer can be written anew: raw text has no prompt to answer. */
export type AnsweredExample = Example & { body: Exclude<ExampleBody, { kind: 'text' }> };

/** Raw text has no prompt, so recipes pass it on as it is. */
export function hasPrompt(example: Example): example is AnsweredExample {
  return example.body.kind !== 'text';
}

/** The same row with another answer. */
export function withAnswer(example: AnsweredExample, completion: string, provenance: Provenance): Example {
  return { ...example, body: { ...example.body, completion }, provenance };
}

/** The text that is trained on. */
export function answerOf(example: Example): string {
  return example.body.kind === 'text' ? example.body.text : example.body.completion;
}

/** A dropped row with its reason. */
export function dropped(example: Example, reason: Phrase): TargetEvent {
  return { kind: 'dropped', dropped: { source: example.source, reason } };
}

/** Groups a stream into lists of at most `size`. */
export async function* inGroups<T>(values: Iterable<T> | AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const value of values) {
    group.push(value);
    if (group.length === size) {
      yield group;
      group = [];
    }
  }
  if (group.length > 0) yield group;
}
