// What can be put beside a dataset: its other columns, target files that lie near it or were made from it, and what the arms
// of a run trained on.
import { readdir } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';
import { readExamples } from '../../data/examples.ts';
import { scorers } from '../../evals/scorers.ts';
import { findLabFiles } from '../../lab/findRuns.ts';
import { hasPrompt, withAnswer } from '../../recipes/targets/recipe.ts';
import { loadExperiment } from '../../runs/loadExperiment.ts';
import { readJsonLines } from '../../runs/files.ts';
import { readRunConfig, recordFiles } from '../../runs/runFolder.ts';
import type { Example, Provenance } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import { declared, phrase } from '../../shared/phrase.ts';
import type { Stage } from '../../shared/experiment.ts';
import type { TargetSourceOffer, TargetSourceOffers, TargetVerifier } from '../../shared/protocol/lab/targetDiff.ts';
import type { CheckpointRecord, RunConfig, TargetRecord } from '../../shared/records.ts';

/** Rows looked at for columns. */
const rowsLookedAt = 20;
/** Neighbours of a dataset that are looked into. */
const mostNeighbours = 200;
const mostExperiments = 50;
/** Newest runs whose configuration is read to find one that trained on a dataset. */
const mostRuns = 100;

/** What the dataset's own answers are called. */
export const groundTruthLabel = 'Ground truth';

const groundTruthOffer = (dataset: string, recorded: string | undefined): TargetSourceOffer => ({
  spec: { kind: 'dataset', ...(recorded === undefined ? {} : { recorded }) },
  label: groundTruthLabel,
  detail: basename(dataset),
});

/** The row with the text of a column as its answer; undefined without text, and for raw texts. */
export function otherAnswer(example: Example, column: string): Example | undefined {
  const answer = Object.hasOwn(example.fields, column) ? example.fields[column] : undefined;
  if (typeof answer !== 'string' || answer === '' || !hasPrompt(example)) return undefined;
  return withAnswer(example, answer, columnProvenance(column));
}

/** As the recipe `column:FIELD` has it. */
export function columnProvenance(column: string): Provenance {
  return column === 'native' ? 'native' : 'other_model';
}

/** What a column is called on the screen. */
export function columnLabel(column: string): string {
  return column === 'native' ? 'Native column' : `Column ${column}`;
}

/** Everything that can stand beside a dataset, or beside the dataset of a run's stage (1-based, the first by default). */
export async function findSources(
  workspace: string,
  params: { dataset?: string; run?: string; stage?: number; other?: string },
): Promise<TargetSourceOffers> {
  const run = params.run === undefined ? undefined : await readTargets(params.run);
  const stageNumber = run ? stageOf(run, params) : 0;
  const stage = run?.config.experiment.stages[stageNumber - 1];
  const dataset = stage?.dataset ?? params.dataset;
  if (dataset === undefined) {
    throw new LabError('usage', phrase('No dataset was named'), { remedy: phrase('Choose a dataset or a run') });
  }
  const first = await firstExamples(dataset);
  const made = run ? undefined : await newestWithOwnWords(workspace, dataset);
  const offers = [
    groundTruthOffer(dataset, run && sameAnswers(run, stageNumber)),
    ...(params.other === undefined ? [] : [fileOffer(params.other, 'chosen')]),
    ...(run ? runOffers(run, stageNumber) : []),
    ...(made ? runOffers(made.run, made.stage, true) : []),
    ...(await neighbours(dataset, first)),
    ...textColumns(first).map((column): TargetSourceOffer => ({
      spec: { kind: 'column', column },
      label: columnLabel(column),
      detail: basename(dataset),
    })),
  ];
  const verifier = stage ? stage.verifier : await verifierOf(dataset);
  return {
    dataset,
    place: placeIn(workspace, dataset),
    offers: withoutRepeats(offers),
    ...(verifier ? { verifier: { scorer: verifier.scorer, field: verifier.field } } : {}),
    scorers: scorers.filter(({ kind }) => kind === 'generate').map(({ id, title }) => ({ id, title: declared(title) })),
    columns: referenceColumns(first),
    models: run ? modelsOf(run) : [],
  };
}

function placeIn(workspace: string, file: string): string {
  const path = relative(workspace, file);
  return path.startsWith('..') || isAbsolute(path) ? basename(file) : path.replaceAll('\\', '/');
}

/** What a run says about targets. */
interface RunTargets {
  folder: string;
  config: RunConfig;
  targets: TargetRecord[];
  checkpoints: CheckpointRecord[];
}

async function readTargets(folder: string): Promise<RunTargets> {
  const records = async <T>(file: string): Promise<T[]> => (await readJsonLines(join(folder, file))).values as T[];
  return {
    folder,
    config: await readRunConfig(folder),
    targets: await records<TargetRecord>(recordFiles.targets),
    checkpoints: await records<CheckpointRecord>(recordFiles.checkpoint),
  };
}

/** The stage that is asked for, or the one that trains on the named dataset, or the first. */
function stageOf(run: RunTargets, { dataset, stage }: { dataset?: string; stage?: number }): number {
  const { stages } = run.config.experiment;
  if (stage !== undefined && stages[stage - 1]) return stage;
  return Math.max(1, stages.findIndex((one) => one.dataset === dataset) + 1);
}

/** The newest run of the workspace in which a model wrote answers to a dataset's prompts itself, and its stage (1-based). */
async function newestWithOwnWords(
  workspace: string,
  dataset: string,
): Promise<{ run: RunTargets; stage: number } | undefined> {
  const { runs } = await findLabFiles(workspace);
  const configs = await Promise.all(
    runs
      .slice(0, mostRuns)
      .map(async (folder) => ({ folder, config: await readRunConfig(folder).catch(() => undefined) })),
  );
  const taught = configs
    .flatMap(({ folder, config }) => {
      const stage = config?.experiment.stages.findIndex((one) => one.dataset === dataset) ?? -1;
      return config && stage >= 0 ? [{ folder, createdAt: config.createdAt, stage: stage + 1 }] : [];
    })
    .sort((a, b) => b.createdAt.localeCompare(a.createdAt));
  for (const { folder, stage } of taught) {
    const run = await readTargets(folder).catch(() => undefined); // a damaged run has nothing to offer
    if (run?.targets.some((record) => record.stage === stage && writtenBy(run, record.arm) < 2)) return { run, stage };
  }
  return undefined;
}

/** 0: the model's own answers; 1: answers that it rephrased; 2: nothing that the model wrote. */
function writtenBy({ config }: RunTargets, arm: string): 0 | 1 | 2 {
  const kind = config.arms.find(({ name }) => name === arm)?.targets.kind;
  return kind === 'self-output' ? 0 : kind === 'rephrase' ? 1 : 2;
}

/** Whether an arm trains on the dataset's own answers, every token of them: its targets are no others. */
function trainsOnTruth({ config }: RunTargets, arm: string): boolean {
  const choices = config.arms.find(({ name }) => name === arm);
  return choices?.targets.kind === 'ground-truth' && choices.mask.kind === 'none';
}

/** A file of the run with the dataset's own answers and what the base thinks of them. */
function sameAnswers(run: RunTargets, stage: number): string | undefined {
  const record = run.targets.find((one) => one.stage === stage && trainsOnTruth(run, one.arm));
  return record && join(run.folder, record.rows);
}

/**
 * The target files of every arm at a stage that are not the dataset again, the model's own words first; arms with equal
 * choices share one.
 */
function runOffers(run: RunTargets, stage: number, ownWordsOnly = false): TargetSourceOffer[] {
  const byFile = new Map<string, { arms: Set<string>; seed: number }>();
  const records = run.targets.filter(
    ({ stage: of, arm }) => of === stage && !trainsOnTruth(run, arm) && (!ownWordsOnly || writtenBy(run, arm) < 2),
  );
  for (const record of records.sort((a, b) => writtenBy(run, a.arm) - writtenBy(run, b.arm))) {
    const known = byFile.get(record.rows) ?? { arms: new Set<string>(), seed: record.seed };
    known.arms.add(record.arm);
    byFile.set(record.rows, known);
  }
  return [...byFile].map(([rows, { arms, seed }]) => {
    const label = [...arms].join(', ');
    return {
      spec: { kind: 'file', file: join(run.folder, rows), label },
      label,
      detail: `${run.config.id}, stage ${stage}, seed ${seed}`,
    };
  });
}

function modelsOf(run: RunTargets): TargetSourceOffers['models'] {
  const finals = run.checkpoints.filter(({ what }) => what === 'final');
  return [
    { name: run.config.model.folder, label: phrase('base of {0}', run.config.id) },
    ...finals.map(({ folder, arm, lr, seed, stage }) => ({
      name: join(run.folder, folder),
      label: phrase('{0}, {1}, seed {2}, after stage {3}', arm, lr, seed, stage),
    })),
  ];
}

async function firstExamples(file: string): Promise<Example[]> {
  const examples: Example[] = [];
  for await (const event of readExamples(file, { limit: rowsLookedAt })) {
    if (event.kind === 'example') examples.push(event.example);
  }
  return examples;
}

/** Columns that hold an answer's text in every row looked at, `native` first; short references are no answers. */
function textColumns(examples: readonly Example[]): string[] {
  const [first] = examples;
  const names = Object.keys(first?.fields ?? {}).filter(
    (name) => !notAnswers.has(name) && examples.every((example) => otherAnswer(example, name) !== undefined),
  );
  return names.sort((a, b) => Number(b === 'native') - Number(a === 'native'));
}

/** The ground truth's own column, its reference, and what describes a row. */
const notAnswers = new Set(['completion', 'output', 'answer', 'provenance', 'id', 'text', 'source', 'split']);

function referenceColumns(examples: readonly Example[]): string[] {
  const described = new Set(['logprobs', 'masked', 'mask', 'ppl', 'source', 'provenance']);
  return Object.keys(examples[0]?.fields ?? {}).filter((name) => !described.has(name));
}

/** Files in the dataset's folder, and in `targets` beside it, that were made from it or begin with the same prompt. */
async function neighbours(dataset: string, first: readonly Example[]): Promise<TargetSourceOffer[]> {
  const offers: TargetSourceOffer[] = [];
  for (const folder of [dirname(dataset), join(dirname(dataset), 'targets'), join(dirname(dataset), '..', 'targets')]) {
    const names = await readdir(folder).catch(() => []); // there need be no such folder
    const files = names.filter((name) => /\.jsonl?$/.test(name) && !name.endsWith('.experiment.json'));
    for (const name of files.slice(0, mostNeighbours)) {
      const file = join(folder, name);
      if (file !== dataset && (await belongs(file, dataset, first[0]))) offers.push(fileOffer(file, folder));
    }
  }
  return offers;
}

async function belongs(file: string, dataset: string, first: Example | undefined): Promise<boolean> {
  try {
    for await (const event of readExamples(file, { limit: 1 })) {
      if (event.kind !== 'example') return false;
      const { fields, body } = event.example;
      const madeFrom = (fields['source'] as { file?: unknown } | undefined)?.file;
      if (typeof madeFrom === 'string' && basename(madeFrom) === basename(dataset)) return true;
      if (body.kind === 'text' || !first || first.body.kind === 'text') return false;
      return JSON.stringify(body.prompt) === JSON.stringify(first.body.prompt);
    }
  } catch {
    // What cannot be read is not offered; choosing it by hand says why.
  }
  return false;
}

function fileOffer(file: string, detail: string): TargetSourceOffer {
  return { spec: { kind: 'file', file }, label: basename(file).replace(/\.jsonl?$/, ''), detail };
}

function withoutRepeats(offers: readonly TargetSourceOffer[]): TargetSourceOffer[] {
  const nameOf = ({ spec }: TargetSourceOffer): string => (spec.kind === 'file' ? spec.file : JSON.stringify(spec));
  return [...new Map([...offers].reverse().map((offer) => [nameOf(offer), offer])).values()].reverse();
}

/** The verifier with which an experiment near the dataset checks its answers. */
async function verifierOf(dataset: string): Promise<TargetVerifier | undefined> {
  const near = new Set<string>();
  for (const folder of [dirname(dataset), join(dirname(dataset), '..')]) {
    for (const file of (await findLabFiles(folder, { depth: 0 })).experiments) near.add(file);
  }
  for (const file of [...near].slice(0, mostExperiments)) {
    // An experiment with problems says so where it is edited.
    const loaded = await loadExperiment(file).catch(() => undefined);
    const stage = loaded?.experiment.stages.find((one: Stage) => one.dataset === dataset && one.verifier);
    if (stage?.verifier) return { scorer: stage.verifier.scorer, field: stage.verifier.field };
  }
  return undefined;
}
