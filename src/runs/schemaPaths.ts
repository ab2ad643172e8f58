// Questions to the published JSON Schema of experiments: what may stand at a path. It follows unions by their `kind`,
// as the file means it.
import { experimentJsonSchema } from '../shared/experiment.ts';

/** The part of JSON Schema that describes experiments. */
export interface SchemaNode {
  description?: string;
  type?: string;
  default?: unknown;
  properties?: Record<string, SchemaNode>;
  required?: string[];
  items?: SchemaNode;
  prefixItems?: SchemaNode[];
  anyOf?: SchemaNode[];
  oneOf?: SchemaNode[];
  const?: unknown;
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}

let schema: SchemaNode | undefined;

/** The schema of a whole file, made once. */
export function experimentSchemaNode(): SchemaNode {
  return (schema ??= experimentJsonSchema() as SchemaNode);
}

/** The schemas that a value at `path` in `document` may follow: several where a union is still open. */
export function schemasAt(document: unknown, path: readonly PropertyKey[]): SchemaNode[] {
  return declaredAt(document, path).flatMap((node) => alternatives(node, valueAt(document, path)));
}

/** The same without going into unions: carries the description and default of the key itself. */
export function declaredAt(document: unknown, path: readonly PropertyKey[]): SchemaNode[] {
  let nodes: SchemaNode[] = [experimentSchemaNode()];
  let value = document;
  for (const key of path) {
    nodes = nodes.flatMap((node) => alternatives(node, value)).flatMap((node) => child(node, key));
    value = childValue(value, key);
  }
  return nodes;
}

/** The keys that an object at `path` in `document` may have. */
export function validKeys(document: unknown, path: readonly PropertyKey[]): string[] {
  return [...new Set(schemasAt(document, path).flatMap((node) => Object.keys(node.properties ?? {})))];
}

/** The words that may stand at a path; empty where any may. */
export function allowedValues(nodes: readonly SchemaNode[]): unknown[] {
  const values = nodes.flatMap((node) => (node.const === undefined ? (node.enum ?? []) : [node.const]));
  return [...new Set(values)];
}

export function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value, key) => childValue(value, key), document);
}

function childValue(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<PropertyKey, unknown>)[key];
}

function child(node: SchemaNode, key: PropertyKey): SchemaNode[] {
  if (typeof key === 'number') return [node.prefixItems?.[key] ?? node.items].filter((found) => found !== undefined);
  const properties = node.properties ?? {};
  return typeof key === 'string' && Object.hasOwn(properties, key) ? [properties[key] as SchemaNode] : [];
}

/** The members of a union that fit the value's `kind`, or all of them when it has none. */
function alternatives(node: SchemaNode, value: unknown): SchemaNode[] {
  const members = node.anyOf ?? node.oneOf;
  if (!members) return [node];
  const kind = childValue(value, 'kind');
  const fitting = members.filter((member) => {
    const declared = member.properties?.['kind'];
    return declared !== undefined && allowedValues([declared]).includes(kind);
  });
  return (fitting.length > 0 ? fitting : members).flatMap((member) => alternatives(member, value));
}
