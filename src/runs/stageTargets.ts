// What an arm trains on at a stage: targets from the recipe, scored by the base, masked, mixed with old examples, and
// written down with their statistics (methods 5.3) before any training. Arms with equal choices share one file.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createDropCounter } from '../data/dropCounter.ts';
import { encodePrompt, textOfPrompt } from '../data/encode.ts';
import { loadExamples, readExamples } from '../data/examples.ts';
import { coderOf } from '../data/textCoder.ts';
import { writeRows } from '../data/writeRows.ts';
import { findScorer } from '../evals/scorers.ts';
import { itemPerplexity, TargetStatisticsAccumulator } from '../metrics/perplexity.ts';
import { closenessToGreedy, duplicateShare, tokenKind, TokenKindCounter } from '../metrics/targetText.ts';
import { maskTargets, withOwnMasks } from '../recipes/mask.ts';
import type { MaskResult } from '../recipes/mask.ts';
import { drawReplay } from '../recipes/mix.ts';
import { replayRow, rowFromJson, rowToJson, toTargetRow } from '../recipes/rows.ts';
import type { TargetRow } from '../recipes/rows.ts';
import { allMasked, encodeScorable, ownMask, scoreRows } from '../recipes/scoreRows.ts';
import type { ScoredRow } from '../recipes/scoreRows.ts';
import { isGenerated, makeTargets } from '../recipes/targets/index.ts';
import { answerOf } from '../recipes/targets/recipe.ts';
import type { TargetEvent, Verify } from '../recipes/targets/recipe.ts';
import type { DroppedRow, Example, Provenance } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import type { ResolvedArm, Stage } from '../shared/experiment.ts';
import type { ClosenessToGreedy, DropCount, TargetExample, TargetRecord } from '../shared/records.ts';
import { readJsonLines, writeTextAtomically } from './files.ts';
import type { Trial } from './plan.ts';
import { slug } from './runFolder.ts';
import { log, record } from './session.ts';
import type { Session } from './session.ts';
import { inEnglish, joinedBySemicolon, phrase } from '../shared/phrase.ts';
import type { Phrase, Words } from '../shared/phrase.ts';

/** Examples with token probabilities that are kept in the record, for colouring. */
const examplesKept = 8;

/** Rows whose targets are compared with the base model's greedy answers; a mean over so many is steady to a few hundredths. */
const greedyRows = 64;

/** Rows that were left out for the same reason. */
interface Dropped extends Omit<DropCount, 'reason'> {
  reason: Words;
}

/** What is known about a set of made targets besides its rows. */
interface TargetsMade {
  dropped: Dropped[];
  tokensGenerated: number;
  verified?: number;
  greedy?: ClosenessToGreedy;
  seconds: number;
}

/** Makes and records the training rows of a trial's stage, unless they are there, and returns them. */
export async function stageTargets(session: Session, trial: Trial, stageNumber: number): Promise<TargetRow[]> {
  const { run } = session;
  const there = run.targets.find(
    (one) => one.arm === trial.arm && one.seed === trial.seed && one.stage === stageNumber,
  );
  if (there) return readRows(join(session.folder, there.rows));
  const arm = session.config.arms[trial.armIndex] as ResolvedArm;
  const stage = session.config.experiment.stages[stageNumber - 1] as Stage;
  const shared = sharedFile(session, arm, stage, stageNumber, trial.seed);
  const made = await makeShared(session, arm, stage, shared, trial.seed);
  const { scored, ownMasks } = await readScored(session, join(session.folder, shared));
  if (scored.length === 0) throw nothingLeft(arm, stage, made.dropped);
  const mask = withOwnMasks(scored, maskTargets(scored, arm.mask, trial.seed), ownMasks);
  const rows = scored.map((row, index) => toTargetRow(row, mask.masked[index] as boolean[]));
  const usable = rows.filter((row) => row.masked.length < row.logprobs.length);
  const fullyMasked = rows.length - usable.length;
  const masked: Dropped = { reason: allMasked, count: fullyMasked };
  if (usable.length === 0) throw nothingLeft(arm, stage, [masked]);
  const replay = await replayRows(session, arm, trial, stageNumber, usable.length);
  const plain = arm.mask.kind === 'none' && arm.mix.kind === 'none';
  const file = plain
    ? shared
    : `targets/${trial.seed}-${slug(arm.name)}-${trial.armIndex + 1}-stage${stageNumber}.jsonl`;
  const all = [...usable, ...replay.rows];
  if (!plain) await writeRows(join(session.folder, file), all.map(rowToJson));
  const dropped = [...made.dropped, ...(fullyMasked > 0 ? [masked] : []), ...replay.dropped];
  const entry = describe(session, trial, stage, stageNumber, { file, scored, mask, made, dropped, all });
  await record(session, entry);
  await warn(session, entry, dropped, mask);
  return all;
}

async function warn(
  session: Session,
  { arm, stage, stageName }: TargetRecord,
  dropped: readonly Dropped[],
  mask: MaskResult,
): Promise<void> {
  const where = phrase('{0}, stage {1} {2}', arm, stage, stageName);
  for (const { reason, count, first } of dropped) {
    const message =
      first === undefined
        ? phrase('{0}: {1} dropped: {2}', where, rowCount(count), reason)
        : phrase('{0}: {1} dropped: {2} (first: line {3})', where, rowCount(count), reason, first);
    await log(session, 'warning', message);
  }
  if (mask.eosShareUnprotected > 0) {
    const share = (100 * mask.eosShareUnprotected).toFixed(1);
    const message = phrase('{0}: {1} % of the end-of-turn tokens are above tau (methods 2.11)', where, share);
    await log(session, 'info', message);
  }
}

function nothingLeft(arm: ResolvedArm, stage: Stage, dropped: readonly Dropped[]): LabError {
  const reasons = dropped.map(({ reason, count }) => phrase('{0}: {1}', rowCount(count), reason));
  return new LabError(
    'dataset-empty',
    phrase(
      'Arm "{0}" has nothing to train on at stage "{1}" ({2})',
      arm.name,
      stage.name,
      reasons.length > 0 ? joinedBySemicolon(reasons) : phrase('the dataset has no rows'),
    ),
    { remedy: phrase('Check the dataset and the verifier, raise samples or maxTokens, or choose a fallback') },
  );
}

function rowCount(count: number): Phrase {
  return count === 1 ? phrase('1 row') : phrase('{0} rows', count);
}

/** The name of the file of targets before the arm's mask: equal choices on equal data give equal names. */
function sharedFile(session: Session, arm: ResolvedArm, stage: Stage, stageNumber: number, seed: number): string {
  const { verifier, maxTokens, format, limit, dataset } = stage;
  const words = [arm.targets, session.config.dataHashes[dataset], verifier, maxTokens, format, limit];
  const key = JSON.stringify([...words, isGenerated(arm.targets) ? seed : 0]);
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 8);
  return `targets/stage${stageNumber}-${arm.targets.kind}-${hash}.jsonl`;
}

/** Makes the shared targets of equal arms once; the description beside the file says that it is complete. */
async function makeShared(
  session: Session,
  arm: ResolvedArm,
  stage: Stage,
  path: string,
  seed: number,
): Promise<TargetsMade> {
  const file = join(session.folder, path);
  const about = `${file}.about.json`;
  const known = await readFile(about, 'utf8').catch(() => undefined);
  if (known !== undefined) return JSON.parse(known) as TargetsMade;
  const startedAt = performance.now();
  const drops = createDropCounter();
  const verify = stageVerifier(stage);
  let tokensGenerated = 0;
  let verified = 0;
  let count = 0;
  const first: ScoredRow[] = [];
  const examples = stageExamples(stage, drops.add);
  const events = makeTargets(withProgress(session, examples, stage), arm.targets, {
    engine: session.engine,
    model: session.base.id,
    texts: coderOf(session.side),
    ...(verify ? { verify } : {}),
    maxTokens: stage.maxTokens,
    seed,
    signal: session.stop,
    onGenerated: (tokens) => {
      tokensGenerated += tokens;
    },
  });
  await writeRows(file, rowsOf());
  const greedy = await compareWithGreedy(session, stage, first);
  const made: TargetsMade = {
    dropped: drops.reasons(),
    tokensGenerated,
    ...(verify && count > 0 ? { verified: verified / count } : {}),
    ...(greedy ? { greedy } : {}),
    seconds: Math.round(performance.now() - startedAt) / 1000,
  };
  await writeTextAtomically(about, `${JSON.stringify(made)}\n`);
  return made;

  async function* rowsOf(): AsyncGenerator<object> {
    for await (const row of scoreRows(events as AsyncIterable<TargetEvent>, {
      engine: session.engine,
      model: session.base.id,
      side: session.side,
      signal: session.stop,
    })) {
      if (row.kind === 'dropped') {
        drops.add(row.dropped);
        continue;
      }
      count++;
      if (first.length < greedyRows) first.push(row);
      if (verify?.(answerOf(row.example), row.example, 'stop')) verified++;
      // The column belongs to the dataset's own answer; one of another source is trained on whole.
      yield rowToJson(toTargetRow(row, arm.targets.kind === 'ground-truth' ? ownMask(row) : []));
    }
  }
}

/** How close targets are to the base model's own greedy answers to their prompts; undefined for raw text. */
async function compareWithGreedy(
  { engine, base, side, stop }: Session,
  { maxTokens }: Stage,
  rows: readonly ScoredRow[],
): Promise<ClosenessToGreedy | undefined> {
  const asked = rows.flatMap(({ example: { body }, ids, endIndex }) =>
    body.kind === 'text'
      ? []
      : [{ prompt: encodePrompt(side, body.prompt), target: endIndex < 0 ? ids : ids.slice(0, endIndex) }],
  );
  if (asked.length === 0) return undefined;
  const prompts = asked.map(({ prompt }) => prompt);
  const request = { model: base.id, prompts, maxTokens, temperature: 0, stopIds: side.stopIds };
  const answers = await engine.sample(request, { signal: stop });
  return closenessToGreedy(asked.map(({ target }, index) => ({ target, greedy: answers[index]?.tokens ?? [] })));
}

/** The stage's verifier as a function; strict, because a target teaches its form as well. */
export function stageVerifier(stage: Pick<Stage, 'verifier'>): Verify | undefined {
  const { verifier } = stage;
  if (!verifier) return undefined;
  const scorer = findScorer(verifier.scorer);
  return (text, example, finish) => {
    const answer = Object.hasOwn(example.fields, verifier.field) ? example.fields[verifier.field] : undefined;
    return scorer.judge(text, { answer, fields: example.fields }, finish).strict === 1;
  };
}

/** The rows of a stage; what cannot be read is told. */
export async function* stageExamples(stage: Stage, onDropped: (dropped: DroppedRow) => void): AsyncGenerator<Example> {
  const options = {
    ...(stage.format === undefined ? {} : { format: stage.format }),
    ...(stage.limit === undefined ? {} : { limit: stage.limit }),
  };
  for await (const event of readExamples(stage.dataset, options)) {
    if (event.kind === 'example') yield event.example;
    else onDropped(event.dropped);
  }
}

async function* withProgress(
  session: Session,
  examples: AsyncIterable<Example>,
  stage: Stage,
): AsyncGenerator<Example> {
  let done = 0;
  for await (const example of examples) {
    yield example;
    done++;
    session.listener({ kind: 'progress', done, total: stage.limit ?? 0, tokens: 0 });
  }
}

/** Old examples for a stage: the replay dataset, and what earlier stages of this trial trained on (methods 2.6). */
async function replayRows(
  session: Session,
  arm: ResolvedArm,
  trial: Trial,
  stageNumber: number,
  newCount: number,
): Promise<{ rows: TargetRow[]; dropped: Dropped[] }> {
  const { mix } = arm;
  if (mix.kind === 'none') return { rows: [], dropped: [] };
  const { examples, dropped } = await loadExamples(mix.dataset);
  const drops = createDropCounter();
  for (const { source, reason } of dropped) drops.add({ source, reason: phrase('replay: {0}', reason) });
  const usable = examples.filter((example) => {
    const part = encodeScorable(session.side, example);
    if ('reason' in part) drops.add({ source: example.source, reason: phrase('replay: {0}', part.reason) });
    return !('reason' in part);
  });
  const sources: Example[][] = [usable];
  for (let earlier = 1; earlier < stageNumber; earlier++) {
    const rows = await stageTargets(session, trial, earlier);
    sources.push(rows.map((row) => row.example).filter((example) => example.provenance !== 'replay'));
  }
  return {
    rows: drawReplay(sources, newCount, mix.rate, trial.seed).map(replayRow),
    dropped: drops.reasons(),
  };
}

async function readRows(file: string): Promise<TargetRow[]> {
  const { values, damaged, cut } = await readJsonLines(file);
  if (damaged.length > 0 || cut || values.length === 0) {
    throw new LabError('run-invalid', phrase('The training rows {0} are missing or damaged', file), {
      remedy: phrase('Remove the file and its line in targets.jsonl, and resume to make the targets again'),
    });
  }
  return values.map(rowFromJson);
}

/** Rows of the shared file with their tokens, as the scoring left them, and the tokens that each row masks itself. */
async function readScored(session: Session, file: string): Promise<{ scored: ScoredRow[]; ownMasks: boolean[][] }> {
  const scored: ScoredRow[] = [];
  const ownMasks: boolean[][] = [];
  for (const { example, logprobs, masked } of (await readJsonLines(file)).values.map(rowFromJson)) {
    const part = encodeScorable(session.side, example);
    if ('reason' in part) continue;
    const { tokens, from, text, starts, ends, endIndex } = part;
    scored.push({ kind: 'scored', example, ids: tokens.slice(from), text, starts, ends, endIndex, logprobs });
    ownMasks.push(starts.map((_, index) => masked.includes(index)));
  }
  return { scored, ownMasks };
}

interface Description {
  file: string;
  scored: readonly ScoredRow[];
  mask: MaskResult;
  made: TargetsMade;
  dropped: readonly Dropped[];
  all: readonly TargetRow[];
}

function describe(session: Session, trial: Trial, stage: Stage, stageNumber: number, parts: Description): TargetRecord {
  const statistics = new TargetStatisticsAccumulator();
  for (const row of parts.scored) statistics.add(row.logprobs);
  const kinds = new TokenKindCounter();
  // A vocabulary is small beside the tokens of a dataset: every id is looked at once.
  const known = new Map<number, ReturnType<typeof tokenKind>>();
  const kindOf = (id: number): ReturnType<typeof tokenKind> => {
    const kind = known.get(id) ?? tokenKind(session.side.tokenizer.tokenText(id));
    known.set(id, kind);
    return kind;
  };
  for (const { ids, logprobs, endIndex } of parts.scored) {
    ids.forEach((id, index) => {
      kinds.add(index === endIndex ? 'template' : kindOf(id), logprobs[index] as number);
    });
  }
  const { greedy, verified } = parts.made;
  const provenance: Partial<Record<Provenance, number>> = {};
  for (const { example } of parts.all) provenance[example.provenance] = (provenance[example.provenance] ?? 0) + 1;
  return {
    kind: 'targets',
    arm: trial.arm,
    seed: trial.seed,
    stage: stageNumber,
    stageName: stage.name,
    rows: parts.file,
    statistics: statistics.finish(),
    tokenKinds: kinds.finish(),
    duplicateShare: duplicateShare(parts.scored.map(({ example }) => JSON.stringify(example.body))),
    ...(greedy === undefined ? {} : { greedy }),
    provenance,
    dropped: parts.dropped.map((drop) => ({ ...drop, reason: inEnglish(drop.reason) })),
    maskedShare: parts.mask.share,
    maskedEosShare: parts.mask.eosShare,
    ...(verified === undefined ? {} : { verified }),
    tokensGenerated: parts.made.tokensGenerated,
    seconds: parts.made.seconds,
    examples: parts.scored
      .slice(0, examplesKept)
      .map((row, index) => toExample(session, row, parts.mask.masked[index] as boolean[])),
  };
}

function toExample(session: Session, row: ScoredRow, masked: readonly boolean[]): TargetExample {
  const { example } = row;
  return {
    prompt: example.body.kind === 'text' ? '' : textOfPrompt(example.body.prompt),
    text: answerOf(example),
    ppl: itemPerplexity(row.logprobs),
    provenance: example.provenance,
    tokens: row.ids.map((id, index) => ({
      id,
      text: session.side.tokenizer.tokenText(id),
      start: row.starts[index] as number,
      end: row.ends[index] as number,
      logprob: row.logprobs[index] as number,
      trained: !masked[index],
    })),
  };
}
