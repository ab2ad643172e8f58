// The text of docs/reference.md, made from the declarations that the program itself reads, so that it cannot say
// anything else than they do.
import { readFileSync } from 'node:fs';
import { createProgram } from '../../src/cli/program.ts';
import { scorers } from '../../src/evals/scorers.ts';
import { presets } from '../../src/recipes/presets.ts';
import { definitions } from '../../src/report/derive.ts';
import { experimentJsonSchema } from '../../src/shared/experiment.ts';

interface JsonSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  const?: string;
  required?: string[];
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  oneOf?: JsonSchema[];
  anyOf?: JsonSchema[];
}

interface Manifest {
  contributes: {
    commands: { command: string; title: string }[];
    configuration: { properties: Record<string, Setting> };
  };
}

interface Setting {
  type: string;
  default: unknown;
  scope: string;
  description?: string;
  markdownDescription?: string;
}

const root = new URL('../../', import.meta.url);
const readJson = (name: string): unknown => JSON.parse(readFileSync(new URL(name, root), 'utf8'));

/** The whole page. */
export function reference(): string {
  return `${[
    '# Reference',
    'Made from the declarations that the program reads (`npx vitest run test/docs -u`). The guides explain: ' +
      '[experiments](experiments.md), [datasets](datasets.md), [runs](runs.md), [methods](methods.md), [workbench](workbench.md).',
    '## Keys of an experiment file',
    ...experimentKeys(),
    '## Presets',
    presetTable(),
    '## Scorers',
    scorerTable(),
    '## Derived numbers',
    'Scores and changes lie between -1 and 1, percentages as named. `show --json` prints each with its name.',
    definitionTable(),
    '## Command line',
    ...commandLine(),
    '## Commands in VS Code',
    'All under **Forgetting Lab** in the command palette; one that cannot be used now is not shown.',
    paletteTable(),
    '## Settings',
    settingTable(),
  ].join('\n\n')}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${' --- |'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

function experimentKeys(): string[] {
  const schema = experimentJsonSchema() as JsonSchema;
  const top = Object.keys(schema.properties ?? {}).filter((key) => key !== '$schema');
  const sections: string[] = [keyTable(schema, top)];
  const nested = (title: string, part: JsonSchema | undefined): void => {
    if (part) sections.push(`### ${title}`, keyTable(part));
  };
  const { training, stages, arms, benchmarks, probes } = schema.properties ?? {};
  nested('`training`', training);
  nested('`stages`', stages?.items);
  nested('`arms`', arms?.items);
  for (const [name, choice] of Object.entries(arms?.items?.properties ?? {})) {
    const kinds = choice.oneOf ?? choice.anyOf;
    if (kinds) sections.push(`#### \`${name}\` of an arm`, kindTable(kinds));
  }
  nested('`benchmarks`', benchmarks?.items);
  nested('`probes`', probes);
  return sections;
}

function keyTable(schema: JsonSchema, keys = Object.keys(schema.properties ?? {})): string {
  const rows = keys.map((key) => {
    const one = schema.properties?.[key] ?? {};
    return [code(key), valueOf(one), defaultOf(one, schema.required?.includes(key) ?? false), one.description ?? ''];
  });
  return table(['key', 'value', 'default', 'meaning'], rows);
}

/** Kinds of a choice: each with its own keys, one line a key. */
function kindTable(kinds: readonly JsonSchema[]): string {
  const rows = kinds.flatMap((kind) => {
    const { kind: named, ...own } = kind.properties ?? {};
    const names = (named?.enum ?? [named?.const ?? '']).map(code).join(', ');
    const keys = Object.entries(own).map(([key, one]) => [
      '',
      code(key),
      valueOf(one),
      defaultOf(one, kind.required?.includes(key) ?? false),
      one.description ?? '',
    ]);
    return [[names, '', '', '', kind.description ?? named?.description ?? ''], ...keys];
  });
  return table(['kind', 'key', 'value', 'default', 'meaning'], rows);
}

function valueOf(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map(code).join(', ');
  if (schema.const !== undefined) return code(schema.const);
  if (schema.oneOf ?? schema.anyOf) {
    const parts = (schema.oneOf ?? schema.anyOf ?? []).map((one) => one.properties?.['kind'] ?? one);
    return [...new Set(parts.map(valueOf))].join(', ');
  }
  if (schema.type === 'array') return schema.items ? `list of ${valueOf(schema.items)}` : 'list';
  return schema.type === 'object' ? 'mapping' : (schema.type ?? '');
}

function defaultOf(schema: JsonSchema, required: boolean): string {
  if (schema.default !== undefined) return JSON.stringify(schema.default) === '{}' ? '' : code(schema.default);
  return required ? '**required**' : '';
}

function presetTable(): string {
  const rows = presets.map(({ id, title, arxiv, description, choices }) => [
    code(id),
    title,
    description,
    Object.keys(choices).length === 0 ? '' : code(choices),
    arxiv === undefined ? '' : `[${arxiv}](https://arxiv.org/abs/${arxiv})`,
  ]);
  return table(['preset', 'title', 'what it does', 'choices', 'arXiv'], rows);
}

function scorerTable(): string {
  const rows = scorers.map(({ id, title, description }) => [code(id), title, description]);
  return table(['scorer', 'title', 'strict and lenient'], rows);
}

function definitionTable(): string {
  return table(
    ['name', 'definition'],
    Object.entries(definitions).map(([name, words]) => [code(name), words]),
  );
}

function commandLine(): string[] {
  return createProgram({ code: 0 }).commands.flatMap((command) => {
    const named = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`));
    const options = command.options.map(({ flags, description, defaultValue, argChoices }) => [
      code(flags),
      `${description}${argChoices ? `: ${argChoices.join(', ')}` : ''}`,
      // A default that is a path of this machine says nothing here.
      defaultValue === undefined || String(defaultValue).startsWith('/') ? '' : code(defaultValue),
    ]);
    const title = [command.name(), ...named].join(' ');
    return [`### \`${title}\``, `${command.description()}.`, table(['option', 'meaning', 'default'], options)];
  });
}

function paletteTable(): string {
  const { contributes } = readJson('package.json') as Manifest;
  const commands = contributes.commands.filter(({ command }) => !command.includes('.internal.'));
  return table(
    ['command', 'id'],
    commands.map(({ command, title }) => [english(title), code(command)]),
  );
}

function settingTable(): string {
  const { contributes } = readJson('package.json') as Manifest;
  const rows = Object.entries(contributes.configuration.properties).map(([name, setting]) => [
    code(name),
    code(setting.default),
    setting.scope,
    english(setting.markdownDescription ?? setting.description ?? ''),
  ]);
  return table(['setting', 'default', 'scope', 'meaning'], rows);
}

const texts = readJson('package.nls.json') as Record<string, string>;

function english(key: string): string {
  return texts[key.replaceAll('%', '')] ?? key;
}
