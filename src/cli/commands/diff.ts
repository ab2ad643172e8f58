// `diff`: two files of targets over the same prompts: which differ, how hard each side is for a model, who is right.
import type { Command } from 'commander';
import { textOfPrompt } from '../../data/encode.ts';
import type { DatasetFormat } from '../../data/examples.ts';
import { findScorer, scorers } from '../../evals/scorers.ts';
import type { Scorer } from '../../evals/scorers.ts';
import { itemPerplexity, TargetStatisticsAccumulator } from '../../metrics/perplexity.ts';
import { scoreRows } from '../../recipes/scoreRows.ts';
import type { ScoredRow } from '../../recipes/scoreRows.ts';
import { answerOf, inGroups } from '../../recipes/targets/recipe.ts';
import type { Example } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import type { TargetStatistics } from '../../shared/records.ts';
import { createCommand, onAction, withModelOptions } from '../command.ts';
import type { Exit } from '../command.ts';
import { alignFiles } from '../diffFiles.ts';
import type { Side } from '../diffFiles.ts';
import { countRows } from '../countRows.ts';
import { createDropCounter } from '../dropCounter.ts';
import { withModel } from '../../lab/openModel.ts';
import { wholeNumber } from '../numbers.ts';
import type { ModelOptions, OpenModel } from '../../lab/openModel.ts';
import type { Output } from '../output.ts';
import { createProgress } from '../progress.ts';
import { formatOption } from './formatOption.ts';

interface Options extends ModelOptions {
  format?: DatasetFormat;
  limit?: number;
  scorer?: string;
  field: string;
  examples: number;
  pairs?: boolean;
}

/** Pairs scored together. */
const pairsTogether = 64;

export function diffCommand(exit: Exit): Command {
  const command = withModelOptions(
    createCommand('diff', 'Compares two target files over the same prompts under a model', [
      'diff openfunction_train.json distilled_openfunction.json --model pocket',
      'diff ground.jsonl own.jsonl --model pocket --scorer last_number --json',
    ]),
  )
    .argument('<a>', 'first file, usually the ground truth')
    .argument('<b>', 'second file, usually rewritten or self-written targets')
    .addOption(formatOption())
    .option('--limit <n>', 'only the first rows of each file', wholeNumber('--limit', 1))
    .option('--scorer <id>', `verifier of both sides: ${scorers.map(({ id }) => id).join(', ')}`)
    .option('--field <name>', "column with the verifier's reference; without it, the answer of A", 'answer')
    .option('--examples <n>', 'how many of the largest gaps to show', wholeNumber('--examples', 0), 5)
    .option('--pairs', 'also print every differing pair');
  return onAction<[string, string], Options>(command, exit, ([a, b], options, output) =>
    withModel(options, (model) => diff(a, b, model, options, output)),
  );
}

/** A prompt with both answers; a side that does not fit the context has no perplexity. */
interface Pair {
  kind: 'pair';
  line: number;
  prompt: string;
  a: string;
  b: string;
  differs: boolean;
  pplA: number | null;
  pplB: number | null;
  verdictA?: number;
  verdictB?: number;
}

/** Sums over pairs; nothing here grows with their number. */
class Tally {
  aligned = 0;
  differing = 0;
  readonly only = { a: 0, b: 0 };
  readonly all = { a: new TargetStatisticsAccumulator(), b: new TargetStatisticsAccumulator() };
  readonly whereDiffering = { a: new TargetStatisticsAccumulator(), b: new TargetStatisticsAccumulator() };
  readonly verified = { a: 0, b: 0, judged: 0, differingA: 0, differingB: 0 };
  /** The pairs with the largest gap in log perplexity, largest first. */
  readonly gaps: Pair[] = [];
}

async function diff(fileA: string, fileB: string, model: OpenModel, options: Options, output: Output): Promise<number> {
  const scorer = options.scorer === undefined ? undefined : findScorer(options.scorer);
  const drops = { a: createDropCounter(), b: createDropCounter() };
  const tally = new Tally();
  const total = await countRows(fileA, options.limit);
  const progress = createProgress('Comparing', 'prompts');
  const events = alignFiles(fileA, fileB, {
    ...(options.format === undefined ? {} : { format: options.format }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  });
  for await (const group of inGroups(events, pairsTogether)) {
    const pairs: { a: Example; b: Example }[] = [];
    for (const event of group) {
      if (event.kind === 'pair') pairs.push(event);
      else if (event.kind === 'only') tally.only[event.side]++;
      else drops[event.side].add(event.dropped);
    }
    const scoredA = await scoreSide(
      pairs.map((pair) => pair.a),
      model,
      drops.a,
    );
    // Equal rows have equal perplexities: only what differs is scored again.
    const different = pairs.filter((pair) => !isSame(pair, scoredA));
    const scoredB = await scoreSide(
      different.map((pair) => pair.b),
      model,
      drops.b,
    );
    for (const pair of pairs) {
      const entry = compare(
        pair,
        { a: scoredA.get(pair.a), b: scoredB.get(pair.b) ?? sameRow(pair, scoredA) },
        tally,
        scorer,
        options,
      );
      if (options.pairs && entry.differs) await output.value(entry);
    }
    progress.update(tally.aligned, total);
  }
  progress.end();
  if (tally.aligned === 0) {
    throw new LabError('dataset-invalid', `${fileA} and ${fileB} have no prompt in common`, {
      remedy: 'The files must hold the same prompts, word by word',
    });
  }
  await printSummary({ fileA, fileB, tally, drops, scorer }, output);
  return 0;
}

function isSame(pair: { a: Example; b: Example }, scored: ReadonlyMap<Example, ScoredRow>): boolean {
  return scored.has(pair.a) && answerOf(pair.a) === answerOf(pair.b) && pair.a.body.kind === pair.b.body.kind;
}

function sameRow(pair: { a: Example; b: Example }, scored: ReadonlyMap<Example, ScoredRow>): ScoredRow | undefined {
  return isSame(pair, scored) ? scored.get(pair.a) : undefined;
}

async function scoreSide(
  examples: readonly Example[],
  { engine, info, side }: OpenModel,
  drops: ReturnType<typeof createDropCounter>,
): Promise<Map<Example, ScoredRow>> {
  const rows = examples.map((example) => ({ kind: 'example', example }) as const);
  const scored = new Map<Example, ScoredRow>();
  for await (const row of scoreRows(rows, { engine, model: info.id, side })) {
    if (row.kind === 'dropped') drops.add(row.dropped);
    else scored.set(row.example, row);
  }
  return scored;
}

function compare(
  pair: { a: Example; b: Example },
  scored: { a: ScoredRow | undefined; b: ScoredRow | undefined },
  tally: Tally,
  scorer: Scorer | undefined,
  options: Options,
): Pair {
  const [a, b] = [answerOf(pair.a), answerOf(pair.b)];
  const differs = a !== b;
  tally.aligned++;
  if (differs) tally.differing++;
  // Both sides or none: means over different prompts could not be compared.
  if (scored.a && scored.b) {
    for (const side of ['a', 'b'] as const) {
      const { logprobs } = scored[side] as ScoredRow;
      tally.all[side].add(logprobs);
      if (differs) tally.whereDiffering[side].add(logprobs);
    }
  }
  const { body } = pair.a;
  const entry: Pair = {
    kind: 'pair',
    line: pair.a.source.line,
    prompt: body.kind === 'text' ? '' : textOfPrompt(body.prompt),
    a,
    b,
    differs,
    pplA: scored.a ? itemPerplexity(scored.a.logprobs) : null,
    pplB: scored.b ? itemPerplexity(scored.b.logprobs) : null,
    ...(scorer ? judgePair(pair, scorer, options.field, tally, differs) : {}),
  };
  if (differs) keepLargest(tally.gaps, entry, options.examples);
  return entry;
}

function judgePair(
  pair: { a: Example; b: Example },
  scorer: Scorer,
  field: string,
  tally: Tally,
  differs: boolean,
): { verdictA: number; verdictB: number } {
  // Files of targets often hold no reference of their own: then the first file's answer is the reference.
  const answer = Object.hasOwn(pair.a.fields, field) ? pair.a.fields[field] : answerOf(pair.a);
  const judge = (example: Example): number =>
    scorer.judge(answerOf(example), { answer, fields: pair.a.fields }, 'stop').strict;
  const verdictA = judge(pair.a);
  const verdictB = judge(pair.b);
  tally.verified.judged++;
  tally.verified.a += verdictA;
  tally.verified.b += verdictB;
  if (differs) tally.verified.differingA += verdictA;
  if (differs) tally.verified.differingB += verdictB;
  return { verdictA, verdictB };
}

function gapOf(pair: Pair): number {
  return pair.pplA === null || pair.pplB === null ? -1 : Math.abs(Math.log(pair.pplA) - Math.log(pair.pplB));
}

function keepLargest(gaps: Pair[], pair: Pair, count: number): void {
  if (gapOf(pair) < 0) return;
  gaps.push(pair);
  gaps.sort((one, other) => gapOf(other) - gapOf(one));
  gaps.length = Math.min(gaps.length, count);
}

interface Summary {
  fileA: string;
  fileB: string;
  tally: Tally;
  drops: { [Key in Side]: ReturnType<typeof createDropCounter> };
  scorer: Scorer | undefined;
}

async function printSummary({ fileA, fileB, tally, drops, scorer }: Summary, output: Output): Promise<void> {
  const { aligned, differing, only, verified } = tally;
  const finish = (accumulator: TargetStatisticsAccumulator): TargetStatistics | null =>
    accumulator.items === 0 ? null : accumulator.finish();
  const statistics = (side: Side) => ({ all: finish(tally.all[side]), differing: finish(tally.whereDiffering[side]) });
  const [a, b] = [statistics('a'), statistics('b')];
  for (const gap of tally.gaps) await output.value({ ...gap, kind: 'gap' });
  const verdicts = scorer && {
    scorer: scorer.id,
    judged: verified.judged,
    a: verified.a,
    b: verified.b,
    differing: { judged: differing, a: verified.differingA, b: verified.differingB },
  };
  await output.value({
    kind: 'summary',
    aligned,
    differing,
    only_a: only.a,
    only_b: only.b,
    a,
    b,
    ...(verdicts ? { verified: verdicts } : {}),
    dropped_a: drops.a.reasons(),
    dropped_b: drops.b.reasons(),
  });
  if (output.json) return;
  await output.text(`A  ${fileA}\nB  ${fileB}`);
  await output.text(`${aligned} prompts aligned, ${differing} differ, ${only.a} only in A, ${only.b} only in B\n`);
  await output.text('                        perplexity mean (std)   corpus   tokens a target   targets');
  await output.text(tableRow('all prompts        A', a.all));
  await output.text(tableRow('                   B', b.all));
  await output.text(tableRow('differing prompts  A', a.differing));
  await output.text(tableRow('                   B', b.differing));
  if (verdicts) {
    await output.text(
      `\naccepted by ${verdicts.scorer}: A ${verified.a}, B ${verified.b} of ${verified.judged}; where they differ: A ${verified.differingA}, B ${verified.differingB} of ${differing}`,
    );
  }
  for (const gap of tally.gaps) {
    await output.text(`\nline ${gap.line}: perplexity ${format(gap.pplA)} against ${format(gap.pplB)}`);
    await output.text(`  prompt  ${shorten(gap.prompt)}\n  A       ${shorten(gap.a)}\n  B       ${shorten(gap.b)}`);
  }
  drops.a.say(output);
  drops.b.say(output);
}

function tableRow(name: string, statistics: TargetStatistics | null): string {
  if (!statistics) return `${name.padEnd(24)}nothing scored`;
  const { pplMean, pplStd, corpusPpl, lengthMean, items } = statistics;
  const ppl = `${format(pplMean)} (${format(pplStd)})`;
  return `${name.padEnd(24)}${ppl.padEnd(24)}${format(corpusPpl).padEnd(9)}${lengthMean.toFixed(1).padEnd(18)}${items}`;
}

function format(value: number | null): string {
  if (value === null) return '-';
  return value >= 10_000 ? value.toExponential(2) : value.toFixed(2);
}

function shorten(text: string): string {
  const line = JSON.stringify(text).slice(1, -1);
  return line.length > 160 ? `${line.slice(0, 157)}...` : line;
}
