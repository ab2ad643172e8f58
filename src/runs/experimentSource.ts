// An experiment file as text with places: parses YAML and JSON alike and finds the stretch of text that a path in the
// document means. Knows nothing about what an experiment must contain.
import { extname } from 'node:path';
import { LineCounter, isMap, isPair, isScalar, isSeq, parseDocument } from 'yaml';
import type { Document, Pair, ParsedNode, Scalar } from 'yaml';
import { aliasTrouble, isMergeKey, mergedNodes, resolved } from './yamlAliases.ts';

export type DocumentPath = readonly PropertyKey[];

/** Offsets in the text, UTF-16 units, half-open. */
export type Span = readonly [start: number, end: number];

export interface ExperimentSource {
  /** Absolute path of the file. */
  file: string;
  text: string;
  /** The document as plain values; meaningless when there are syntax errors. */
  value: unknown;
  document: Document.Parsed;
  syntaxErrors: { message: string; span: Span }[];
  /** 1-based line and column of an offset. */
  place: (offset: number) => { line: number; column: number };
}

/**
 * How every reader of experiment files parses them. Arms that differ in one key are written with merge keys
 * (`<<: *plain`), as in the YAML of other tools. The parser's own warnings would go to the terminal; errors are all kept,
 * which "silent" would not do.
 */
export const yamlOptions = { prettyErrors: false, uniqueKeys: true, merge: true, logLevel: 'error' } as const;

/** Parses a text. Never throws: what cannot be parsed is in `syntaxErrors`. */
export function parseExperimentText(file: string, text: string): ExperimentSource {
  const lines = new LineCounter();
  // JSON is YAML, so one parser gives positions for both. Aliases are limited by the parser itself.
  const document = parseDocument(text, { ...yamlOptions, lineCounter: lines });
  const syntaxErrors = document.errors.map(({ message, pos }) => ({ message, span: visible(text, pos) }));
  let value: unknown;
  try {
    value = document.toJS() as unknown;
  } catch (error) {
    // An alias without an anchor, a merge key with something that is no mapping, or so many aliases that they would
    // fill the memory.
    const span = aliasTrouble(document) ?? firstLine(text, 0, text.length);
    syntaxErrors.push({ message: (error as Error).message, span });
  }
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  return { file, text, value, document, syntaxErrors, place };
}

/** What the file is written in, for messages. */
export function languageOf(file: string): 'JSON' | 'YAML' {
  return extname(file) === '.json' ? 'JSON' : 'YAML';
}

/** Where a path leads: the deepest node of it that is in the file. */
export interface Located {
  node: ParsedNode | null;
  /** The mapping entry whose value `node` is. */
  pair: Pair<ParsedNode, ParsedNode | null> | undefined;
  /** Keys of the path that were found. */
  depth: number;
}

/** Follows a path through mappings, sequences, aliases and merge keys. */
export function locate(document: Document.Parsed, path: DocumentPath): Located {
  let located: Located = { node: document.contents, pair: undefined, depth: 0 };
  for (const key of path) {
    const next = step(document, resolved(document, located.node), key);
    if (!next) return located;
    located = { ...next, depth: located.depth + 1 };
  }
  return located;
}

function step(document: Document.Parsed, node: unknown, key: PropertyKey): Pick<Located, 'node' | 'pair'> | undefined {
  if (isSeq(node)) {
    const item = typeof key === 'number' ? node.items[key] : undefined;
    return item && !isPair(item) ? { node: item as ParsedNode, pair: undefined } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
  if (pair) return { node: pair.value as ParsedNode | null, pair: pair as Located['pair'] };
  for (const merged of node.items.filter(isMergeKey).flatMap((item) => mergedNodes(document, item))) {
    const found = step(document, merged, key);
    if (found) return found;
  }
  return undefined;
}

/**
 * The text that a problem at `path` is about: the key or the value. A value of several lines is shown by its key; where
 * something is missing, by the key or the first line of what lacks it.
 */
export function spanOf(source: ExperimentSource, path: DocumentPath, on: 'key' | 'value'): Span {
  const { node, pair, depth } = locate(source.document, path);
  const keySpan = pair ? contentSpan(source.text, pair.key) : undefined;
  const valueSpan = node ? contentSpan(source.text, node) : undefined;
  if (depth === path.length && on === 'value' && valueSpan && isOneLine(source.text, valueSpan)) return valueSpan;
  if (keySpan) return keySpan;
  if (node && !valueSpan) return wordBefore(source.text, node) ?? firstLine(source.text, 0, source.text.length);
  return valueSpan ? firstLine(source.text, ...valueSpan) : firstLine(source.text, 0, source.text.length);
}

/** The scalar that `on` of a path is, for replacing it in its own quotes. */
export function scalarAt(source: ExperimentSource, path: DocumentPath, on: 'key' | 'value'): Scalar | undefined {
  const { node, pair, depth } = locate(source.document, path);
  const found = on === 'key' ? pair?.key : node;
  return depth === path.length && isScalar(found) ? found : undefined;
}

/** The text of a node without the blank rest of its last line. */
function contentSpan(text: string, node: ParsedNode): Span | undefined {
  const [start, end] = node.range;
  const length = text.slice(start, end).trimEnd().length;
  return length > 0 ? [start, start + length] : undefined;
}

/** The `-` of an item that has not been typed yet, or its anchor or tag. */
function wordBefore(text: string, { range: [end] }: ParsedNode): Span | undefined {
  const before = text.slice(0, end).trimEnd();
  const word = /\S+$/.exec(before)?.[0];
  return word === undefined ? undefined : [before.length - word.length, before.length];
}

const isOneLine = (text: string, [start, end]: Span): boolean => !text.slice(start, end).includes('\n');

function firstLine(text: string, start: number, end: number): Span {
  const line = text.slice(start, end).split(/\r?\n/, 1)[0] ?? '';
  return [start, start + line.trimEnd().length];
}

/** At least one character, where there is one, and the whole word: an error of no width would be invisible. */
function visible(text: string, [start, end]: readonly [number, number]): Span {
  const from = Math.min(start, text.length);
  if (from === text.length) return [Math.max(0, from - 1), from];
  const word = /^[\p{L}\p{N}_-]+/u.exec(text.slice(from, from + 200))?.[0].length ?? 1;
  return [from, Math.max(Math.min(end, text.length), from + word)];
}
