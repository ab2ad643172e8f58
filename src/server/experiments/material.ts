// What a new experiment can be made of: tasks and benchmarks among the files of the workspace. What other experiments say
// about a file counts before what its rows look like.
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { detectFormat } from '../../data/formats.ts';
import { scorers } from '../../evals/scorers.ts';
import { recipeNames } from '../../lab/targetChoices.ts';
import { presets, resolveChoices } from '../../recipes/presets.ts';
import { isGenerated } from '../../recipes/targets/index.ts';
import { absolutePath, isObject } from '../../runs/experimentProblems.ts';
import { parseExperimentText } from '../../runs/experimentSource.ts';
import { benchmarkSchema, verifierSchema } from '../../shared/experiment.ts';
import type { BenchmarkConfig } from '../../shared/experiment.ts';
import { declared } from '../../shared/phrase.ts';
import type { BenchmarkCandidate, ExperimentMaterial, TaskCandidate } from '../../shared/protocol/lab/experiments.ts';
import { answerField, guessScorer } from './guessScorer.ts';
import type { RowSample } from './sampleRows.ts';
import { walkFiles } from './walkFiles.ts';

type Sampler = (file: string) => Promise<RowSample | undefined>;

/** What the experiments of the workspace say about files, by absolute path. */
interface Knowledge {
  benchmarks: Map<string, BenchmarkConfig>;
  verifiers: Map<string, { scorer: string; field: string }>;
  stages: Map<string, { name: string; maxTokens?: number }>;
  neutral: string[];
  replay: string[];
  folders: string[];
  names: Record<string, string>;
}

export async function findMaterial(
  workspace: string,
  sample: Sampler,
  signal?: AbortSignal,
): Promise<ExperimentMaterial> {
  const files = await walkFiles(workspace, signal);
  const known = await learn(files.experiments);
  const tasks: TaskCandidate[] = [];
  const benchmarks: BenchmarkCandidate[] = [];
  for (const file of files.data) {
    const rows = await sample(file);
    if (!rows) continue;
    const task = known.benchmarks.has(file) ? undefined : taskOf(file, rows, known);
    if (task) tasks.push(task);
    const benchmark = benchmarkOf(file, rows, known, task !== undefined);
    if (benchmark) benchmarks.push(benchmark);
  }
  markTargets(tasks, benchmarks);
  const [neutralText] = known.neutral;
  const [replay] = known.replay;
  return {
    folder: mostFrequent(known.folders) ?? workspace,
    tasks: tasks.sort((a, b) => rank(known, a) - rank(known, b)),
    benchmarks,
    presets: presets.map(({ id, title, arxiv, description, choices }) => {
      const { targets, mix } = resolveChoices(undefined, choices);
      const needs = { needsVerifier: targets.kind === 'self-output', needsReplay: mix.kind === 'replay' };
      return {
        id,
        title: declared(title),
        description: declared(description),
        ...needs,
        ...(arxiv === undefined ? {} : { arxiv }),
      };
    }),
    scorers: scorers.map(({ id, title, description }) => ({
      id,
      title: declared(title),
      description: declared(description),
    })),
    recipes: recipes(),
    ...(neutralText === undefined ? {} : { neutralText }),
    ...(replay === undefined ? {} : { replay }),
    names: known.names,
    incomplete: files.incomplete,
  };
}

/** Recipes by name, in the words of their presets; columns are recipes of a dataset and not listed here. */
function recipes(): ExperimentMaterial['recipes'] {
  return recipeNames.flatMap((id) => {
    const preset = presets.find((candidate) => candidate.id === (id === 'ground-truth' ? 'sft' : id));
    if (!preset) return [];
    const { targets } = resolveChoices(undefined, preset.choices);
    const [title, description] = [declared(preset.title), declared(preset.description)];
    return [{ id, title, description, writes: isGenerated(targets) }];
  });
}

/** Files that experiments teach, then others, then those that serve another purpose. */
function rank(known: Knowledge, { file }: TaskCandidate): number {
  if (known.stages.has(file)) return 0;
  return known.neutral.includes(file) || known.replay.includes(file) ? 2 : 1;
}

async function learn(experiments: readonly string[]): Promise<Knowledge> {
  const known: Knowledge = {
    benchmarks: new Map(),
    verifiers: new Map(),
    stages: new Map(),
    neutral: [],
    replay: [],
    folders: experiments.map((file) => dirname(file)),
    names: {},
  };
  for (const file of experiments) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const { value } = parseExperimentText(file, text);
    if (!isObject(value)) continue;
    if (typeof value['name'] === 'string') known.names[value['name']] = file;
    await learnFrom(value, dirname(file), known);
  }
  return known;
}

/** Takes what can be used from a file, which may be broken. */
async function learnFrom(value: Record<string, unknown>, folder: string, known: Knowledge): Promise<void> {
  for (const raw of objects(value['benchmarks'])) {
    const benchmark = benchmarkSchema.safeParse(raw);
    if (!benchmark.success) continue;
    const file = absolutePath(folder, benchmark.data.data);
    if (!known.benchmarks.has(file)) known.benchmarks.set(file, benchmark.data);
  }
  for (const { name, dataset, verifier, maxTokens } of objects(value['stages'])) {
    if (typeof dataset !== 'string' || typeof name !== 'string') continue;
    const file = absolutePath(folder, dataset);
    const parsed = verifierSchema.safeParse(verifier);
    if (parsed.success) known.verifiers.set(file, parsed.data);
    known.stages.set(file, { name, ...(typeof maxTokens === 'number' ? { maxTokens } : {}) });
  }
  const add = async (list: string[], path: unknown): Promise<void> => {
    if (typeof path !== 'string') return;
    const file = absolutePath(folder, path);
    const info = await stat(file).catch(() => undefined);
    if (info?.isFile() && !list.includes(file)) list.push(file);
  };
  await add(known.neutral, value['neutralText']);
  for (const { mix } of objects(value['arms'])) if (isObject(mix)) await add(known.replay, mix['dataset']);
}

const objects = (list: unknown): Record<string, unknown>[] => (Array.isArray(list) ? list.filter(isObject) : []);

function taskOf(file: string, { first, rows, estimated }: RowSample, known: Knowledge): TaskCandidate | undefined {
  const format = first[0] && detectFormat(first[0]);
  if (format === undefined) return undefined;
  const rawText = format === 'text';
  const field = answerField(first);
  const scorer = field === undefined ? undefined : guessScorer(first, field);
  const guess = scorer === undefined || field === undefined ? undefined : { scorer, field };
  const verifier = known.verifiers.get(file) ?? guess;
  const stage = known.stages.get(file) ?? { name: nameOf(file) };
  return {
    file,
    ...stage,
    format,
    rows,
    rowsEstimated: estimated,
    rawText,
    columns: Object.keys(first[0] ?? {}),
    ...(verifier && !rawText ? { verifier } : {}),
  };
}

function benchmarkOf(
  file: string,
  { first, rows, estimated }: RowSample,
  known: Knowledge,
  isTask: boolean,
): BenchmarkCandidate | undefined {
  const declared = known.benchmarks.get(file);
  const counted = { items: rows, itemsEstimated: estimated };
  // A file that is being written may name a scorer that is none.
  if (declared && scorers.some(({ id }) => id === declared.scorer)) {
    const { name, scorer, group, maxTokens, chance } = declared;
    return { file, name, ...counted, scorer, group, maxTokens, chance };
  }
  const asks = first.every((row) => ['prompt', 'question', 'instruction'].some((column) => Object.hasOwn(row, column)));
  const scorer = guessScorer(first);
  const measures = scorer === 'minimal_pair' || (asks && answerField(first) !== undefined);
  // Training data with a reference answer can be measured with as well, when it is a file of questions and answers only.
  if (!measures || (isTask && !first.every((row) => Object.hasOwn(row, 'question')))) return undefined;
  const name = nameOf(file);
  return { file, name, ...counted, group: guessGroup(name, scorer), ...(scorer === undefined ? {} : { scorer }) };
}

function guessGroup(name: string, scorer: string | undefined): BenchmarkConfig['group'] {
  if (scorer === 'refusal' || scorer === 'no_refusal' || /safety|harm|refus|toxic/i.test(name)) return 'safety';
  return scorer === 'json_answer' ? 'format' : 'skill';
}

/** A benchmark that is called like a task measures that task. */
function markTargets(tasks: readonly TaskCandidate[], benchmarks: readonly BenchmarkCandidate[]): void {
  const names = new Set(tasks.flatMap(({ name, file }) => [plain(name), plain(nameOf(file))]));
  for (const benchmark of benchmarks) if (names.has(plain(benchmark.name))) benchmark.group = 'target';
}

/** Names that differ in spelling only are one: `new calls`, `newCalls`, `new-calls`. */
export const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');

const nameOf = (file: string): string =>
  basename(file)
    .replace(/\.jsonl?$/i, '')
    .slice(0, 80);

function mostFrequent(words: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}
