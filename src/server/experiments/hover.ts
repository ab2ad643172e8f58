// What the key or value under the pointer means.
import { isPair, isScalar, isSeq, visit } from 'yaml';
import { parseExperimentText } from '../../runs/experimentSource.ts';
import type { DocumentPath } from '../../runs/experimentSource.ts';
import type { MarkdownWords, TextPosition, TextRange } from '../../shared/protocol/lab/experiments.ts';
import { describeKey, describeValue } from './describe.ts';
import { textPositions } from './textPositions.ts';

/** Markdown and the stretch of text it is about; null where there is nothing to say. */
export function hover(
  path: string,
  text: string,
  position: TextPosition,
): { markdown: MarkdownWords; range: TextRange } | null {
  const positions = textPositions(text);
  const source = parseExperimentText(path, text);
  const found = scalarAtOffset(source.document, positions.offset(position));
  if (!found) return null;
  const document = source.value;
  const markdown =
    found.role === 'key'
      ? describeKey(document, found.path)
      : (describeValue(document, found.path, found.value) ?? describeKey(document, nameOf(found.path)));
  return markdown === undefined ? null : { markdown, range: positions.range(...found.span) };
}

/** An item of a list is explained by the list's key. */
function nameOf(path: DocumentPath): DocumentPath {
  return typeof path.at(-1) === 'number' ? path.slice(0, -1) : path;
}

interface FoundScalar {
  role: 'key' | 'value';
  path: DocumentPath;
  value: unknown;
  span: [number, number];
}

function scalarAtOffset(document: Parameters<typeof visit>[0], offset: number): FoundScalar | undefined {
  let found: FoundScalar | undefined;
  visit(document, {
    Scalar(key, node, ancestors) {
      const [start, end] = node.range ?? [0, 0];
      if (!isScalar(node) || offset < start || offset > end || start === end) return undefined;
      const path: PropertyKey[] = [];
      ancestors.forEach((ancestor, depth) => {
        const next = ancestors[depth + 1] ?? node;
        if (isSeq(ancestor)) path.push(ancestor.items.indexOf(next));
        if (isPair(ancestor) && isScalar(ancestor.key)) path.push(String(ancestor.key.value));
      });
      found = { role: key === 'key' ? 'key' : 'value', path, value: node.value, span: [start, end] };
      return visit.BREAK;
    },
  });
  return found;
}
