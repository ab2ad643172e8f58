// Questions to the published JSON Schema of experiments: which keys may stand at a path. It follows unions by their
// `kind`, as the file means it.

type Schema = {
  properties?: Record<string, Schema>;
  items?: Schema;
  prefixItems?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  const?: unknown;
  enum?: unknown[];
};

/** The keys that an object at `path` in `document` may have. */
export function validKeys(schema: object, document: unknown, path: readonly PropertyKey[]): string[] {
  let nodes: Schema[] = [schema];
  let value = document;
  for (const key of path) {
    nodes = nodes.flatMap((node) => alternatives(node, value)).flatMap((node) => child(node, key));
    value = childValue(value, key);
  }
  const properties = nodes.flatMap((node) => alternatives(node, value)).map((node) => node.properties ?? {});
  return [...new Set(properties.flatMap((entries) => Object.keys(entries)))];
}

function childValue(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<PropertyKey, unknown>)[key];
}

function child(node: Schema, key: PropertyKey): Schema[] {
  if (typeof key === 'number') return [node.prefixItems?.[key] ?? node.items].filter((schema) => schema !== undefined);
  const properties = node.properties ?? {};
  return typeof key === 'string' && Object.hasOwn(properties, key) ? [properties[key] as Schema] : [];
}

/** The members of a union that fit the value's `kind`, or all of them when it has none. */
function alternatives(node: Schema, value: unknown): Schema[] {
  const members = node.anyOf ?? node.oneOf;
  if (!members) return [node];
  const kind = childValue(value, 'kind');
  const fitting = members.filter((member) => {
    const declared = member.properties?.['kind'];
    return declared !== undefined && (declared.const === kind || declared.enum?.includes(kind) === true);
  });
  return (fitting.length > 0 ? fitting : members).flatMap((member) => alternatives(member, value));
}
