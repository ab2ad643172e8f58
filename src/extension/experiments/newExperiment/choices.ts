// From the answers of a person to the choices of a new experiment: which benchmark measures which task, and names that
// clash. Knows no editor.
import type {
  BenchmarkCandidate,
  ExperimentMaterial,
  NewExperimentChoices,
  PresetChoice,
  TaskCandidate,
} from '../../../shared/protocol/lab/experiments.ts';
import type { Device } from '../../../shared/protocol/lab/sessions.ts';

export type Verifier = NonNullable<TaskCandidate['verifier']>;

/** Answers so far. */
export interface Answers {
  model: string | undefined;
  tasks: TaskCandidate[];
  presets: PresetChoice[];
  /** By task file, for tasks whose verifier nobody knows. */
  verifiers: Map<string, Verifier>;
  replay: string | undefined;
  benchmarks: BenchmarkCandidate[] | undefined;
  /** By benchmark file. */
  scorers: Map<string, string>;
  device: Device;
  name: string | undefined;
}

export function noAnswers(material: ExperimentMaterial): Answers {
  return {
    model: undefined,
    tasks: [],
    presets: material.presets.filter(({ id }) => id === 'sft' || id === 'self-output'),
    verifiers: new Map(),
    replay: material.replay,
    benchmarks: undefined,
    scorers: new Map(),
    device: 'auto',
    name: undefined,
  };
}

/** Tasks whose verifier is needed and not known. */
export function tasksWithoutVerifier({ tasks, presets }: Answers): TaskCandidate[] {
  if (!presets.some(({ needsVerifier }) => needsVerifier)) return [];
  return tasks.filter((task) => !task.rawText && !task.verifier);
}

export const benchmarksWithoutScorer = ({ benchmarks }: Answers): BenchmarkCandidate[] =>
  (benchmarks ?? []).filter(({ scorer }) => scorer === undefined);

/** Names that differ in spelling only are one: `new calls`, `newCalls`, `new-calls`. */
const plain = (name: string): string => name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '');

const fileName = (file: string): string => (file.split(/[\\/]/).at(-1) ?? '').replace(/\.jsonl?$/i, '');

const measures = (benchmark: BenchmarkCandidate, task: TaskCandidate): boolean =>
  [task.name, fileName(task.file)].map(plain).includes(plain(benchmark.name));

/** Benchmarks that a person most likely wants: those of the tasks, and every old skill. */
export function usualBenchmarks(
  { benchmarks }: ExperimentMaterial,
  tasks: readonly TaskCandidate[],
): BenchmarkCandidate[] {
  return benchmarks.filter(
    (benchmark) => benchmark.group !== 'target' || tasks.some((task) => measures(benchmark, task)),
  );
}

/** The answers as choices; `name` is what the experiment will be called. */
export function toChoices(answers: Answers, name: string, material: ExperimentMaterial): NewExperimentChoices {
  const benchmarkName = uniqueNames((answers.benchmarks ?? []).map((benchmark) => benchmark.name));
  const taskName = uniqueNames(answers.tasks.map((task) => task.name));
  const benchmarks = (answers.benchmarks ?? []).map((benchmark, index) => ({
    file: benchmark.file,
    name: benchmarkName[index] ?? benchmark.name,
    scorer: benchmark.scorer ?? answers.scorers.get(benchmark.file) ?? '',
    group: benchmark.group,
    ...(benchmark.maxTokens === undefined ? {} : { maxTokens: benchmark.maxTokens }),
    ...(benchmark.chance === undefined ? {} : { chance: benchmark.chance }),
  }));
  const tasks = answers.tasks.map((task, index) => {
    const measuring = (answers.benchmarks ?? []).findIndex((benchmark) => measures(benchmark, task));
    const target = measuring >= 0 ? measuring : onlyTarget(answers);
    const benchmark = target === undefined ? undefined : benchmarkName[target];
    const verifier = task.verifier ?? answers.verifiers.get(task.file);
    return {
      file: task.file,
      name: taskName[index] ?? task.name,
      rows: task.rows,
      rowsEstimated: task.rowsEstimated,
      ...(verifier ? { verifier } : {}),
      ...(task.maxTokens === undefined ? {} : { maxTokens: task.maxTokens }),
      ...(benchmark === undefined ? {} : { benchmark }),
    };
  });
  return {
    name,
    model: answers.model ?? 'pocket',
    tasks,
    arms: answers.presets.map(({ id }) => id),
    benchmarks,
    device: answers.device,
    ...(material.neutralText === undefined ? {} : { neutralText: material.neutralText }),
    ...(answers.replay === undefined ? {} : { replay: answers.replay }),
  };
}

/** With one task and one target, the target is that of the task, whatever it is called. */
function onlyTarget({ tasks, benchmarks = [] }: Answers): number | undefined {
  const targets = benchmarks.flatMap(({ group }, index) => (group === 'target' ? [index] : []));
  return tasks.length === 1 && targets.length === 1 ? targets[0] : undefined;
}

/** The same names, with a number behind those that are there already. */
export function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let unique = name;
    for (let number = 2; taken.has(unique); number++) unique = `${name} ${number}`;
    taken.add(unique);
    return unique;
  });
}

/** A name that says what is taught, with a number behind it where an experiment has it already. */
export function suggestedName({ tasks }: Answers, { names }: Pick<ExperimentMaterial, 'names'>): string {
  const taught = tasks.map(({ name }) => name).join(' then ');
  const name = taught.replace(/\s+/g, '-').slice(0, 40) || 'experiment';
  let free = name;
  for (let number = 2; Object.hasOwn(names, free); number++) free = `${name}-${number}`;
  return free;
}

const groups: readonly BenchmarkCandidate['group'][] = ['skill', 'target', 'safety', 'format'];

/** The group after this one, round and round. */
export function nextGroup(group: BenchmarkCandidate['group']): BenchmarkCandidate['group'] {
  return groups[(groups.indexOf(group) + 1) % groups.length] ?? 'skill';
}
