// What a key or value of an experiment file means, in Markdown, from the schema and the lists of presets and scorers.
import { scorers } from '../../evals/scorers.ts';
import { presets } from '../../recipes/presets.ts';
import type { Preset } from '../../recipes/presets.ts';
import { allowedValues, declaredAt, schemasAt } from '../../runs/schemaPaths.ts';
import type { SchemaNode } from '../../runs/schemaPaths.ts';
import type { DocumentPath } from '../../runs/experimentSource.ts';

/** What a value at a path names, where the schema only says that it is a text. */
export type Reference = 'preset' | 'scorer' | 'benchmark' | 'file' | 'model' | 'column' | undefined;

export function referenceAt(path: DocumentPath): Reference {
  const pattern = path.map((key) => (typeof key === 'number' ? '*' : String(key))).join('.');
  const references: Record<string, Reference> = {
    model: 'model',
    neutralText: 'file',
    'stages.*.dataset': 'file',
    'stages.*.benchmark': 'benchmark',
    'stages.*.verifier.scorer': 'scorer',
    'stages.*.verifier.field': 'column',
    'arms.*.preset': 'preset',
    'arms.*.mix.dataset': 'file',
    'arms.*.targets.field': 'column',
    'benchmarks.*.data': 'file',
    'benchmarks.*.scorer': 'scorer',
  };
  return references[pattern];
}

/** Type, default, meaning and allowed values of the key at the end of a path. */
export function describeKey(document: unknown, path: DocumentPath): string | undefined {
  const declared = declaredAt(document, path);
  if (declared.length === 0) return undefined;
  const facts = [`**\`${String(path.at(-1))}\`**`, ...keyFacts(declared)];
  const about = [...new Set(declared.flatMap((node) => node.description ?? []))];
  const kinds = declared.flatMap((node) => (node.oneOf ?? node.anyOf ?? []).flatMap(describeMember));
  return [facts.join(' · '), ...about, ...(kinds.length > 0 ? [kinds.join('\n')] : [])].join('\n\n');
}

/** `number`, `default 2.5`: what a list of completions shows beside a key. */
export function keyFacts(declared: readonly SchemaNode[]): string[] {
  const types = [...new Set(declared.map(typeWords))].filter((type) => type !== '');
  const fallback = declared.find((node) => node.default !== undefined)?.default;
  return [types.join(' or '), ...(fallback === undefined ? [] : [`default \`${JSON.stringify(fallback)}\``])];
}

function describeMember(member: SchemaNode): string[] {
  const kinds = allowedValues([member.properties?.['kind'] ?? {}]);
  const about = member.description ?? member.properties?.['kind']?.description;
  return kinds.length === 0 ? [] : [`- \`${kinds.join('`, `')}\`${about === undefined ? '' : `: ${about}`}`];
}

function typeWords(node: SchemaNode): string {
  const allowed = allowedValues([node]);
  if (allowed.length > 0) return allowed.map((value) => `\`${String(value)}\``).join(', ');
  const members = node.anyOf ?? node.oneOf;
  if (members)
    return members.every((member) => member.properties) ? 'mapping with `kind`' : members.map(typeWords).join(' or ');
  const least = node.exclusiveMinimum ?? node.minimum;
  const bound = least === undefined ? '' : node.exclusiveMinimum === undefined ? ` from ${least}` : ` above ${least}`;
  const most = node.maximum === undefined || node.maximum === Number.MAX_SAFE_INTEGER ? '' : ` to ${node.maximum}`;
  const words: Record<string, string> = {
    integer: `whole number${bound === ' above 0' ? ' from 1' : bound}${most}`,
    number: `number${bound}${most}`,
    boolean: '`true` or `false`',
    array: node.prefixItems ? 'pair of numbers' : `list of ${itemWords(node.items)}`,
    object: 'mapping',
    string: 'text',
  };
  return words[node.type ?? ''] ?? '';
}

function itemWords(items: SchemaNode | undefined): string {
  if (!items || items.properties) return 'mappings';
  return plural(typeWords(items));
}

const plural = (type: string): string => type.replace(/^(whole number|number|text)/, '$1s');

/** What a value means: a preset, a scorer, or the kind of a choice. */
export function describeValue(document: unknown, path: DocumentPath, value: unknown): string | undefined {
  const reference = referenceAt(path);
  if (reference === 'preset') {
    const preset = presets.find(({ id }) => id === value);
    return preset && describePreset(preset);
  }
  if (reference === 'scorer') {
    const scorer = scorers.find(({ id }) => id === value);
    return scorer && `**${scorer.title}** · \`${scorer.id}\`\n\n${scorer.description}`;
  }
  if (path.at(-1) !== 'kind') return undefined;
  return schemasAt(document, path.slice(0, -1)).find((member) =>
    allowedValues([member.properties?.['kind'] ?? {}]).includes(value),
  )?.description;
}

/** Title, source and what a preset changes, as it would be written out. */
export function describePreset({ id, title, arxiv, description, choices }: Preset): string {
  const source = arxiv === undefined ? '' : ` · [arXiv ${arxiv}](https://arxiv.org/abs/${arxiv})`;
  const written = Object.entries(choices).map(([choice, settings]) => `${choice}: ${flowText(settings)}`);
  const same = written.length === 0 ? '' : `\n\n\`\`\`yaml\n${written.join('\n')}\n\`\`\``;
  return `**${title}** · \`${id}\`${source}\n\n${description}${same}`;
}

function flowText(settings: object): string {
  const entries = Object.entries(settings).map(
    ([key, value]) => `${key}: ${Array.isArray(value) ? `[${value.join(', ')}]` : String(value)}`,
  );
  return `{ ${entries.join(', ')} }`;
}
