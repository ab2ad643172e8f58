// New text for rows: the model's own answers, rewrites, masks of hard tokens, and the way back.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { DatasetFormat } from '../../data/formats.ts';
import { scorers } from '../../evals/scorers.ts';
import { findLabFiles } from '../../lab/findRuns.ts';
import { slices } from '../../lab/slices.ts';
import { maskSpans, maskTargets, tokensInSpans } from '../../recipes/mask.ts';
import { presets, resolveChoices } from '../../recipes/presets.ts';
import { makeTargets } from '../../recipes/targets/index.ts';
import { answerOf, type Verify } from '../../recipes/targets/recipe.ts';
import { parseExperimentText } from '../../runs/experimentSource.ts';
import { stageVerifier } from '../../runs/stageTargets.ts';
import type { Example } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import type { Stage } from '../../shared/experiment.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { RowAction, RowActionResult, ScoringModel } from '../../shared/protocol/lab/datasets.ts';
import type { TextRange } from '../../shared/protocol/lab/experiments.ts';
import { exampleAt, stmTau } from './annotate.ts';
import type { DatasetDocument } from './datasetDocument.ts';
import { withAnswer, withGroundTruth, withMask } from './rowEdits.ts';
import { readRow } from './rowInfo.ts';
import type { ScoringService } from './scoringService.ts';

/** Rows of one action; more are a matter for building targets. */
const mostRows = 200;
/** Longest written answer, tokens, unless a stage says otherwise. */
const maxTokens = 128;
/** Samples per prompt: the verifier chooses. */
const samples = 8;

interface ChosenRow {
  index: number;
  number: number;
  example: Example;
  raw: string;
}

type Outcome = { text: string } | { reason: Words };

export interface RewriteRequest {
  version: number;
  range: TextRange;
  action: RowAction;
  model: ScoringModel;
  signal: AbortSignal;
  workspace: string;
}

/** The edits of an action on rows. The document is not changed; its editor applies them. */
export async function rewriteRows(
  document: DatasetDocument,
  service: ScoringService,
  request: RewriteRequest,
): Promise<RowActionResult> {
  await document.ready();
  const { table, version } = document;
  if (request.version !== version) throw changed();
  const { rows, selected } = await chosenRows(document, request);
  const result: RowActionResult = { version, edits: [], skipped: [], selected };
  const outcomes = await outcomesOf(document, service, rows, request, result);
  if (document.version !== version) throw changed();
  for (const [at, row] of rows.entries()) {
    const outcome = outcomes[at] as Outcome;
    const { start, end } = table.place(row.index);
    if ('reason' in outcome) result.skipped.push({ number: row.number, reason: outcome.reason });
    else if (outcome.text === row.raw) result.skipped.push({ number: row.number, reason: phrase('nothing to change') });
    else result.edits.push({ range: { start, end }, newText: outcome.text });
  }
  return result;
}

/** The first usable rows that are meant, and how many there are. */
async function chosenRows(
  document: DatasetDocument,
  { range, signal }: RewriteRequest,
): Promise<{ rows: ChosenRow[]; selected: number }> {
  const { table } = document;
  const current = document.since();
  const pause = slices();
  const rows: ChosenRow[] = [];
  let selected = 0;
  for (const index of table.touching(range)) {
    await pause();
    signal.throwIfAborted();
    if (!current()) throw changed();
    if (table.info(index).kind !== 'row') continue;
    selected++;
    const example = rows.length < mostRows ? exampleAt(table, index, document.path) : undefined;
    if (example) rows.push({ index, number: table.place(index).number, example, raw: table.textOf(index) });
  }
  return { rows, selected };
}

const changed = (): LabError =>
  new LabError('dataset-invalid', phrase('The text has changed meanwhile'), { remedy: phrase('Ask again') });

async function outcomesOf(
  document: DatasetDocument,
  service: ScoringService,
  rows: readonly ChosenRow[],
  request: RewriteRequest,
  result: RowActionResult,
): Promise<Outcome[]> {
  const format = document.table.format ?? 'text';
  switch (request.action) {
    case 'ground-truth':
      return rows.map(({ raw }) => ({ text: withGroundTruth(raw, format) }));
    case 'mask-hard':
      return maskRows(service, rows, request);
    case 'self-output':
    case 'rephrase':
      return writeAnswers(document, service, rows, request, result);
    default:
      return request.action satisfies never;
  }
}

/** Selective token masking of single rows: the same rule and the same form as in target files. */
async function maskRows(
  service: ScoringService,
  rows: readonly ChosenRow[],
  { model: choice, signal }: RewriteRequest,
): Promise<Outcome[]> {
  const model = await service.model(choice);
  const examples = rows.map(({ example }) => example);
  const scores = await service.score(model, examples, { priority: 'asked', signal });
  const encoded = await model.texts.encodeRows(examples);
  return rows.map(({ example, raw }, at): Outcome => {
    const score = scores[at];
    const part = encoded[at];
    if (!score || !('logprobs' in score) || !part || !('tokens' in part))
      return { reason: phrase('it cannot be scored') };
    const rule = { kind: 'stm', tau: stmTau, protectEos: true } as const;
    const hard = maskTargets([{ logprobs: score.logprobs, endIndex: part.endIndex }], rule, 0).masked[0] ?? [];
    const answer = answerOf(example);
    const spans = maskSpans(hard, part, answer);
    if (spans.length === 0) return { reason: phrase('it has no hard tokens') };
    // A mask is written in characters: with a hard byte the other bytes of its character are left out.
    const masked = tokensInSpans(spans, part, answer);
    const left = masked.flatMap((is, index) => (is ? [index] : []));
    if (left.length === masked.length) return { reason: phrase('every token of it is hard') };
    return { text: withMask(raw, spans, left) };
  });
}

async function writeAnswers(
  document: DatasetDocument,
  service: ScoringService,
  rows: readonly ChosenRow[],
  request: RewriteRequest,
  result: RowActionResult,
): Promise<Outcome[]> {
  const { action, signal, workspace } = request;
  const format = document.table.format ?? 'text';
  const stage = await findStage(workspace, document.path);
  const verify = verifierFor(stage);
  if (verify && stage?.verifier) result.verifier = stage.verifier.scorer;
  const choices = choicesOf(action === 'rephrase' ? 'rephrase' : 'self-output');
  const model = await service.model(request.model);
  const byRow = new Map<number, Outcome>();
  const truths = rows.map((row) => truthOf(row, format));
  await service.withEngine(model, async ({ engine, info }) => {
    const targets = makeTargets(streamOf(truths), choices.targets, {
      engine,
      model: info.id,
      texts: model.texts,
      ...(verify ? { verify } : {}),
      maxTokens: stage?.maxTokens ?? maxTokens,
      seed: 0,
      signal,
    });
    for await (const target of targets) {
      if (target.kind === 'dropped') byRow.set(target.dropped.source.line, { reason: target.dropped.reason });
      else byRow.set(target.example.source.line, { text: answerOf(target.example) });
    }
  });
  return rows.map(({ number, raw, example }): Outcome => {
    if (example.body.kind === 'text') return { reason: phrase('raw text has no prompt to answer') };
    const outcome = byRow.get(number) ?? { reason: phrase('the model gave no answer') };
    if ('reason' in outcome) return outcome;
    return { text: withAnswer(raw, format, outcome.text, action === 'rephrase' ? 'rephrase' : 'self_output') };
  });
}

/**
 * A row that was changed before is answered and verified from its ground truth, not from the last answer, which may be the
 * verifier's reference as well (`answer` of question and answer).
 */
function truthOf({ raw, number, example }: ChosenRow, format: DatasetFormat): Example {
  const read = readRow(withGroundTruth(raw, format), format, { file: example.source.file, number });
  return 'example' in read ? read.example : example;
}

/** A rejected answer leaves the row as it is, so that nothing is replaced by what the verifier refuses. */
function choicesOf(recipe: 'self-output' | 'rephrase'): ReturnType<typeof resolveChoices> {
  const preset = presets.find(({ id }) => id === recipe);
  const targets = preset?.choices.targets;
  if (targets?.kind === 'self-output') {
    return resolveChoices(preset, { targets: { ...targets, samples, fallback: 'drop' } });
  }
  if (targets?.kind === 'rephrase') return resolveChoices(preset, { targets: { ...targets, fallback: 'drop' } });
  throw new Error(`there is no recipe ${recipe}`);
}

async function* streamOf<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

type KnownStage = Partial<Pick<Stage, 'verifier' | 'maxTokens'>>;

/** The stage of an experiment of the workspace that trains on a file: it knows how answers are verified. */
async function findStage(workspace: string, path: string): Promise<KnownStage | undefined> {
  const { experiments } = await findLabFiles(workspace);
  for (const file of experiments) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const stages = (parseExperimentText(file, text).value as { stages?: unknown } | null)?.stages;
    for (const stage of Array.isArray(stages) ? (stages as (Partial<Stage> | null)[]) : []) {
      if (typeof stage?.dataset === 'string' && resolve(dirname(file), stage.dataset) === path) return stage;
    }
  }
  return undefined;
}

/** The file may be half written, so its verifier is looked at before it is used. */
function verifierFor(stage: KnownStage | undefined): Verify | undefined {
  const { scorer, field }: { scorer?: unknown; field?: unknown } = stage?.verifier ?? {};
  if (typeof scorer !== 'string' || !scorers.some(({ id }) => id === scorer)) return undefined;
  return stageVerifier({ verifier: { scorer, field: typeof field === 'string' ? field : 'answer' } });
}
