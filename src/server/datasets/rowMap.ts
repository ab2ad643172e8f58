// From tokens of an answer to their places in the raw text of a row: through escapes, through characters of several units,
// and through templates that trim. Offsets are UTF-16 units.
import { parseTree, type Node } from 'jsonc-parser';
import { alignAnswer, placeInAnswer } from '../../data/alignAnswer.ts';
import type { DatasetFormat } from '../../data/formats.ts';

/** A JSON string of the row with the place of every unit of its text. */
export interface MappedString {
  text: string;
  /** Raw offset of every unit, and of the closing quote at the end. */
  offsets: Uint32Array;
}

/** The strings of a row that a format reads: the answer's in order, and those of the prompt. */
export interface RowStrings {
  answer: MappedString[];
  prompt: MappedString[];
  /** JSON value that holds the answer: a string, or a list of text parts. */
  answerNode: Node;
  /** The row's object. */
  root: Node;
}

/** Finds the strings of a row; undefined when the row is not of this format. */
export function mapRow(raw: string, format: DatasetFormat): RowStrings | undefined {
  const root = parseTree(raw, [], { disallowComments: true });
  if (root?.type !== 'object') return undefined;
  const places = placesOf(root, format);
  if (!places?.answer) return undefined;
  const strings = (nodes: readonly Node[]): MappedString[] =>
    nodes.flatMap(textNodes).map((node) => mapString(raw, node));
  return { answer: strings([places.answer]), prompt: strings(places.prompt), answerNode: places.answer, root };
}

interface Places {
  answer: Node | undefined;
  prompt: Node[];
}

function placesOf(root: Node, format: DatasetFormat): Places | undefined {
  const value = (name: string): Node | undefined => valueOf(root, name);
  const present = (...nodes: (Node | undefined)[]): Node[] => nodes.filter((node) => node !== undefined);
  switch (format) {
    case 'messages':
      return lastContent(value('messages'), []);
    case 'sharegpt':
      return lastContent(value('conversations'), []);
    case 'alpaca':
      return { answer: value('output'), prompt: present(value('instruction'), value('input')) };
    case 'question-answer':
      return { answer: value('answer'), prompt: present(value('question')) };
    case 'text':
      return { answer: value('text'), prompt: [] };
    case 'prompt-completion': {
      const [prompt, completion] = [value('prompt'), value('completion')];
      const before = prompt?.type === 'array' ? contents(prompt) : present(prompt);
      if (completion?.type === 'array') return lastContent(completion, before);
      return { answer: completion, prompt: before };
    }
    default:
      return format satisfies never;
  }
}

/** The last message is the answer, every one before it belongs to the prompt. */
function lastContent(messages: Node | undefined, before: Node[]): Places | undefined {
  if (messages?.type !== 'array') return undefined;
  const all = contents(messages);
  return { answer: all.at(-1), prompt: [...before, ...all.slice(0, -1)] };
}

function contents(messages: Node): Node[] {
  return (messages.children ?? []).flatMap((message) => {
    const content = valueOf(message, 'content');
    const node = content === undefined || content.type === 'null' ? valueOf(message, 'value') : content;
    return node ? [node] : [];
  });
}

/** A string, or the texts of a list of parts. */
function textNodes(node: Node): Node[] {
  if (node.type === 'string') return [node];
  if (node.type !== 'array') return [];
  return (node.children ?? []).flatMap((part) => {
    const text = valueOf(part, 'text');
    return text?.type === 'string' ? [text] : [];
  });
}

/** The value of a property. Of several with one name the last one counts, as for JSON.parse. */
export function valueOf(object: Node, name: string): Node | undefined {
  return propertyOf(object, name)?.children?.[1];
}

/** The property with its name and value. */
export function propertyOf(object: Node, name: string): Node | undefined {
  if (object.type !== 'object') return undefined;
  return object.children?.findLast((property) => property.children?.[0]?.value === name);
}

/** Follows a string literal escape by escape. */
function mapString(raw: string, node: Node): MappedString {
  const text = node.value as string;
  const offsets = new Uint32Array(text.length + 1);
  let at = node.offset + 1;
  for (let unit = 0; unit < text.length; unit++) {
    offsets[unit] = at;
    if (raw.charCodeAt(at) !== 0x5c) at += 1;
    else at += raw.charCodeAt(at + 1) === 0x75 ? 6 : 2;
  }
  offsets[text.length] = at;
  return { text, offsets };
}

/** A stretch of the raw text. */
export interface RawSpan {
  start: number;
  end: number;
}

/** The raw stretches of [start, end) of the joined strings; one for each string that it touches. */
export function rawSpans(strings: readonly MappedString[], start: number, end: number): RawSpan[] {
  const spans: RawSpan[] = [];
  let before = 0;
  for (const { text, offsets } of strings) {
    const from = Math.max(0, start - before);
    const to = Math.min(text.length, end - before);
    if (from < to) spans.push({ start: offsets[from] as number, end: offsets[to] as number });
    before += text.length;
  }
  return spans;
}

/** The raw stretches of every token of a scored text; none for tokens without a place in the answer. */
export function tokenSpans(
  strings: readonly MappedString[],
  scored: { text: string; starts: readonly number[]; ends: readonly number[] },
): RawSpan[][] {
  const alignment = alignAnswer(strings.map(({ text }) => text).join(''), scored.text);
  return scored.starts.map((start, index) => {
    if (!alignment) return [];
    const end = scored.ends[index] as number;
    return rawSpans(strings, placeInAnswer(alignment, start), placeInAnswer(alignment, end));
  });
}
