// Aliases and merge keys of a YAML document: what they stand for, and which of them is at fault.
import { isAlias, isMap, isScalar, isSeq, visit } from 'yaml';
import type { Document, Pair, Scalar } from 'yaml';

/** Offsets in the text, as the parser gives them. */
type Span = readonly [start: number, end: number];

/** What an alias stands for; any other node is itself. */
export const resolved = (document: Document.Parsed, node: unknown): unknown =>
  isAlias(node) ? node.resolve(document) : node;

/** The parser gives the key of a merge a symbol as value; a quoted `<<` is a key like any other. */
export const isMergeKey = ({ key }: Pair): boolean => isScalar(key) && typeof key.value === 'symbol';

/** The nodes whose entries a merge key brings in: of one alias or mapping, or of a list of them. */
export function mergedNodes(document: Document.Parsed, { value }: Pair): unknown[] {
  const source = resolved(document, value);
  return isSeq(source) ? source.items.map((item) => resolved(document, item)) : [source];
}

/**
 * Where the aliases of a document that has no value are at fault: one without an anchor, a merge key with something that
 * is no mapping; of too many, the first.
 */
export function aliasTrouble(document: Document.Parsed): Span | undefined {
  return unresolvedAlias(document) ?? wrongMerge(document) ?? firstAlias(document);
}

function unresolvedAlias(document: Document.Parsed): Span | undefined {
  const anchors = new Set<string>();
  let found: Span | undefined;
  visit(document, {
    Node(_, node) {
      if (isAlias(node) && !anchors.has(node.source)) {
        found = rangeOf(node);
        return visit.BREAK;
      }
      if (!isAlias(node) && node.anchor !== undefined) anchors.add(node.anchor);
      return undefined;
    },
  });
  return found;
}

function wrongMerge(document: Document.Parsed): Span | undefined {
  let found: Span | undefined;
  visit(document, {
    Pair(_, pair) {
      if (!isMergeKey(pair) || mergedNodes(document, pair).every(isMap)) return undefined;
      found = rangeOf(pair.key as Scalar);
      return visit.BREAK;
    },
  });
  return found;
}

function firstAlias(document: Document.Parsed): Span | undefined {
  let found: Span | undefined;
  visit(document, {
    Alias(_, node) {
      found = rangeOf(node);
      return visit.BREAK;
    },
  });
  return found;
}

const rangeOf = ({ range }: { range?: readonly number[] | null }): Span | undefined =>
  range ? [range[0] as number, range[1] as number] : undefined;
