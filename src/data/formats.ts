// The dataset formats: how each is recognised by its columns and how a row becomes prompt and answer. One explicit table;
// a row that does not fit is an error message, never a guess.
import { inEnglish, joined, phrase } from '../shared/phrase.ts';
import type { Words } from '../shared/phrase.ts';
import type { ExampleBody, Message } from '../shared/dataset.ts';

export type DatasetFormat = 'text' | 'messages' | 'prompt-completion' | 'alpaca' | 'sharegpt' | 'question-answer';

export type Row = Record<string, unknown>;

interface FormatRule {
  /** Columns that a row of this format must have; the first format whose columns are all there is the detected one. */
  needs: string[];
  /** Columns that make up the prompt or the text: they are not repeated among an example's fields. */
  consumes: string[];
  /** Throws a RowError that names the column. */
  read(row: Row): ExampleBody;
}

/** Why a row cannot be used. */
export class RowError extends Error {
  readonly words: Words;

  constructor(words: Words) {
    super(inEnglish(words));
    this.words = words;
  }
}

/** In order of detection: the richer format first (alpaca files often carry a rendered `text` as well). */
export const formats: { readonly [F in DatasetFormat]: FormatRule } = {
  messages: {
    needs: ['messages'],
    consumes: ['messages'],
    read: (row) => chatBody(readMessages(row, 'messages'), 'messages'),
  },
  sharegpt: {
    needs: ['conversations'],
    consumes: ['conversations'],
    read: (row) => chatBody(readMessages(row, 'conversations'), 'conversations'),
  },
  'prompt-completion': {
    needs: ['prompt', 'completion'],
    consumes: ['prompt'],
    read: readPromptCompletion,
  },
  alpaca: {
    needs: ['instruction', 'output'],
    consumes: ['instruction', 'input'],
    read(row) {
      const instruction = readText(row, 'instruction');
      const input = row['input'] == null ? '' : readText(row, 'input');
      const prompt = [instruction, input].filter((part) => part.trim() !== '').join('\n\n');
      return singleTurn(prompt, 'instruction', readText(row, 'output'), 'output');
    },
  },
  'question-answer': {
    needs: ['question', 'answer'],
    consumes: ['question'],
    read: (row) => singleTurn(readText(row, 'question'), 'question', readText(row, 'answer'), 'answer'),
  },
  text: {
    needs: ['text'],
    consumes: ['text'],
    read: (row) => ({ kind: 'text', text: filled(readText(row, 'text'), 'text') }),
  },
};

/** The format whose columns a row has, or undefined. */
export function detectFormat(row: Row): DatasetFormat | undefined {
  const names = Object.keys(formats) as DatasetFormat[];
  return names.find((name) => formats[name].needs.every((column) => Object.hasOwn(row, column)));
}

/** Why a row cannot be used whose format nobody named and nothing tells. */
export function noKnownFormat(row: Row): RowError {
  return new RowError(phrase('the columns ({0}) are those of no known format', columnsOf(row)));
}

/** The names of a row's columns, for messages. */
export function columnsOf(row: Row): Words {
  const names = Object.keys(row).map((name) => JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}...` : name));
  if (names.length === 0) return phrase('none');
  const shown = joined(names.slice(0, 12));
  return names.length > 12 ? phrase('{0} and {1} more', shown, names.length - 12) : shown;
}

function readPromptCompletion(row: Row): ExampleBody {
  const completion = Array.isArray(row['completion']) ? readMessages(row, 'completion') : readText(row, 'completion');
  if (typeof row['prompt'] === 'string' && typeof completion === 'string') {
    return { kind: 'plain', prompt: row['prompt'], completion: filled(completion, 'completion') };
  }
  const prompt: Message[] = Array.isArray(row['prompt'])
    ? readMessages(row, 'prompt')
    : [{ role: 'user', content: readText(row, 'prompt') }];
  const answer: Message[] = typeof completion === 'string' ? [{ role: 'assistant', content: completion }] : completion;
  return chatBody([...prompt, ...answer], 'completion');
}

function singleTurn(prompt: string, promptColumn: string, completion: string, column: string): ExampleBody {
  return {
    kind: 'chat',
    prompt: [{ role: 'user', content: filled(prompt, promptColumn) }],
    completion: filled(completion, column),
  };
}

/** The final assistant turn is the answer; every turn before it is the prompt. */
function chatBody(messages: Message[], column: string): ExampleBody {
  const last = messages.at(-1);
  if (last === undefined) throw new RowError(phrase('"{0}" has no messages', column));
  if (last.role !== 'assistant')
    throw new RowError(phrase('"{0}" ends with a {1} message, not the assistant\'s', column, last.role));
  const prompt = messages.slice(0, -1);
  if (prompt.length === 0) throw new RowError(phrase('"{0}" has no message before the answer', column));
  return { kind: 'chat', prompt, completion: filled(last.content, phrase('{0} (last message)', column)) };
}

function readText(row: Row, column: string): string {
  const value = Object.hasOwn(row, column) ? row[column] : undefined;
  if (typeof value === 'string') return value;
  if (value === undefined) throw missingField(column);
  throw new RowError(phrase('"{0}" is {1}, not text', column, kindOf(value)));
}

function filled(text: string, column: Words): string {
  if (text.trim() === '') throw new RowError(phrase('"{0}" is empty', column));
  return text;
}

function readMessages(row: Row, column: string): Message[] {
  const value = Object.hasOwn(row, column) ? row[column] : undefined;
  if (value === undefined) throw missingField(column);
  if (!Array.isArray(value)) throw new RowError(phrase('"{0}" is {1}, not a list of messages', column, kindOf(value)));
  return value.map((message: unknown, index) => readMessage(message, `${column}[${index}]`));
}

const missingField = (column: string): RowError => new RowError(phrase('missing field "{0}"', column));

/** Roles as the formats spell them. */
const roles = new Map<unknown, Message['role']>([
  ['system', 'system'],
  ['developer', 'system'],
  ['user', 'user'],
  ['human', 'user'],
  ['assistant', 'assistant'],
  ['gpt', 'assistant'],
  ['model', 'assistant'],
  ['chatgpt', 'assistant'],
  ['tool', 'tool'],
  ['function', 'tool'],
  ['observation', 'tool'],
]);

/** `{role, content}` as in OpenAI's and TRL's messages, or `{from, value}` as in sharegpt. */
function readMessage(message: unknown, place: string): Message {
  if (typeof message !== 'object' || message === null)
    throw new RowError(phrase('"{0}" is {1}, not a message', place, kindOf(message)));
  const { role, from, content, value } = message as Row;
  const speaker = role ?? from;
  if (speaker === undefined) throw new RowError(phrase('"{0}" has neither "role" nor "from"', place));
  const known = roles.get(speaker);
  if (known === undefined) throw new RowError(phrase('"{0}" has the unknown role {1}', place, JSON.stringify(speaker)));
  return { role: known, content: readContent(content ?? value, place) };
}

/** Text, or a list of text parts. Pictures and tool calls without text are not silently left out. */
function readContent(content: unknown, place: string): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) {
    return content
      .map((part: unknown) => {
        const { type, text } = (typeof part === 'object' ? (part ?? {}) : {}) as Row;
        if (type !== 'text' || typeof text !== 'string')
          throw new RowError(phrase('"{0}" has a part that is not text', place));
        return text;
      })
      .join('');
  }
  throw new RowError(
    content == null ? phrase('"{0}" has no text', place) : phrase('the text of "{0}" is {1}', place, kindOf(content)),
  );
}

/** What a JSON value is. */
function kindOf(value: unknown): Words {
  if (value === null) return 'null';
  if (Array.isArray(value)) return phrase('a list');
  if (typeof value === 'string') return phrase('a string');
  if (typeof value === 'number') return phrase('a number');
  return typeof value === 'boolean' ? phrase('a boolean') : phrase('an object');
}
