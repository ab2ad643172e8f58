// Two target files over the same prompts: which answers differ, how hard each side is for a model, who is right. Streams;
// nothing kept grows with the number of rows.
import { textOfPrompt } from '../data/encode.ts';
import type { Scorer } from '../evals/scorer.ts';
import { itemPerplexity, TargetStatisticsAccumulator } from '../metrics/perplexity.ts';
import { scoreRows } from '../recipes/scoreRows.ts';
import type { ScoredRow, ScoringContext } from '../recipes/scoreRows.ts';
import { answerOf, inGroups } from '../recipes/targets/recipe.ts';
import type { DroppedRow, Example } from '../shared/dataset.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { TargetStatistics } from '../shared/records.ts';
import { alignFiles } from './alignTargets.ts';
import type { AlignOptions, Side } from './alignTargets.ts';

/** Pairs scored together. */
const pairsTogether = 64;

/** A prompt with both answers; a side that does not fit the context has no perplexity. */
export interface ComparedPair {
  kind: 'pair';
  line: number;
  prompt: string;
  a: string;
  b: string;
  differs: boolean;
  pplA: number | null;
  pplB: number | null;
  /** Strict score, 0..1; absent without a verifier. */
  verdictA?: number;
  verdictB?: number;
}

/** A verifier of both sides and the column with its reference. */
export interface PairVerifier {
  scorer: Scorer;
  field: string;
}

export interface CompareOptions extends AlignOptions {
  verifier?: PairVerifier;
  /** How many of the largest gaps are kept. */
  gaps: number;
  onPair?: (pair: ComparedPair) => Promise<void> | void;
  onDropped?: (side: Side, dropped: DroppedRow) => void;
  onProgress?: (aligned: number) => void;
}

export interface TargetComparison {
  aligned: number;
  differing: number;
  only: { [S in Side]: number };
  /** Statistics over all pairs that both sides could be scored in, and over those that differ; null: none. */
  all: { [S in Side]: TargetStatistics | null };
  whereDiffering: { [S in Side]: TargetStatistics | null };
  /** Sums of strict scores; all zero without a verifier. */
  verified: { a: number; b: number; judged: number; differingA: number; differingB: number };
  /** The differing pairs with the largest gap in log perplexity, largest first. */
  gaps: ComparedPair[];
}

/** Compares the files. Throws `dataset-invalid` when they share no prompt. */
export async function compareTargets(
  files: { a: string; b: string },
  scoring: ScoringContext,
  options: CompareOptions,
): Promise<TargetComparison> {
  const tally = new Tally();
  const { format, limit } = options;
  const events = alignFiles(files.a, files.b, {
    ...(format === undefined ? {} : { format }),
    ...(limit === undefined ? {} : { limit }),
  });
  for await (const group of inGroups(events, pairsTogether)) {
    const pairs: ExamplePair[] = [];
    for (const event of group) {
      if (event.kind === 'pair') pairs.push(event);
      else if (event.kind === 'only') tally.only[event.side]++;
      else options.onDropped?.(event.side, event.dropped);
    }
    for (const { pair, scored } of await scorePairs(pairs, scoring, options)) {
      const entry = compare(pair, scored, tally, options);
      if (entry.differs) await options.onPair?.(entry);
    }
    options.onProgress?.(tally.aligned);
  }
  if (tally.aligned === 0) {
    throw new LabError('dataset-invalid', phrase('{0} and {1} have no prompt in common', files.a, files.b), {
      remedy: phrase('The files must hold the same prompts, word by word'),
    });
  }
  return tally.finish();
}

interface ExamplePair {
  a: Example;
  b: Example;
}

interface ScoredPair {
  pair: ExamplePair;
  scored: { [S in Side]: ScoredRow | undefined };
}

/** Equal rows have equal perplexities: only what differs is scored again. */
async function scorePairs(
  pairs: readonly ExamplePair[],
  scoring: ScoringContext,
  { onDropped }: CompareOptions,
): Promise<ScoredPair[]> {
  const scoreSide = (side: Side, some: readonly ExamplePair[]): Promise<Map<Example, ScoredRow>> =>
    scoreExamples(
      some.map((pair) => pair[side]),
      scoring,
      (dropped) => onDropped?.(side, dropped),
    );
  const scoredA = await scoreSide('a', pairs);
  const same = ({ a, b }: ExamplePair): boolean =>
    scoredA.has(a) && answerOf(a) === answerOf(b) && a.body.kind === b.body.kind;
  const scoredB = await scoreSide(
    'b',
    pairs.filter((pair) => !same(pair)),
  );
  return pairs.map((pair) => {
    const a = scoredA.get(pair.a);
    return { pair, scored: { a, b: same(pair) ? a : scoredB.get(pair.b) } };
  });
}

async function scoreExamples(
  examples: readonly Example[],
  scoring: ScoringContext,
  onDropped: (dropped: DroppedRow) => void,
): Promise<Map<Example, ScoredRow>> {
  const rows = examples.map((example) => ({ kind: 'example', example }) as const);
  const scored = new Map<Example, ScoredRow>();
  for await (const row of scoreRows(rows, scoring)) {
    if (row.kind === 'dropped') onDropped(row.dropped);
    else scored.set(row.example, row);
  }
  return scored;
}

function compare(
  pair: ExamplePair,
  scored: ScoredPair['scored'],
  tally: Tally,
  { verifier, gaps }: CompareOptions,
): ComparedPair {
  const [a, b] = [answerOf(pair.a), answerOf(pair.b)];
  const { body } = pair.a;
  const verdicts = verifier && judgePair(pair, verifier);
  const entry: ComparedPair = {
    kind: 'pair',
    line: pair.a.source.line,
    prompt: body.kind === 'text' ? '' : textOfPrompt(body.prompt),
    a,
    b,
    differs: a !== b,
    pplA: scored.a ? itemPerplexity(scored.a.logprobs) : null,
    pplB: scored.b ? itemPerplexity(scored.b.logprobs) : null,
    ...(verdicts ? { verdictA: verdicts.a, verdictB: verdicts.b } : {}),
  };
  tally.add(entry, scored, gaps);
  return entry;
}

/** Strict scores of both answers under one verifier. */
function judgePair(pair: ExamplePair, verifier: PairVerifier): { [S in Side]: number } {
  return { a: judgeTarget(pair.a, pair.a, verifier), b: judgeTarget(pair.b, pair.a, verifier) };
}

/** The strict score of a target; `truth` is the row of the first file, which has the reference. */
export function judgeTarget(target: Example, truth: Example, { scorer, field }: PairVerifier): number {
  // Files of targets often hold no reference of their own: then the first file's answer is the reference.
  const answer = Object.hasOwn(truth.fields, field) ? truth.fields[field] : answerOf(truth);
  return scorer.judge(answerOf(target), { answer, fields: truth.fields }, 'stop').strict;
}

/** How far apart two perplexities are: the absolute difference of their logarithms; -1 when one is missing. */
export function perplexityGap(a: number | null, b: number | null): number {
  return a === null || b === null ? -1 : Math.abs(Math.log(a) - Math.log(b));
}

/** Sums over pairs. */
class Tally {
  aligned = 0;
  readonly only = { a: 0, b: 0 };
  private differing = 0;
  private readonly all = { a: new TargetStatisticsAccumulator(), b: new TargetStatisticsAccumulator() };
  private readonly whereDiffering = { a: new TargetStatisticsAccumulator(), b: new TargetStatisticsAccumulator() };
  private readonly verified = { a: 0, b: 0, judged: 0, differingA: 0, differingB: 0 };
  private readonly gaps: ComparedPair[] = [];

  add(entry: ComparedPair, scored: ScoredPair['scored'], gaps: number): void {
    const { differs, verdictA, verdictB } = entry;
    this.aligned++;
    if (differs) this.differing++;
    // Both sides or none: means over different prompts could not be compared.
    if (scored.a && scored.b) {
      for (const side of ['a', 'b'] as const) {
        const { logprobs } = scored[side] as ScoredRow;
        this.all[side].add(logprobs);
        if (differs) this.whereDiffering[side].add(logprobs);
      }
    }
    if (verdictA !== undefined && verdictB !== undefined) this.addVerdicts(differs, verdictA, verdictB);
    if (differs) this.keepLargest(entry, gaps);
  }

  private addVerdicts(differs: boolean, a: number, b: number): void {
    this.verified.judged++;
    this.verified.a += a;
    this.verified.b += b;
    if (differs) this.verified.differingA += a;
    if (differs) this.verified.differingB += b;
  }

  private keepLargest(pair: ComparedPair, count: number): void {
    const gapOf = ({ pplA, pplB }: ComparedPair): number => perplexityGap(pplA, pplB);
    if (gapOf(pair) < 0) return;
    this.gaps.push(pair);
    this.gaps.sort((one, other) => gapOf(other) - gapOf(one));
    this.gaps.length = Math.min(this.gaps.length, count);
  }

  finish(): TargetComparison {
    const { aligned, differing, only, verified, gaps } = this;
    const finish = (sums: TargetStatisticsAccumulator): TargetStatistics | null =>
      sums.items === 0 ? null : sums.finish();
    const both = ({ a, b }: Tally['all']) => ({ a: finish(a), b: finish(b) });
    return { aligned, differing, only, verified, gaps, all: both(this.all), whereDiffering: both(this.whereDiffering) };
  }
}
