// Where the cursor stands in a file that is being written: at a key or a value, and at which path. Only the text before
// the cursor decides, so that an unfinished line does not matter; what follows only adds the keys that are there already.
import { isMap, isPair, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import { yamlOptions } from '../../runs/experimentSource.ts';
import type { DocumentPath } from '../../runs/experimentSource.ts';
import { valueAt } from '../../runs/schemaPaths.ts';

export interface Cursor {
  role: 'key' | 'value';
  /** Of the mapping for a key, of the value itself for a value. */
  path: DocumentPath;
  /** Offsets of the word that is being typed, quotes included. */
  start: number;
  end: number;
  /** Column where the word begins. */
  column: number;
  /** Quotes around the word; in JSON also where none has been typed yet. */
  quote: '' | '"' | "'";
  /** Inside brackets or braces, where line breaks do not count. */
  flow: boolean;
  json: boolean;
  /** On the line of the key it belongs to. */
  sameLine: boolean;
  /** A key that already has its colon. */
  hasColon: boolean;
  /** The document as values, as far as it can be read; undefined where it cannot. */
  document: unknown;
}

const mark = '__cursor__';

/** The cursor's place, or undefined in comments and in texts of several lines. */
export function findCursor(text: string, offset: number, json: boolean): Cursor | undefined {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  const word = wordAt(text.slice(lineStart, offset));
  if (!word) return undefined;
  const start = lineStart + word.start;
  const after = /^[^\s,:\]}"'#]*["']?/.exec(text.slice(offset).split('\n', 1)[0] ?? '')?.[0] ?? '';
  const end = offset + (word.quote === '' ? after.replace(/["']$/, '') : after).length;
  const before = parseDocument(text.slice(0, start) + (word.quote === '' ? mark : `"${mark}"`), yamlOptions);
  const place = findMark(before);
  if (!place) return undefined;
  return {
    ...place,
    start,
    end,
    column: word.start,
    quote: word.quote === '' && json ? '"' : word.quote,
    flow: place.flow || json,
    json,
    sameLine: /\S/.test(text.slice(lineStart, start).replace(/^\s*(- +)*/, '')),
    hasColon: /^\s*:/.test(text.slice(end)),
    document: documentAt(text, before, place.role === 'key' ? place.path : place.path.slice(0, -1)),
  };
}

/** The word at the end of the beginning of a line; undefined in a comment. */
function wordAt(line: string): { start: number; quote: '' | '"' | "'" } | undefined {
  let open: { start: number; quote: '"' | "'" } | undefined;
  for (let at = 0; at < line.length; at++) {
    const character = line[at];
    if (open) {
      if (character === '\\' && open.quote === '"') at++;
      else if (character === open.quote) open = undefined;
    } else if ((character === '"' || character === "'") && /(^|[\s:,[{])$/.test(line.slice(0, at))) {
      open = { start: at, quote: character };
    } else if (character === '#' && /(^|\s)$/.test(line.slice(0, at))) return undefined;
  }
  if (open) return open;
  // An anchor or a tag before the word stays.
  const lead = /^(?:.*(?:^|:[ \t]|["'][ \t]*:|[[{,]|-[ \t]))?[ \t]*(?:[&!]\S*[ \t]+)*/.exec(line)?.[0] ?? '';
  return { start: lead.length, quote: '' };
}

function findMark(document: Document): Pick<Cursor, 'role' | 'path' | 'flow'> | undefined {
  let found: Pick<Cursor, 'role' | 'path' | 'flow'> | undefined;
  visit(document, {
    Scalar(key, node, ancestors) {
      if (node.value !== mark) return undefined;
      const path: PropertyKey[] = [];
      let flow = false;
      ancestors.forEach((ancestor, depth) => {
        const next = ancestors[depth + 1] ?? node;
        if (isMap(ancestor) || isSeq(ancestor)) flow ||= ancestor.flow === true;
        if (isSeq(ancestor)) path.push(ancestor.items.indexOf(next));
        if (isPair(ancestor) && isScalar(ancestor.key)) path.push(String(ancestor.key.value));
      });
      const role = key === 'key' ? 'key' : 'value';
      found = { role, path: role === 'key' ? path.slice(0, -1) : path, flow };
      return visit.BREAK;
    },
  });
  return found;
}

/** The whole document where it can be read at `path`, otherwise what stands before the cursor. */
function documentAt(text: string, before: Document, path: DocumentPath): unknown {
  const whole = valuesOf(parseDocument(text, yamlOptions));
  const there = valueAt(whole, path);
  return typeof there === 'object' && there !== null ? whole : valuesOf(before);
}

/** Undefined where aliases stand for nothing, for themselves or for too much: keys can be offered without values. */
function valuesOf(document: Document): unknown {
  try {
    return document.toJS() as unknown;
  } catch {
    return undefined;
  }
}
