// Reads an experiment file (YAML or JSON) into a complete, checked experiment: presets applied, paths absolute. Every
// problem is reported at once, with its line and column, so that a file is mended in one go. The command line and the
// editor's diagnostics both come from here.
import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { resolveArm } from '../recipes/presets.ts';
import { LabError } from '../shared/errors.ts';
import { experimentSchema } from '../shared/experiment.ts';
import type { Experiment, ResolvedArm } from '../shared/experiment.ts';
import {
  absolutePath,
  applyPresets,
  armProblems,
  fileProblems,
  namedFiles,
  namingProblems,
  schemaProblems,
  verifierProblems,
  withoutUnknownKeys,
} from './experimentProblems.ts';
import type { ExperimentProblem } from './experimentProblems.ts';
import { languageOf, parseExperimentText, spanOf } from './experimentSource.ts';
import type { ExperimentSource, Span } from './experimentSource.ts';
import { fileError } from './files.ts';
import { pocketModelFolder } from './packageRoot.ts';
import { inEnglish, phrase } from '../shared/phrase.ts';
import type { Phrase, Words } from '../shared/phrase.ts';

export interface LoadedExperiment {
  /** Absolute path of the experiment file. */
  file: string;
  /** Every default filled in, presets applied, paths absolute. */
  experiment: Experiment;
  arms: ResolvedArm[];
}

/** A problem with its place in the text. */
export interface PlacedProblem extends ExperimentProblem {
  span: Span;
}

export interface CheckedExperiment {
  source: ExperimentSource;
  /** In the order of the file. */
  problems: PlacedProblem[];
  /** Only when there are no problems. */
  loaded?: LoadedExperiment;
}

/** Reads, completes and checks an experiment. Throws one `experiment-invalid` that lists every problem. */
export async function loadExperiment(path: string): Promise<LoadedExperiment> {
  const file = resolve(path);
  const checked = await checkExperiment(file, await readText(file));
  if (!checked.loaded) throw invalid(checked);
  return checked.loaded;
}

/** Checks the text of an experiment file that would lie at `file` (absolute); the text need not be saved. */
export async function checkExperiment(file: string, text: string): Promise<CheckedExperiment> {
  const source = parseExperimentText(file, text);
  if (source.syntaxErrors.length > 0) return { source, problems: place(source, syntaxProblems(source)) };
  // An empty file lacks everything that it must have.
  const value = structuredClone(source.value ?? {});
  const presetProblems = applyPresets(value);
  const parsed = experimentSchema.safeParse(value);
  // Unknown keys are no reason to keep quiet about the rest.
  const known = withoutUnknownKeys(parsed.error, value);
  const problems = [
    ...presetProblems,
    ...(parsed.error ? schemaProblems(parsed.error, value) : []),
    ...namingProblems(known),
    ...(await fileProblems(namedFiles(known, dirname(file)))),
    ...armProblems(known),
    ...(await verifierProblems(known, dirname(file))),
  ];
  if (problems.length > 0 || !parsed.success) return { source, problems: place(source, problems) };
  const experiment = withAbsolutePaths(parsed.data, dirname(file));
  const arms = experiment.arms.map((arm) => resolveArm(arm, experiment));
  return { source, problems: [], loaded: { file, experiment, arms } };
}

/** What to do about the problems of a file. */
export const experimentRemedy = phrase(
  'schemas/experiment.schema.json describes every key; examples/pocket/pocket.experiment.yaml is an example',
);
export const syntaxRemedy = phrase('Mend the syntax; strings with a colon or a leading % or @ need quotes');

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw fileError(error, 'read', file);
  }
}

function syntaxProblems(source: ExperimentSource): ExperimentProblem[] {
  return source.syntaxErrors.map(({ message, span }) => ({ code: 'syntax', path: [], on: 'value', span, message }));
}

/** A mistake in a mapping that merge keys bring in elsewhere is found there too, but it is one mistake in one place. */
function place(source: ExperimentSource, problems: readonly ExperimentProblem[]): PlacedProblem[] {
  const placed = new Map<string, PlacedProblem>();
  for (const problem of problems) {
    const span = problem.span ?? spanOf(source, problem.path, problem.on);
    const key = JSON.stringify([span, problem.code, inEnglish(problem.message)]);
    if (!placed.has(key)) placed.set(key, { ...problem, span });
  }
  return [...placed.values()].sort((one, other) => one.span[0] - other.span[0]);
}

/** The error for the problems of a file, each with line and column. */
export function invalid({ source, problems }: Pick<CheckedExperiment, 'source' | 'problems'>): LabError {
  const { file } = source;
  const lines = problems.map(({ span, message }) => {
    const { line, column } = source.place(span[0]);
    return phrase('\n  {0}:{1}:{2} {3}', basename(file), line, column, message);
  });
  if (problems[0]?.code === 'syntax') {
    const message = phrase('{0} is not {1}:{2}', file, languageOf(file), inARow(lines));
    return new LabError('experiment-invalid', message, { remedy: syntaxRemedy });
  }
  const message =
    lines.length === 1
      ? phrase('{0} has a problem:{1}', file, inARow(lines))
      : phrase('{0} has {1} problems:{2}', file, lines.length, inARow(lines));
  return new LabError('experiment-invalid', message, { remedy: experimentRemedy });
}

/** Phrases one behind the other, nested by halves: a file may have thousands of problems. */
function inARow(parts: readonly Phrase[]): Words {
  const [first = '', ...others] = parts;
  if (others.length === 0) return first;
  const middle = Math.ceil(parts.length / 2);
  return phrase('{0}{1}', inARow(parts.slice(0, middle)), inARow(parts.slice(middle)));
}

function withAbsolutePaths(experiment: Experiment, base: string): Experiment {
  const absolute = (path: string): string => absolutePath(base, path);
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
