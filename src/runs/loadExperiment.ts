// Reads an experiment file (YAML or JSON) into a complete, checked experiment: presets applied, paths absolute. Every
// problem is reported at once, with its line and column, so that a file is mended in one go.
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, extname, isAbsolute, resolve } from 'node:path';
import { LineCounter, isNode, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { z } from 'zod';
import { readExamples } from '../data/examples.ts';
import { scorers } from '../evals/scorers.ts';
import { presets, resolveArm } from '../recipes/presets.ts';
import { isGenerated } from '../recipes/targets/index.ts';
import { LabError } from '../shared/errors.ts';
import { experimentJsonSchema, experimentSchema } from '../shared/experiment.ts';
import type { Experiment, ResolvedArm, Stage } from '../shared/experiment.ts';
import { nearest } from '../shared/nearest.ts';
import { fileError } from './files.ts';
import { pocketModelFolder } from './packageRoot.ts';
import { validKeys } from './schemaPaths.ts';

export interface LoadedExperiment {
  /** Absolute path of the experiment file. */
  file: string;
  /** Every default filled in, presets applied, paths absolute. */
  experiment: Experiment;
  arms: ResolvedArm[];
}

/** Something wrong in the file and where. */
interface Problem {
  path: readonly PropertyKey[];
  message: string;
}

/** Reads, completes and checks an experiment. Throws one `experiment-invalid` that lists every problem. */
export async function loadExperiment(path: string): Promise<LoadedExperiment> {
  const file = resolve(path);
  const source = await readSource(file);
  const { value } = source;
  const presetProblems = applyPresets(value);
  const parsed = experimentSchema.safeParse(value);
  const problems = [...presetProblems, ...(parsed.success ? [] : schemaProblems(parsed.error, value))];
  // Unknown keys are no reason to keep quiet about the rest.
  const known = parsed.success ? parsed : experimentSchema.safeParse(withoutUnknownKeys(parsed.error, value));
  if (!known.success) throw invalid(source, problems);
  const experiment = withAbsolutePaths(known.data, dirname(file));
  problems.push(...namingProblems(experiment), ...(await fileProblems(experiment)));
  if (problems.length > 0) throw invalid(source, problems);
  const arms = experiment.arms.map((arm) => resolveArm(arm, experiment));
  const late = [...armProblems(experiment, arms), ...(await verifierProblems(experiment, arms))];
  if (late.length > 0) throw invalid(source, late);
  return { file, experiment, arms };
}

interface Source {
  file: string;
  value: unknown;
  document: Document;
  lines: LineCounter;
}

async function readSource(file: string): Promise<Source> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw fileError(error, 'read', file);
  }
  const lines = new LineCounter();
  // JSON is YAML, so one parser gives positions for both. Aliases are limited by the parser itself.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  if (document.errors.length > 0) {
    const listed = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return `${basename(file)}:${line}:${col} ${error.message}`;
    });
    const kind = extname(file) === '.json' ? 'JSON' : 'YAML';
    throw new LabError('experiment-invalid', `${file} is not ${kind}:\n  ${listed.join('\n  ')}`, {
      remedy: 'Mend the syntax; strings with a colon or a leading % or @ need quotes',
    });
  }
  return { file, value: document.toJS() as unknown, document, lines };
}

function invalid(source: Source, problems: readonly Problem[]): LabError {
  const listed = problems
    .map((problem) => ({ ...position(source, problem.path), message: problem.message }))
    .sort((one, other) => one.line - other.line || one.col - other.col)
    .map(({ line, col, message }) => `${basename(source.file)}:${line}:${col} ${message}`);
  const count = listed.length === 1 ? 'a problem' : `${listed.length} problems`;
  return new LabError('experiment-invalid', `${source.file} has ${count}:\n  ${listed.join('\n  ')}`, {
    remedy: 'schemas/experiment.schema.json describes every key; examples/pocket/pocket.experiment.yaml is an example',
  });
}

/** Line and column of the deepest node of a path that is in the file. */
function position(source: Source, path: readonly PropertyKey[]): { line: number; col: number } {
  for (let length = path.length; length >= 0; length--) {
    const key = path[length - 1];
    const parent: unknown = length > 0 ? source.document.getIn(path.slice(0, length - 1), true) : undefined;
    const start = keyStart(parent, key) ?? nodeStart(source.document.getIn(path.slice(0, length), true));
    if (start !== undefined) return source.lines.linePos(start);
  }
  return { line: 1, col: 1 };
}

/** Where the key of a mapping entry begins. */
function keyStart(parent: unknown, key: PropertyKey | undefined): number | undefined {
  const items = (parent as { items?: unknown } | undefined)?.items;
  if (typeof key !== 'string' || !Array.isArray(items)) return undefined;
  const pair = (items as { key?: unknown }[]).find(
    (item) => (item.key as { value?: unknown } | undefined)?.value === key,
  );
  return pair ? nodeStart(pair.key) : undefined;
}

function nodeStart(node: unknown): number | undefined {
  return isNode(node) ? (node.range?.[0] ?? undefined) : undefined;
}

/**
 * Lets an arm name only what it changes: a choice of the preset's kind keeps the preset's other settings. Works on the
 * raw file, before defaults hide what was written.
 */
function applyPresets(value: unknown): Problem[] {
  const arms = isObject(value) && Array.isArray(value['arms']) ? (value['arms'] as unknown[]) : [];
  const problems: Problem[] = [];
  arms.forEach((arm, index) => {
    if (!isObject(arm) || typeof arm['preset'] !== 'string') return;
    const id = arm['preset'];
    const preset = presets.find((candidate) => candidate.id === id);
    if (!preset) {
      const ids = presets.map((candidate) => candidate.id);
      const message = `unknown preset "${id}"; did you mean "${nearest(id, ids)}"? Presets: ${ids.join(', ')}`;
      problems.push({ path: ['arms', index, 'preset'], message });
      return;
    }
    for (const [choice, settings] of Object.entries(preset.choices)) {
      const own = arm[choice];
      if (own === undefined) arm[choice] = { ...settings };
      else if (isObject(own) && own['kind'] === settings.kind) {
        arm[choice] = { ...settings, ...own };
      }
    }
  });
  return problems;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function schemaProblems(error: z.ZodError, value: unknown): Problem[] {
  return error.issues.flatMap((issue): Problem[] => {
    if (issue.code === 'unrecognized_keys') {
      const keys = validKeys(experimentJsonSchema(), value, issue.path);
      return issue.keys.map((key) => ({
        path: [...issue.path, key],
        message: `unknown key "${key}"; did you mean "${nearest(key, keys)}"? Keys here: ${keys.join(', ')}`,
      }));
    }
    const where = issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
    return [{ path: issue.path, message: `${where}${issue.message}` }];
  });
}

function withoutUnknownKeys(error: z.ZodError, value: unknown): unknown {
  const copy = structuredClone(value);
  for (const issue of error.issues) {
    if (issue.code !== 'unrecognized_keys') continue;
    const target = issue.path.reduce<unknown>((node, key) => (node as Record<PropertyKey, unknown>)[key], copy);
    for (const key of issue.keys) Reflect.deleteProperty(target as object, key);
  }
  return copy;
}

function withAbsolutePaths(experiment: Experiment, base: string): Experiment {
  const absolute = (path: string): string => (path === '' || isAbsolute(path) ? path : resolve(base, path));
  return {
    ...experiment,
    model: experiment.model === 'pocket' ? pocketModelFolder : absolute(experiment.model),
    stages: experiment.stages.map((stage) => ({ ...stage, dataset: absolute(stage.dataset) })),
    arms: experiment.arms.map((arm) =>
      arm.mix?.kind === 'replay' ? { ...arm, mix: { ...arm.mix, dataset: absolute(arm.mix.dataset) } } : arm,
    ),
    benchmarks: experiment.benchmarks.map((benchmark) => ({ ...benchmark, data: absolute(benchmark.data) })),
    ...(experiment.neutralText === undefined ? {} : { neutralText: absolute(experiment.neutralText) }),
  };
}

function namingProblems(experiment: Experiment): Problem[] {
  const problems: Problem[] = [];
  for (const list of ['stages', 'arms', 'benchmarks'] as const) {
    const seen = new Set<string>();
    experiment[list].forEach(({ name }, index) => {
      if (seen.has(name))
        problems.push({ path: [list, index, 'name'], message: `the name "${name}" is used twice in ${list}` });
      seen.add(name);
    });
  }
  experiment.arms.forEach(({ name }, index) => {
    if (name === 'base')
      problems.push({ path: ['arms', index, 'name'], message: '"base" is the name of the untouched model' });
  });
  const benchmarks = experiment.benchmarks.map((benchmark) => benchmark.name);
  experiment.stages.forEach(({ benchmark, verifier }, index) => {
    if (benchmark !== undefined && !benchmarks.includes(benchmark)) {
      const message = `unknown benchmark "${benchmark}"; did you mean "${nearest(benchmark, benchmarks)}"?`;
      problems.push({ path: ['stages', index, 'benchmark'], message });
    }
    if (verifier) problems.push(...scorerProblems(verifier.scorer, ['stages', index, 'verifier', 'scorer']));
  });
  experiment.benchmarks.forEach(({ scorer }, index) => {
    problems.push(...scorerProblems(scorer, ['benchmarks', index, 'scorer']));
  });
  return problems;
}

function scorerProblems(id: string, path: readonly PropertyKey[]): Problem[] {
  const ids = scorers.map((scorer) => scorer.id);
  if (ids.includes(id)) return [];
  return [{ path, message: `unknown scorer "${id}"; did you mean "${nearest(id, ids)}"? Scorers: ${ids.join(', ')}` }];
}

async function fileProblems(experiment: Experiment): Promise<Problem[]> {
  const wanted: { path: readonly PropertyKey[]; target: string; folder?: boolean }[] = [
    { path: ['model'], target: experiment.model, folder: true },
    ...experiment.stages.map((stage, index) => ({ path: ['stages', index, 'dataset'], target: stage.dataset })),
    ...experiment.arms.flatMap((arm, index) =>
      arm.mix?.kind === 'replay' && arm.mix.dataset !== ''
        ? [{ path: ['arms', index, 'mix', 'dataset'], target: arm.mix.dataset }]
        : [],
    ),
    ...experiment.benchmarks.map((benchmark, index) => ({
      path: ['benchmarks', index, 'data'],
      target: benchmark.data,
    })),
    ...(experiment.neutralText === undefined ? [] : [{ path: ['neutralText'], target: experiment.neutralText }]),
  ];
  const problems: Problem[] = [];
  for (const { path, target, folder } of wanted) {
    const info = await stat(target).catch(() => undefined);
    if (!info) problems.push({ path, message: `${folder ? 'no such folder' : 'no such file'}: ${target}` });
    else if (folder && !info.isDirectory()) problems.push({ path, message: `not a model folder: ${target}` });
    else if (!folder && !info.isFile()) problems.push({ path, message: `not a file: ${target}` });
  }
  return problems;
}

function armProblems(experiment: Experiment, arms: readonly ResolvedArm[]): Problem[] {
  const problems: Problem[] = [];
  arms.forEach((arm, index) => {
    if (arm.mix.kind === 'replay' && arm.mix.dataset === '') {
      const message = `preset "${arm.preset}" needs mix: { kind: replay, dataset: FILE }, the old examples to replay`;
      problems.push({ path: ['arms', index], message });
    }
    if (new Set(arm.learningRates).size < arm.learningRates.length) {
      problems.push({ path: ['arms', index, 'learningRates'], message: 'a learning rate is listed twice' });
    }
  });
  if (new Set(experiment.seeds).size < experiment.seeds.length) {
    problems.push({ path: ['seeds'], message: 'a seed is listed twice' });
  }
  return problems;
}

/** Self-output without a verifier would train on wrong answers; raw text has no answers to verify. */
async function verifierProblems(experiment: Experiment, arms: readonly ResolvedArm[]): Promise<Problem[]> {
  const arm = arms.find(({ targets }) => isGenerated(targets) && targets.kind === 'self-output');
  const problems: Problem[] = [];
  if (!arm) return problems;
  for (const [index, stage] of experiment.stages.entries()) {
    if (stage.verifier || (await isRawText(stage))) continue;
    const message = `stage "${stage.name}" needs a verifier, because arm "${arm.name}" trains on the model's own correct answers`;
    problems.push({ path: ['stages', index], message });
  }
  return problems;
}

async function isRawText(stage: Stage): Promise<boolean> {
  const options = stage.format === undefined ? {} : { format: stage.format };
  for await (const event of readExamples(stage.dataset, options)) {
    if (event.kind === 'example') return event.example.body.kind === 'text';
  }
  return false;
}
