// What can be typed at the cursor: the keys of the schema with those that are required first, and words for a value
// (choices, presets, scorers, benchmarks of this file, columns, files).
import { dirname, extname } from 'node:path';
import { scorers } from '../../evals/scorers.ts';
import { presets } from '../../recipes/presets.ts';
import { absolutePath, isObject } from '../../runs/experimentProblems.ts';
import { allowedValues, declaredAt, schemasAt, valueAt } from '../../runs/schemaPaths.ts';
import type { SchemaNode } from '../../runs/schemaPaths.ts';
import type { DocumentPath } from '../../runs/experimentSource.ts';
import { declared, joined, phrase } from '../../shared/phrase.ts';
import type { ExperimentCompletion, TextPosition } from '../../shared/protocol/lab/experiments.ts';
import { columnsOfFile } from './columns.ts';
import { findCursor } from './cursor.ts';
import type { Cursor } from './cursor.ts';
import { describeKey, describePreset, keyFacts, referenceAt } from './describe.ts';
import { filesNear, foldersNear } from './nearbyFiles.ts';
import { escape, keySnippet, scalar } from './snippets.ts';
import { textPositions } from './textPositions.ts';
import { isPlain } from './yamlText.ts';

type Item = Omit<ExperimentCompletion, 'range' | 'sortText'>;

/** Completions at a position of a text that would lie at `file`. */
export async function complete(file: string, text: string, position: TextPosition): Promise<ExperimentCompletion[]> {
  const positions = textPositions(text);
  const cursor = findCursor(text, positions.offset(position), extname(file) === '.json');
  if (!cursor) return [];
  const items = cursor.role === 'key' ? keyItems(cursor, cursor.path) : await valueItems(cursor, file);
  const range = positions.range(cursor.start, cursor.end);
  return items.map((item, index) => ({ ...item, range, sortText: String(index).padStart(4, '0') }));
}

/** Keys that the mapping at `path` may still have. */
function keyItems(cursor: Cursor, path: DocumentPath): Item[] {
  const nodes = schemasAt(cursor.document, path);
  // A key that is being renamed may become any.
  const taken = cursor.hasColon ? undefined : valueAt(cursor.document, path);
  const names = [...new Set(nodes.flatMap((node) => Object.keys(node.properties ?? {})))];
  const required = new Set(nodes.length > 0 ? names.filter((key) => nodes.every((node) => isRequired(node, key))) : []);
  return names
    .filter((key) => key !== '$schema' && !(isObject(taken) && Object.hasOwn(taken, key)))
    .sort((one, other) => Number(required.has(other)) - Number(required.has(one)))
    .map((key) => keyItem(cursor, [...path, key], required.has(key)));
}

const isRequired = (node: SchemaNode, key: string): boolean => node.required?.includes(key) === true;

function keyItem(cursor: Cursor, path: DocumentPath, required: boolean): Item {
  const key = String(path.at(-1));
  const nodes = declaredAt(cursor.document, path);
  const documentation = describeKey(cursor.document, path);
  return {
    label: key,
    kind: 'key',
    detail: joined([...keyFacts(nodes, ''), ...(required ? [phrase('required')] : [])]),
    ...(documentation === undefined ? {} : { documentation }),
    insertText: keySnippet(key, nodes, cursor),
  };
}

async function valueItems(cursor: Cursor, file: string): Promise<Item[]> {
  const { path, document } = cursor;
  const nodes = schemasAt(document, path);
  if (nodes.some((node) => node.properties)) {
    // A mapping: its keys on lines of their own, or as a whole in braces behind the key.
    const ownLine = !cursor.sameLine && !cursor.flow;
    return ownLine ? keyItems(cursor, path) : memberItems(cursor, nodes);
  }
  const allowed = allowedValues(nodes);
  const words: unknown[] = nodes.some((node) => node.type === 'boolean') ? [...allowed, true, false] : allowed;
  return [
    ...words.map((value) =>
      valueItem(cursor, String(value), 'value', typeof value === 'string' ? {} : { written: String(value) }),
    ),
    ...arrayItems(cursor, nodes),
    ...(await referenceItems(cursor, dirname(file))),
  ];
}

/** `{ kind: stm }` with its meaning, one for each member of a union. */
function memberItems(cursor: Cursor, nodes: readonly SchemaNode[]): Item[] {
  if (cursor.quote !== '' && !cursor.json) return [];
  return nodes.flatMap((node) => {
    const kinds = allowedValues([node.properties?.['kind'] ?? {}]);
    const inside = (node.required ?? []).filter((key) => key !== 'kind');
    const key = (name: string): string => (cursor.json ? JSON.stringify(name) : name);
    return kinds.map((kind): Item => {
      const rest = inside.map((name, index) => `, ${key(name)}: \${${index + 1}}`).join('');
      return {
        label: `{ kind: ${String(kind)} }`,
        kind: 'value',
        ...(node.description === undefined ? {} : { documentation: [[declared(node.description)]] }),
        insertText: `{ ${key('kind')}: ${scalar(kind, cursor)}${rest}$0 }`,
      };
    });
  });
}

/** The default of a list, or an empty one. */
function arrayItems(cursor: Cursor, nodes: readonly SchemaNode[]): Item[] {
  const list = nodes.find((node) => node.type === 'array');
  if (!list || list.items?.properties || !cursor.sameLine) return [];
  const fallback = declaredAt(cursor.document, cursor.path).find((node) => node.default !== undefined)?.default;
  const written = Array.isArray(fallback) ? fallback.map((item) => scalar(item, cursor)).join(', ') : '';
  return [{ label: `[${written}]`, kind: 'value', insertText: `[\${1:${escape(written)}}]` }];
}

/** Words for texts that name something. */
async function referenceItems(cursor: Cursor, folder: string): Promise<Item[]> {
  const { path, document } = cursor;
  switch (referenceAt(path)) {
    case 'preset':
      return presets.map((preset) =>
        valueItem(cursor, preset.id, 'preset', {
          detail:
            preset.arxiv === undefined
              ? declared(preset.title)
              : phrase('{0} (arXiv {1})', declared(preset.title), preset.arxiv),
          documentation: describePreset(preset),
        }),
      );
    case 'scorer':
      return scorers.map(({ id, title, description }) =>
        valueItem(cursor, id, 'scorer', { detail: declared(title), documentation: [[declared(description)]] }),
      );
    case 'benchmark':
      return namesOf(document, 'benchmarks').map((name) => valueItem(cursor, name, 'name'));
    case 'column':
      return (await columnsNear(document, path, folder)).map((name) => valueItem(cursor, name, 'name'));
    case 'file':
      return (await filesNear(folder, typed(cursor))).map((name) => valueItem(cursor, name, 'file'));
    case 'model': {
      const folders = await foldersNear(folder, typed(cursor));
      return [
        valueItem(cursor, 'pocket', 'folder', { detail: phrase('The bundled model') }),
        ...folders.map((name) => valueItem(cursor, name, 'folder')),
      ];
    }
    case undefined:
      return [];
  }
}

/** What has been typed of the value, read from the document. */
function typed(cursor: Cursor): string {
  const value = valueAt(cursor.document, cursor.path);
  return typeof value === 'string' ? value : '';
}

function valueItem(
  cursor: Cursor,
  word: string,
  kind: Item['kind'],
  more: Pick<Item, 'detail' | 'documentation'> & { written?: string } = {},
): Item {
  const { written, ...rest } = more;
  return { label: word, kind, ...rest, insertText: escape(written ?? quoted(word, cursor)) };
}

function quoted(word: string, { quote }: Cursor): string {
  if (quote === "'") return `'${word.replaceAll("'", "''")}'`;
  return quote === '"' || !isPlain(word) ? JSON.stringify(word) : word;
}

/** Names of the entries of a list in the document. */
export function namesOf(document: unknown, list: 'stages' | 'arms' | 'benchmarks'): string[] {
  const entries = valueAt(document, [list]);
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) =>
    isObject(entry) && typeof entry['name'] === 'string' ? [entry['name']] : [],
  );
}

/** Columns of the dataset of the stage at `path`, or of the first stage. */
async function columnsNear(document: unknown, path: DocumentPath, folder: string): Promise<string[]> {
  const stage = path[0] === 'stages' ? path.slice(0, 2) : ['stages', 0];
  const dataset = valueAt(document, [...stage, 'dataset']);
  return typeof dataset === 'string' && dataset !== '' ? columnsOfFile(absolutePath(folder, dataset)) : [];
}
