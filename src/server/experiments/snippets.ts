// What is typed when a key is chosen: the key with room for its value, in the style of the place (block or flow, JSON).
import { allowedValues } from '../../runs/schemaPaths.ts';
import type { SchemaNode } from '../../runs/schemaPaths.ts';
import type { Cursor } from './cursor.ts';

type Style = Pick<Cursor, 'flow' | 'json' | 'column' | 'quote' | 'hasColon'>;

/** Snippet for a key with its value; only the key where its colon is there already. */
export function keySnippet(key: string, declared: readonly SchemaNode[], style: Style): string {
  const name = style.json || style.quote !== '' ? inQuotes(key, style.quote) : key;
  if (style.hasColon) return escape(name);
  const value = valueSnippet(declared, style, 1);
  return `${escape(name)}:${value.startsWith('\n') ? '' : ' '}${value}`;
}

const inQuotes = (word: string, quote: string): string => (quote === "'" ? `'${word}'` : JSON.stringify(word));

/** In a snippet these would begin a placeholder or end one. */
export const escape = (text: string): string => text.replace(/[\\$}]/g, '\\$&');

/** Room for a value; `stop` is the number of the first placeholder. */
function valueSnippet(declared: readonly SchemaNode[], style: Style, stop: number): string {
  const node = declared[0] ?? {};
  const fallback = declared.find((one) => one.default !== undefined)?.default;
  const members = node.oneOf ?? node.anyOf;
  if (members?.every((member) => member.properties)) {
    const kinds = members.flatMap((member) => allowedValues([member.properties?.['kind'] ?? {}]));
    return `{ ${word('kind', style)}: ${choice(kinds, style, stop)}$0 }`;
  }
  const allowed = allowedValues(members ?? [node]);
  if (allowed.length > 0 && !members) return choice(allowed, style, stop);
  if (node.type === 'boolean') return choice(fallback === true ? [false, true] : [true, false], style, stop);
  if (node.type === 'array') return arraySnippet(node, fallback, style, stop);
  if (node.type === 'object') return objectSnippet(node, style, stop);
  if (fallback !== undefined) return `\${${stop}:${escape(scalar(fallback, style))}}`;
  return style.json && node.type === 'string' ? `"\${${stop}}"` : `\${${stop}}`;
}

function arraySnippet(node: SchemaNode, fallback: unknown, style: Style, stop: number): string {
  const items = node.items ?? {};
  const block = !style.flow && items.properties !== undefined;
  if (block) {
    const [first] = items.required ?? [];
    return `\n${' '.repeat(style.column + 2)}- ${first === undefined ? '' : `${first}: `}\${${stop}}`;
  }
  if (items.properties) return `[{ \${${stop}} }]`;
  const inside = Array.isArray(fallback) ? fallback.map((item) => scalar(item, style)).join(', ') : '';
  return `[\${${stop}:${escape(inside)}}]`;
}

function objectSnippet(node: SchemaNode, style: Style, stop: number): string {
  const required = node.required ?? [];
  const inside = required.map((key, index) => `${word(key, style)}: \${${stop + index}}`).join(', ');
  if (required.length > 0 || style.flow) return inside === '' ? `{ \${${stop}} }` : `{ ${inside} }`;
  return `\n${' '.repeat(style.column + 2)}\${${stop}}`;
}

function choice(values: readonly unknown[], style: Style, stop: number): string {
  return `\${${stop}|${values.map((value) => scalar(value, style).replace(/[\\,|$}]/g, '\\$&')).join(',')}|}`;
}

const word = (text: string, style: Style): string => (style.json ? JSON.stringify(text) : text);

/** A value as it stands in the file. */
export function scalar(value: unknown, { json }: Pick<Style, 'json'>): string {
  return typeof value === 'string' && !json ? value : JSON.stringify(value);
}
