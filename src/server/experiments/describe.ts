// What a key or value of an experiment file means, in Markdown, from the schema and the lists of presets and scorers.
import { scorers } from '../../evals/scorers.ts';
import { presets } from '../../recipes/presets.ts';
import type { Preset } from '../../recipes/presets.ts';
import { allowedValues, declaredAt, schemasAt } from '../../runs/schemaPaths.ts';
import type { SchemaNode } from '../../runs/schemaPaths.ts';
import type { DocumentPath } from '../../runs/experimentSource.ts';
import { declared, inEnglish, joinedByDot, phrase } from '../../shared/phrase.ts';
import type { Phrase, Words } from '../../shared/phrase.ts';
import type { MarkdownWords } from '../../shared/protocol/lab/experiments.ts';

/** What a value at a path names, where the schema only says that it is a text. */
export type Reference = 'preset' | 'scorer' | 'benchmark' | 'file' | 'model' | 'column';

/** By path, the items of lists as `*`. */
const references = new Map<string, Reference>([
  ['model', 'model'],
  ['neutralText', 'file'],
  ['stages.*.dataset', 'file'],
  ['stages.*.benchmark', 'benchmark'],
  ['stages.*.verifier.scorer', 'scorer'],
  ['stages.*.verifier.field', 'column'],
  ['arms.*.preset', 'preset'],
  ['arms.*.mix.dataset', 'file'],
  ['arms.*.targets.field', 'column'],
  ['benchmarks.*.data', 'file'],
  ['benchmarks.*.scorer', 'scorer'],
]);

export function referenceAt(path: DocumentPath): Reference | undefined {
  const pattern = path.map((key) => (typeof key === 'number' ? '*' : String(key))).join('.');
  return references.get(pattern);
}

/** Type, default, meaning and allowed values of the key at the end of a path. */
export function describeKey(document: unknown, path: DocumentPath): MarkdownWords | undefined {
  const nodes = declaredAt(document, path);
  if (nodes.length === 0) return undefined;
  const about = [...new Set(nodes.flatMap((node) => node.description ?? []))];
  const kinds = nodes.flatMap((node) => (node.oneOf ?? node.anyOf ?? []).flatMap(describeMember));
  return [
    [joinedByDot([`**\`${String(path.at(-1))}\`**`, ...keyFacts(nodes)])],
    ...about.map((text) => [declared(text)]),
    ...(kinds.length > 0 ? [kinds] : []),
  ];
}

/** `number`, `default 2.5`: what a list of completions shows beside a key. `quote` stands around words of the file. */
export function keyFacts(nodes: readonly SchemaNode[], quote = '`'): Words[] {
  const types = new Map<string, Words>();
  for (const node of nodes) {
    const words = typeWords(node, quote);
    if (words !== undefined) types.set(inEnglish(words), words);
  }
  const fallback = nodes.find((node) => node.default !== undefined)?.default;
  return [
    ...(types.size > 0 ? [alternativesOf([...types.values()])] : []),
    ...(fallback === undefined ? [] : [phrase('default {0}', `${quote}${JSON.stringify(fallback)}${quote}`)]),
  ];
}

function describeMember(member: SchemaNode): Words[] {
  const kinds = allowedValues([member.properties?.['kind'] ?? {}]);
  if (kinds.length === 0) return [];
  const about = member.description ?? member.properties?.['kind']?.description;
  const item = `- \`${kinds.join('`, `')}\``;
  return [about === undefined ? item : phrase('{0}: {1}', item, declared(about))];
}

const alternativesOf = ([first = '', ...others]: readonly Words[]): Words =>
  others.reduce<Words>((before, words) => phrase('{0} or {1}', before, words), first);

/** The type of a value; of several values of that type where it is the item of a list. */
function typeWords(node: SchemaNode, quote: string, many = false): Words | undefined {
  const allowed = allowedValues([node]);
  if (allowed.length > 0) return allowed.map((value) => `${quote}${String(value)}${quote}`).join(', ');
  const members = node.anyOf ?? node.oneOf;
  if (members?.every((member) => member.properties)) return phrase('mapping with {0}', `${quote}kind${quote}`);
  if (members) return alternativesOf(members.flatMap((member) => typeWords(member, quote, many) ?? []));
  switch (node.type) {
    case 'integer':
      return bounded(many ? phrase('whole numbers') : phrase('whole number'), node);
    case 'number':
      return bounded(many ? phrase('numbers') : phrase('number'), node);
    case 'boolean':
      return phrase('{0} or {1}', `${quote}true${quote}`, `${quote}false${quote}`);
    case 'array':
      return node.prefixItems ? phrase('pair of numbers') : phrase('list of {0}', itemWords(node.items, quote));
    case 'object':
      return phrase('mapping');
    case 'string':
      return many ? phrase('texts') : phrase('text');
    case undefined:
    default:
      return undefined;
  }
}

function itemWords(items: SchemaNode | undefined, quote: string): Words {
  const words = items && !items.properties ? typeWords(items, quote, true) : undefined;
  return words ?? phrase('mappings');
}

function bounded(type: Phrase, node: SchemaNode): Phrase {
  const { minimum, exclusiveMinimum: above } = node;
  const least = node.type === 'integer' && above === 0 ? 1 : minimum;
  const from =
    least !== undefined
      ? phrase('{0} from {1}', type, least)
      : above !== undefined
        ? phrase('{0} above {1}', type, above)
        : type;
  const most = node.maximum === Number.MAX_SAFE_INTEGER ? undefined : node.maximum;
  return most === undefined ? from : phrase('{0} to {1}', from, most);
}

/** What a value means: a preset, a scorer, or the kind of a choice. */
export function describeValue(document: unknown, path: DocumentPath, value: unknown): MarkdownWords | undefined {
  const reference = referenceAt(path);
  if (reference === 'preset') {
    const preset = presets.find(({ id }) => id === value);
    return preset && describePreset(preset);
  }
  if (reference === 'scorer') {
    const scorer = scorers.find(({ id }) => id === value);
    return scorer && [[titled(scorer.title, scorer.id)], [declared(scorer.description)]];
  }
  if (path.at(-1) !== 'kind') return undefined;
  const about = schemasAt(document, path.slice(0, -1)).find((member) =>
    allowedValues([member.properties?.['kind'] ?? {}]).includes(value),
  )?.description;
  return about === undefined ? undefined : [[declared(about)]];
}

const titled = (title: string, id: string): Words => joinedByDot([phrase('**{0}**', declared(title)), `\`${id}\``]);

/** Title, source and what a preset changes, as it would be written out. */
export function describePreset({ id, title, arxiv, description, choices }: Preset): MarkdownWords {
  const source = arxiv === undefined ? [] : [`[arXiv ${arxiv}](https://arxiv.org/abs/${arxiv})`];
  const written = Object.entries(choices).map(([choice, settings]) => `${choice}: ${flowText(settings)}`);
  return [
    [joinedByDot([titled(title, id), ...source])],
    [declared(description)],
    ...(written.length === 0 ? [] : [['```yaml', ...written, '```']]),
  ];
}

function flowText(settings: object): string {
  const entries = Object.entries(settings).map(
    ([key, value]) => `${key}: ${Array.isArray(value) ? `[${value.join(', ')}]` : String(value)}`,
  );
  return `{ ${entries.join(', ')} }`;
}
