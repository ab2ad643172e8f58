// What can be wrong in an experiment file, as findings with a path into the document. The checks work on the raw
// document, so that one mistake does not hide another; what a check cannot read, the schema has already reported.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, parse, resolve } from 'node:path';
import type { z } from 'zod';
import { readExamples } from '../data/examples.ts';
import { scorers } from '../evals/scorers.ts';
import { presets, resolveArm } from '../recipes/presets.ts';
import { LabError } from '../shared/errors.ts';
import { armSchema, stageSchema } from '../shared/experiment.ts';
import type { ResolvedArm, Stage } from '../shared/experiment.ts';
import { editDistance, nearest } from '../shared/nearest.ts';
import { declared, phrase } from '../shared/phrase.ts';
import type { Phrase, Words } from '../shared/phrase.ts';
import type { ExperimentProblemCode } from '../shared/protocol/lab/experiments.ts';
import type { DocumentPath, Span } from './experimentSource.ts';
import { pocketModelFolder } from './packageRoot.ts';
import { complaint, nameOf } from './schemaComplaint.ts';
import { allowedValues, declaredAt, schemasAt, validKeys, valueAt } from './schemaPaths.ts';

/** Something wrong in the file and where. */
export interface ExperimentProblem {
  code: ExperimentProblemCode;
  path: DocumentPath;
  /** Whether the key or the value at `path` is wrong. */
  on: 'key' | 'value';
  /** Place of a problem that has no path: a syntax error. */
  span?: Span;
  message: Words;
  /** A word that would be right in the place of the wrong one. */
  instead?: string;
}

const found = (
  code: ExperimentProblemCode,
  path: DocumentPath,
  message: Words,
  instead?: string,
): ExperimentProblem => ({
  code,
  path,
  on: code === 'unknown-key' ? 'key' : 'value',
  message,
  ...(instead === undefined || instead === '' ? {} : { instead }),
});

/** An unknown word with the nearest of the known ones ('' when there are none), which `message` may name. */
function unknownName(
  path: DocumentPath,
  word: string,
  known: readonly string[],
  message: (guess: string) => Phrase,
): ExperimentProblem {
  const guess = nearest(word, known);
  return found('unknown-name', path, message(guess), guess);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The objects of a list in the raw document with their index. */
function entriesOf(value: unknown, list: 'stages' | 'arms' | 'benchmarks'): [number, Record<string, unknown>][] {
  const items = isObject(value) ? value[list] : undefined;
  if (!Array.isArray(items)) return [];
  return items.flatMap((item: unknown, index): [number, Record<string, unknown>][] =>
    isObject(item) ? [[index, item]] : [],
  );
}

/**
 * Lets an arm name only what it changes: a choice of the preset's kind keeps the preset's other settings. Changes the
 * raw document, before defaults hide what was written.
 */
export function applyPresets(value: unknown): ExperimentProblem[] {
  const problems: ExperimentProblem[] = [];
  for (const [index, arm] of entriesOf(value, 'arms')) {
    const id = arm['preset'];
    if (typeof id !== 'string') continue;
    const preset = presets.find((candidate) => candidate.id === id);
    if (!preset) {
      const ids = presets.map((candidate) => candidate.id);
      const message = (guess: string): Phrase =>
        phrase('unknown preset "{0}"; did you mean "{1}"? Presets: {2}', id, guess, ids.join(', '));
      problems.push(unknownName(['arms', index, 'preset'], id, ids, message));
      continue;
    }
    for (const [choice, settings] of Object.entries(preset.choices)) {
      const own = arm[choice];
      if (own === undefined) arm[choice] = { ...settings };
      else if (isObject(own) && own['kind'] === settings.kind) arm[choice] = { ...settings, ...own };
    }
  }
  return problems;
}

/** The schema's complaints in the words of this lab. `value` is the document that was checked. */
export function schemaProblems(error: z.ZodError, value: unknown): ExperimentProblem[] {
  return error.issues.flatMap((issue): ExperimentProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      const keys = validKeys(value, issue.path);
      return issue.keys.map((key) => unknownKey(value, issue.path, key, keys));
    }
    const path = issue.path;
    const given = valueAt(value, path);
    const key = path.at(-1);
    if (given === undefined && typeof key === 'string') return [missingKey(value, path, key)];
    const allowed = allowedValues(path.at(-1) === 'kind' ? kindsAt(value, path) : schemasAt(value, path));
    if (
      (issue.code === 'invalid_value' || issue.code === 'invalid_union') &&
      typeof given === 'string' &&
      allowed.length > 0
    ) {
      const words = allowed.map(String);
      const guess = nearest(given, words);
      const message = phrase(
        '{0} "{1}" is none of {2}; did you mean "{3}"?',
        nameOf(path),
        given,
        words.join(', '),
        guess,
      );
      return [found('wrong-value', path, message, guess)];
    }
    return [found('wrong-value', path, complaint(issue, given))];
  });
}

function unknownKey(value: unknown, path: DocumentPath, key: string, keys: readonly string[]): ExperimentProblem {
  const guess = nearest(key, keys);
  const taken = Object.hasOwn(valueAt(value, path) as object, guess);
  const message = phrase('unknown key "{0}"; did you mean "{1}"? Keys here: {2}', key, guess, keys.join(', '));
  return found('unknown-key', [...path, key], message, taken ? undefined : guess);
}

function missingKey(value: unknown, path: DocumentPath, key: string): ExperimentProblem {
  const nodes = key === 'kind' ? kindsAt(value, path) : declaredAt(value, path);
  const about = nodes.find((node) => node.description !== undefined)?.description;
  const allowed = allowedValues(nodes).map(String);
  return found('missing-key', path, missing(key, about, allowed));
}

function missing(key: string, about: string | undefined, allowed: readonly string[]): Phrase {
  if (about !== undefined) return phrase('missing key "{0}": {1}', key, declared(about));
  if (allowed.length > 0) return phrase('missing key "{0}": one of {1}', key, allowed.join(', '));
  return phrase('missing key "{0}"', key);
}

/** Schemas of `kind` in every member of the union it decides. */
function kindsAt(value: unknown, path: DocumentPath): ReturnType<typeof declaredAt> {
  return declaredAt(value, path.slice(0, -1))
    .flatMap((node) => node.oneOf ?? node.anyOf ?? [node])
    .flatMap((member) => member.properties?.['kind'] ?? []);
}

/** A copy of the document without the keys that the schema does not know. */
export function withoutUnknownKeys(error: z.ZodError | undefined, value: unknown): unknown {
  const copy = structuredClone(value);
  for (const issue of error?.issues ?? []) {
    if (issue.code !== 'unrecognized_keys') continue;
    const target = valueAt(copy, issue.path);
    for (const key of issue.keys) Reflect.deleteProperty(target as object, key);
  }
  return copy;
}

/** Names that clash, and names of benchmarks and scorers that do not exist. */
export function namingProblems(value: unknown): ExperimentProblem[] {
  const problems: ExperimentProblem[] = [];
  for (const list of ['stages', 'arms', 'benchmarks'] as const) {
    const seen = new Set<string>();
    for (const [index, { name }] of entriesOf(value, list)) {
      if (typeof name !== 'string') continue;
      if (seen.has(name)) {
        const message = phrase('the name "{0}" is used twice in {1}', name, list);
        problems.push(found('duplicate', [list, index, 'name'], message));
      }
      if (list === 'arms' && name === 'base') {
        problems.push(found('duplicate', [list, index, 'name'], phrase('"base" is the name of the untouched model')));
      }
      seen.add(name);
    }
  }
  const benchmarks = entriesOf(value, 'benchmarks').flatMap(([, { name }]) => (typeof name === 'string' ? [name] : []));
  for (const [index, { benchmark, verifier }] of entriesOf(value, 'stages')) {
    if (typeof benchmark === 'string' && !benchmarks.includes(benchmark)) {
      const message = (guess: string): Phrase =>
        guess === ''
          ? phrase('unknown benchmark "{0}"', benchmark)
          : phrase('unknown benchmark "{0}"; did you mean "{1}"?', benchmark, guess);
      problems.push(unknownName(['stages', index, 'benchmark'], benchmark, benchmarks, message));
    }
    if (isObject(verifier))
      problems.push(...scorerProblems(verifier['scorer'], ['stages', index, 'verifier', 'scorer']));
  }
  for (const [index, { scorer }] of entriesOf(value, 'benchmarks')) {
    problems.push(...scorerProblems(scorer, ['benchmarks', index, 'scorer']));
  }
  return problems;
}

function scorerProblems(id: unknown, path: DocumentPath): ExperimentProblem[] {
  const ids = scorers.map((scorer) => scorer.id);
  if (typeof id !== 'string' || ids.includes(id)) return [];
  const message = (guess: string): Phrase =>
    phrase('unknown scorer "{0}"; did you mean "{1}"? Scorers: {2}', id, guess, ids.join(', '));
  return [unknownName(path, id, ids, message)];
}

/** The absolute path that a path in an experiment file in `folder` means. */
export function absolutePath(folder: string, path: string): string {
  return path === '' || isAbsolute(path) ? path : resolve(folder, path);
}

/** A file or folder that an experiment names. */
export interface NamedFile {
  path: DocumentPath;
  /** As the experiment names it. */
  written: string;
  /** Absolute. */
  target: string;
  kind: 'model' | 'data';
}

/** Every file that a raw document in `folder` names. */
export function namedFiles(value: unknown, folder: string): NamedFile[] {
  const files: NamedFile[] = [];
  const add = (path: DocumentPath, written: unknown): void => {
    if (typeof written === 'string') files.push({ path, written, target: absolutePath(folder, written), kind: 'data' });
  };
  const model = isObject(value) ? value['model'] : undefined;
  if (typeof model === 'string') {
    const target = model === 'pocket' ? pocketModelFolder : absolutePath(folder, model);
    files.push({ path: ['model'], written: model, target, kind: 'model' });
  }
  for (const [index, { dataset }] of entriesOf(value, 'stages')) add(['stages', index, 'dataset'], dataset);
  for (const [index, { mix }] of entriesOf(value, 'arms')) {
    // An empty name comes from a preset that needs one; armProblems asks for it.
    const dataset = isObject(mix) && mix['kind'] === 'replay' ? mix['dataset'] : '';
    if (dataset !== '') add(['arms', index, 'mix', 'dataset'], dataset);
  }
  for (const [index, { data }] of entriesOf(value, 'benchmarks')) add(['benchmarks', index, 'data'], data);
  if (isObject(value)) add(['neutralText'], value['neutralText']);
  return files;
}

/** Files and folders that are not there. */
export async function fileProblems(files: readonly NamedFile[]): Promise<ExperimentProblem[]> {
  const problems: ExperimentProblem[] = [];
  for (const file of files) {
    const { path, target, kind } = file;
    const info = await stat(target).catch(() => undefined);
    const isModel = kind === 'model';
    if (!info) problems.push(await missingFile(file));
    else if (isModel && !info.isDirectory())
      problems.push(found('missing-file', path, phrase('not a model folder: {0}', target)));
    else if (!isModel && !info.isFile()) problems.push(found('missing-file', path, phrase('not a file: {0}', target)));
  }
  return problems;
}

/** Names the file in the same folder whose name is nearly the missing one's. */
async function missingFile({ path, written, target, kind }: NamedFile): Promise<ExperimentProblem> {
  const message = kind === 'model' ? phrase('no such folder: {0}', target) : phrase('no such file: {0}', target);
  const entries = await readdir(dirname(target), { withFileTypes: true }).catch(() => []);
  const there = entries.filter((entry) => (kind === 'model' ? entry.isDirectory() : entry.isFile()));
  const name = basename(target);
  const bundled = kind === 'model' && written === name ? ['pocket'] : [];
  const guess = nearest(name, [...bundled, ...there.map((entry) => entry.name)]);
  const isClose = editDistance(name, guess) <= Math.max(1, parse(name).name.length / 4);
  if (guess === '' || !isClose || !written.endsWith(name)) return found('missing-file', path, message);
  const instead = `${written.slice(0, -name.length)}${guess}`;
  return found('missing-file', path, phrase('{0}; did you mean "{1}"?', message, instead), instead);
}

/** What an arm still needs, and values that are listed twice. */
export function armProblems(value: unknown): ExperimentProblem[] {
  const problems: ExperimentProblem[] = [];
  for (const [index, { preset, mix, learningRates, trainable }] of entriesOf(value, 'arms')) {
    problems.push(...trainableProblems(trainable, ['arms', index, 'trainable']));
    if (isObject(mix) && mix['kind'] === 'replay' && mix['dataset'] === '') {
      const message = phrase(
        'preset "{0}" needs mix: { kind: replay, dataset: FILE }, the old examples to replay',
        String(preset),
      );
      problems.push(found('incomplete', ['arms', index, 'preset'], message));
    }
    if (hasRepeated(learningRates)) {
      problems.push(found('duplicate', ['arms', index, 'learningRates'], phrase('a learning rate is listed twice')));
    }
  }
  if (isObject(value) && hasRepeated(value['learningRates'])) {
    problems.push(found('duplicate', ['learningRates'], phrase('a learning rate is listed twice')));
  }
  if (isObject(value) && hasRepeated(value['seeds'])) {
    problems.push(found('duplicate', ['seeds'], phrase('a seed is listed twice')));
  }
  return problems;
}

/** A choice of weights that leaves nothing to train, as far as it shows without the model. */
function trainableProblems(trainable: unknown, path: DocumentPath): ExperimentProblem[] {
  if (!isObject(trainable)) return [];
  const { kind, roles, layers } = trainable;
  if (kind === 'freeze' && roles === undefined && layers === undefined) {
    const message = phrase('freeze needs roles or layers: without them every weight stays as it is');
    return [found('incomplete', path, message)];
  }
  if (!Array.isArray(layers) || layers.length !== 2 || Number(layers[0]) < Number(layers[1])) return [];
  const [first = '', end = ''] = layers.map((layer) => String(Number(layer)));
  const message = phrase(
    'layers [{0}, {1}] holds no layer: the first number is the first layer, the second the one behind the last',
    first,
    end,
  );
  return [found('wrong-value', [...path, 'layers'], message)];
}

const hasRepeated = (list: unknown): boolean => Array.isArray(list) && new Set(list).size < list.length;

/** Self-output without a verifier would train on wrong answers; raw text has no answers to verify. */
export async function verifierProblems(value: unknown, folder: string): Promise<ExperimentProblem[]> {
  const arm = entriesOf(value, 'arms')
    .flatMap(([, raw]) => resolvedArm(raw) ?? [])
    .find(({ targets }) => targets.kind === 'self-output');
  const problems: ExperimentProblem[] = [];
  if (!arm) return problems;
  for (const [index, raw] of entriesOf(value, 'stages')) {
    if (raw['verifier'] !== undefined) continue;
    const stage = stageSchema.safeParse(raw);
    if (!stage.success) continue;
    const { name, dataset, format } = stage.data;
    try {
      if (await isRawText(absolutePath(folder, dataset), format)) continue;
    } catch (error) {
      if (!(error instanceof LabError)) throw error;
      // A missing file has been reported already.
      if (error.code !== 'file-not-found') {
        problems.push(found('unusable-file', ['stages', index, 'dataset'], error.words.message));
      }
      continue;
    }
    const message = phrase(
      'stage "{0}" needs a verifier, because arm "{1}" trains on the model\'s own correct answers',
      name,
      arm.name,
    );
    problems.push(found('incomplete', ['stages', index, 'verifier'], message));
  }
  return problems;
}

function resolvedArm(raw: unknown): ResolvedArm | undefined {
  const arm = armSchema.safeParse(raw);
  if (!arm.success || (arm.data.preset !== undefined && !presets.some(({ id }) => id === arm.data.preset)))
    return undefined;
  return resolveArm(arm.data, { learningRates: [] });
}

/** Rows that are looked at before a dataset without a usable row counts as one with answers. */
const mostDropped = 1000;

async function isRawText(dataset: string, format: Stage['format']): Promise<boolean> {
  let dropped = 0;
  for await (const event of readExamples(dataset, format === undefined ? {} : { format })) {
    if (event.kind === 'example') return event.example.body.kind === 'text';
    if (++dropped >= mostDropped) return false;
  }
  return false;
}
