// `diff`: two files of targets over the same prompts: which differ, how hard each side is for a model, who is right.
import type { Command } from 'commander';
import type { DatasetFormat } from '../../data/examples.ts';
import { findScorer, scorers } from '../../evals/scorers.ts';
import type { Scorer } from '../../evals/scorers.ts';
import type { Side } from '../../lab/alignTargets.ts';
import { compareTargets } from '../../lab/compareTargets.ts';
import type { TargetComparison } from '../../lab/compareTargets.ts';
import { withModel } from '../../lab/openModel.ts';
import type { ModelOptions, OpenModel } from '../../lab/openModel.ts';
import type { TargetStatistics } from '../../shared/records.ts';
import { countRows } from '../countRows.ts';
import { createCommand, onAction, withModelOptions } from '../command.ts';
import type { Exit } from '../command.ts';
import { createDropCounter } from '../dropCounter.ts';
import { wholeNumber } from '../numbers.ts';

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

async function diff(fileA: string, fileB: string, model: OpenModel, options: Options, output: Output): Promise<number> {
  const { format, limit, field } = options;
  const scorer = options.scorer === undefined ? undefined : findScorer(options.scorer);
  const drops = { a: createDropCounter(), b: createDropCounter() };
  const total = await countRows(fileA, limit);
  const progress = createProgress('Comparing', 'prompts');
  const { engine, info, side } = model;
  const comparison = await compareTargets(
    { a: fileA, b: fileB },
    { engine, model: info.id, side },
    {
      ...(format === undefined ? {} : { format }),
      ...(limit === undefined ? {} : { limit }),
      ...(scorer ? { verifier: { scorer, field } } : {}),
      gaps: options.examples,
      ...(options.pairs ? { onPair: (pair) => output.value(pair) } : {}),
      onDropped: (one, dropped) => drops[one].add(dropped),
      onProgress: (aligned) => progress.update(aligned, total),
    },
  );
  progress.end();
  await printSummary({ fileA, fileB, comparison, drops, scorer }, output);
  return 0;
}

interface Summary {
  fileA: string;
  fileB: string;
  comparison: TargetComparison;
  drops: { [S in Side]: ReturnType<typeof createDropCounter> };
  scorer: Scorer | undefined;
}

async function printSummary({ fileA, fileB, comparison, drops, scorer }: Summary, output: Output): Promise<void> {
  const { aligned, differing, only, verified, all, whereDiffering, gaps } = comparison;
  const [a, b] = [
    { all: all.a, differing: whereDiffering.a },
    { all: all.b, differing: whereDiffering.b },
  ];
  for (const gap of gaps) await output.value({ ...gap, kind: 'gap' });
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
    dropped_a: drops.a.records(),
    dropped_b: drops.b.records(),
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
  for (const gap of gaps) {
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
