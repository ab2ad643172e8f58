// Tokens of the answers that a training flipped: read from the run's own records, scored as the target diff scores texts.
import { dirname, join, resolve } from 'node:path';
import { loadBenchmark } from '../../evals/benchmark.ts';
import type { BenchmarkItem } from '../../evals/benchmark.ts';
import { protocolHash } from '../../evals/evaluate.ts';
import { measuredAt } from '../../lab/measuredAt.ts';
import { RunReader } from '../../lab/runReader.ts';
import type { RunRecords } from '../../lab/runReader.ts';
import { answerOf } from '../../recipes/targets/recipe.ts';
import { sameKey } from '../../runs/plan.ts';
import { readItems } from '../../runs/runFolder.ts';
import type { Example } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import { phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { scoreFlips, FlipScorer, FlipTokens } from '../../shared/protocol/lab/flipTokens.ts';
import type { ItemResult, ScoredToken } from '../../shared/records.ts';
import { notScored } from './scoring.ts';
import type { OpenScorer, ScoredOrNot, Scoring } from './scoring.ts';
import { toTokens } from './tokens.ts';

type Request = Parameters<NonNullable<(typeof scoreFlips)['types']>>[0];

/** Items of one request at most: more than a screen shows. */
const mostItems = 50;

/** Both answers to every wanted item with their tokens, in the order of the request. */
export async function scoreFlippedAnswers(
  scoring: Scoring,
  wanted: Request,
  signal: AbortSignal,
): Promise<FlipTokens[]> {
  const run = await new RunReader(resolve(wanted.run)).read();
  const { device, threads } = wanted;
  const scorer = await scoring.model({
    name: modelOf(run, wanted, wanted.under),
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
  });
  const answers = await answersOf(run, wanted, scorer);
  signal.throwIfAborted();
  return scoreAll(scorer, answers, signal);
}

/** The folder of the base, or of the checkpoint at the end of the stage. */
function modelOf(run: RunRecords, wanted: Request, under: FlipScorer): string {
  if (under === 'base') return run.config.model.folder;
  const { stage } = wanted;
  const checkpoint = run.checkpoints.findLast(
    (one) => one.what === 'final' && one.stage === stage && sameKey(one, wanted),
  );
  if (checkpoint) return join(run.folder, checkpoint.folder);
  throw new LabError(
    'run-invalid',
    phrase('{0} keeps no model of {1} after stage {2}', run.folder, wanted.arm, stage),
    { remedy: phrase('Colour the tokens under the base') },
  );
}

interface Answer {
  example: Example;
  /** The answer ended by itself, so that its end is part of it. */
  ended: boolean;
}

interface Answers {
  index: number;
  before: Answer | undefined;
  now: Answer | undefined;
}

async function answersOf(run: RunRecords, wanted: Request, { texts }: OpenScorer): Promise<Answers[]> {
  const reference = measuredAt(run, { ...wanted, stage: wanted.against ?? 0 });
  const cell = measuredAt(run, wanted);
  const config = run.config.experiment.benchmarks.find(({ name }) => name === wanted.benchmark);
  if (!reference || !cell || !config) {
    throw new LabError(
      'run-invalid',
      phrase('{0} under {1} has not been measured in {2}', wanted.benchmark, wanted.arm, run.folder),
      { remedy: phrase('Resume the run to measure what is missing') },
    );
  }
  const benchmark = await loadBenchmark(config, dirname(config.data));
  const protocol = protocolHash(texts.facts, benchmark);
  if ([reference, cell].some((one) => one.protocol !== protocol)) {
    throw new LabError(
      'benchmark-invalid',
      phrase('{0} is no longer what the answers of {1} were to', config.data, wanted.benchmark),
      { remedy: phrase('Bring the file back as it was, or measure anew in a new run') },
    );
  }
  const byIndex = <T extends { index: number }>(all: readonly T[]): Map<number, T> =>
    new Map(all.map((one) => [one.index, one]));
  const prompts = byIndex(benchmark.items);
  const [before, now] = [byIndex(await readItems(run.folder, reference)), byIndex(await readItems(run.folder, cell))];
  return wanted.items.slice(0, mostItems).map((index) => {
    const item = prompts.get(index);
    const answer = (result: ItemResult | undefined): Answer | undefined =>
      item && result && result.output !== '' ? asAnswer(item, result, config.data) : undefined;
    return { index, before: answer(before.get(index)), now: answer(now.get(index)) };
  });
}

/** The answer behind its prompt, as it was asked for. */
function asAnswer({ prompt, index }: BenchmarkItem, { output, finish }: ItemResult, file: string): Answer {
  const body: Example['body'] =
    typeof prompt === 'string'
      ? { kind: 'plain', prompt, completion: output }
      : { kind: 'chat', prompt, completion: output };
  const source = { file, line: index + 1 };
  return { example: { body, provenance: 'self_output', source, fields: {} }, ended: finish === 'stop' };
}

async function scoreAll(scorer: OpenScorer, answers: readonly Answers[], signal: AbortSignal): Promise<FlipTokens[]> {
  const all = answers.flatMap(({ before, now }) => [before, now]).filter((one) => one !== undefined);
  const examples = all.map(({ example }) => example);
  const results = await scorer.score(examples, { urgent: true, signal });
  const rows = await scorer.tokens(examples, results);
  const tokens = new Map(all.map((answer, place) => [answer, tokensOf(answer, rows[place])]));
  return answers.map(({ index, before, now }) => {
    const [one, other] = [before, now].map((answer) => answer && tokens.get(answer));
    const problem = [one, other].find((tokens) => tokens !== undefined && !Array.isArray(tokens));
    return {
      index,
      ...(Array.isArray(one) ? { before: one } : {}),
      ...(Array.isArray(other) ? { now: other } : {}),
      ...(problem === undefined || Array.isArray(problem) ? {} : { problem }),
    };
  });
}

/** The tokens, or why there are none. */
function tokensOf({ example, ended }: Answer, row: ScoredOrNot | undefined): ScoredToken[] | Words {
  if (row?.kind !== 'scored') return row?.reason ?? notScored;
  const everything = row.ids.map(() => false);
  const tokens = toTokens(row, { answer: answerOf(example), length: Infinity }, everything);
  // An answer that was cut off has no end whose probability could be told.
  return ended ? tokens : tokens.filter((_, place) => place !== row.endIndex);
}
