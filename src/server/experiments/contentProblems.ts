// What is inside the files that an experiment names: benchmark lines that cannot be read, datasets without a usable row,
// model folders that the engine would refuse. The words are those with which a run would end; reading is bounded, and a
// file is read again only when its size or time has changed.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readExamples } from '../../data/examples.ts';
import { loadTextSide } from '../../data/textSide.ts';
import { inspectModelFolder } from '../../engine/model/modelFolder.ts';
import { loadBenchmark } from '../../evals/benchmark.ts';
import { nextTurn, slices } from '../../lab/slices.ts';
import { absolutePath, namedFiles } from '../../runs/experimentProblems.ts';
import type { ExperimentProblem } from '../../runs/experimentProblems.ts';
import type { CheckedExperiment, PlacedProblem } from '../../runs/loadExperiment.ts';
import { spanOf } from '../../runs/experimentSource.ts';
import type { DocumentPath } from '../../runs/experimentSource.ts';
import { valueAt } from '../../runs/schemaPaths.ts';
import { noUsableRows } from '../../runs/startRun.ts';
import type { DroppedRow } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import type { Words } from '../../shared/phrase.ts';
import { benchmarkSchema, stageSchema } from '../../shared/experiment.ts';
import type { Stage } from '../../shared/experiment.ts';
import { stampOf as stampOfModel } from '../models/summarize.ts';

/** Lines of a benchmark that are looked at; the run looks at all. */
const mostItems = 2000;
/** A dataset with so many unusable rows in front is left to the run, which reads it to its end. */
const mostDropped = 20_000;
/** Answers that are remembered. */
const mostKnown = 500;

/** A problem that lies in another file, with what to do about it. */
export interface ContentProblem extends PlacedProblem {
  remedy: Words | undefined;
}

/** A look at one file; throws what a run would throw. */
interface Look {
  path: DocumentPath;
  /** The same words: the same look. */
  key: string;
  stamp: string;
  look: () => Promise<unknown>;
}

export type ContentChecker = (folder: string, checked: CheckedExperiment) => Promise<ContentProblem[]>;

/** A function that checks what an experiment in `folder` names, and remembers what it found. */
export function contentChecker(): ContentChecker {
  const known = new Map<string, { stamp: string; problem: Promise<LabError | undefined> }>();
  const ask = ({ key, stamp, look }: Look): Promise<LabError | undefined> => {
    const before = known.get(key);
    if (before?.stamp === stamp) return before.problem;
    const problem = errorOf(look);
    known.delete(key);
    known.set(key, { stamp, problem });
    for (const old of [...known.keys()].slice(0, -mostKnown)) known.delete(old);
    return problem;
  };
  return async (folder, { source, problems }) => {
    const found: ContentProblem[] = [];
    if (source.syntaxErrors.length > 0) return found;
    for (const one of await looks(source.value, folder)) {
      if (problems.some(({ path }) => path.join() === one.path.join())) continue; // it is not there
      const error = await ask(one);
      if (!error) continue;
      const problem: ExperimentProblem = {
        code: 'unusable-file',
        path: one.path,
        on: 'value',
        message: error.words.message,
      };
      found.push({ ...problem, span: spanOf(source, one.path, 'value'), remedy: error.words.remedy });
    }
    return found;
  };
}

/**
 * Anything but a `LabError` is no problem of the file: the run will meet it, and say so. What is wrong in the experiment
 * itself, such as an unknown scorer, stands at its own place.
 */
async function errorOf(look: () => Promise<unknown>): Promise<LabError | undefined> {
  try {
    await nextTurn();
    await look();
    return undefined;
  } catch (error) {
    return error instanceof LabError && error.code !== 'experiment-invalid' ? error : undefined;
  }
}

/** What there is to look at, as far as the document can be understood. */
async function looks(value: unknown, folder: string): Promise<Look[]> {
  const found: Look[] = [];
  for (const { path, target, kind } of namedFiles(value, folder)) {
    const look = kind === 'model' ? modelLook(target) : dataLook(value, path, folder);
    if (look) found.push({ path, ...look, stamp: await (kind === 'model' ? stampOfModel(target) : stampOf(target)) });
  }
  return found;
}

async function stampOf(file: string): Promise<string> {
  const info = await stat(file).catch(() => undefined);
  return info ? `${info.size} ${info.mtimeMs}` : '';
}

function dataLook(value: unknown, path: DocumentPath, folder: string): Pick<Look, 'key' | 'look'> | undefined {
  const [list] = path;
  const entry = valueAt(value, path.slice(0, -1));
  if (list === 'benchmarks') {
    const { data: config } = benchmarkSchema.safeParse(entry);
    if (!config) return undefined;
    const limit = Math.min(config.limit ?? mostItems, mostItems);
    const bounded = { ...config, data: absolutePath(folder, config.data), limit };
    return { key: JSON.stringify(bounded), look: () => loadBenchmark(bounded, folder) };
  }
  if (list !== 'stages') return undefined;
  const { data: stage } = stageSchema.safeParse(entry);
  if (!stage) return undefined;
  const absolute = { ...stage, dataset: absolutePath(folder, stage.dataset) };
  return {
    key: JSON.stringify(['stage', absolute.name, absolute.dataset, stage.format]),
    look: () => usable(absolute),
  };
}

/** Throws when no row of a stage's dataset can be used. */
async function usable(stage: Stage): Promise<void> {
  const pause = slices();
  const dropped: DroppedRow[] = [];
  for await (const event of readExamples(stage.dataset, stage.format === undefined ? {} : { format: stage.format })) {
    if (event.kind === 'example' || dropped.push(event.dropped) > mostDropped) return;
    await pause();
  }
  throw noUsableRows(stage, dropped);
}

/** Headers of the weights are read, never the weights; of the tokenizer it is seen whether it is there. */
function modelLook(folder: string): Pick<Look, 'key' | 'look'> {
  const look = async (): Promise<void> => {
    // Without the file this says so at once; a tokenizer that is there takes long to read.
    if ((await stampOf(join(folder, 'tokenizer.json'))) === '') await loadTextSide(folder);
    await inspectModelFolder(folder);
  };
  return { key: JSON.stringify(['model', folder]), look };
}
