// Words for training data. An example is one dataset row after its format has been understood, still as text.

import type { Words } from './phrase.ts';

/** One turn of a conversation, as chat templates take it. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
}

/** Who wrote a training target (methods 0.5). */
export type Provenance =
  'ground_truth' | 'native' | 'self_output' | 'rephrase' | 'other_model' | 'replay' | 'pseudo_replay' | 'safety';

/** Where a row came from: file as the person named it and its 1-based line (JSONL) or row number (JSON array). */
export interface RowSource {
  file: string;
  line: number;
}

/**
 * One dataset row. `chat`: `prompt` are the turns before the answer and `completion` is the assistant answer that is
 * trained on. `text`: raw text, every token trained on. `plain`: prompt and completion as strings: a user turn and its answer
 * under a chat template, continued as they are by models that have none.
 */
export type ExampleBody =
  | { kind: 'chat'; prompt: Message[]; completion: string }
  | { kind: 'plain'; prompt: string; completion: string }
  | { kind: 'text'; text: string };

/** A row with its provenance. `fields` keeps every other column of the row (for instance `answer` or `native`). */
export interface Example {
  body: ExampleBody;
  provenance: Provenance;
  source: RowSource;
  fields: Record<string, unknown>;
}

/** A dropped row: counted and said, never silent. */
export interface DroppedRow {
  source: RowSource;
  reason: Words;
}
