// `eval`: measures a model on one benchmark.
import { access } from 'node:fs/promises';
import type { Command } from 'commander';
import { basename, dirname, extname, resolve } from 'node:path';
import { loadBenchmark } from '../../evals/benchmark.ts';
import { evaluate } from '../../evals/evaluate.ts';
import { findScorer, scorers } from '../../evals/scorers.ts';
import { loadExperiment } from '../../runs/loadExperiment.ts';
import { pocketExperimentFile } from '../../runs/packageRoot.ts';
import { LabError } from '../../shared/errors.ts';
import { benchmarkSchema } from '../../shared/experiment.ts';
import type { BenchmarkConfig } from '../../shared/experiment.ts';
import { nearest } from '../../shared/nearest.ts';
import { createCommand, onAction, withModelOptions } from '../command.ts';
import type { Exit } from '../command.ts';
import { withModel } from '../../lab/openModel.ts';
import { wholeNumber } from '../numbers.ts';
import type { ModelOptions } from '../../lab/openModel.ts';
import { createProgress } from '../progress.ts';

interface Options extends ModelOptions {
  benchmark: string;
  experiment: string;
  scorer?: string;
  limit?: number;
  maxTokens?: number;
  items?: boolean;
}

export function evalCommand(exit: Exit): Command {
  const list = scorers.map((scorer) => `  ${scorer.id.padEnd(24)}${scorer.title}`).join('\n');
  const command = withModelOptions(
    createCommand('eval', 'The score of a model on one benchmark', [
      'eval --model pocket --benchmark arithmetic',
      'eval --model DIR --benchmark ../shared/data/gsm8k/test.jsonl --scorer gsm8k --limit 100 --json',
    ]),
  )
    .requiredOption('--benchmark <name>', 'name of a benchmark in the experiment, or a JSONL file of items')
    .option('--experiment <file>', 'experiment that declares the benchmark', pocketExperimentFile)
    .option('--scorer <id>', 'how answers are judged (needed for a file)')
    .option('--limit <n>', 'only the first items', wholeNumber('--limit', 1))
    .option('--max-tokens <n>', 'longest answer', wholeNumber('--max-tokens', 1))
    .option('--items', 'also print every judged answer')
    .addHelpText('after', `\nScorers:\n${list}`);
  return onAction<[], Options>(command, exit, async (_, options, output) => {
    const config = await findBenchmark(options);
    const benchmark = await loadBenchmark(config, dirname(config.data));
    return withModel(options, async ({ engine, info, side }) => {
      const progress = createProgress(`Measuring ${config.name}`, 'items');
      const result = await evaluate({
        engine,
        model: info,
        side,
        benchmark,
        onProgress: ({ done, total }) => progress.update(done, total),
      });
      progress.end();
      const { items, ...summary } = result;
      if (options.items) {
        for (const item of items) {
          await output.value({ kind: 'item', ...item });
          await output.text(`${item.strict === 1 ? '+' : '-'} ${item.index}  ${JSON.stringify(item.output)}`);
        }
      }
      await output.value({ kind: 'evaluation', benchmark: config.name, scorer: config.scorer, ...summary });
      const { score, lo, hi, lenient, parseRate, n } = summary;
      await output.text(
        `${config.name}: ${score.toFixed(3)} [${lo.toFixed(3)}, ${hi.toFixed(3)}], lenient ${lenient.toFixed(3)}, parsed ${parseRate.toFixed(3)}, n ${n}`,
      );
      for (const [name, rate] of Object.entries(summary.rates)) await output.text(`  ${name} ${rate.toFixed(3)}`);
      return 0;
    });
  });
}

async function findBenchmark(options: Options): Promise<BenchmarkConfig> {
  const declared = await declaredBenchmark(options);
  return {
    ...declared,
    ...(options.limit === undefined ? {} : { limit: options.limit }),
    ...(options.maxTokens === undefined ? {} : { maxTokens: options.maxTokens }),
  };
}

async function declaredBenchmark({ benchmark, experiment, scorer }: Options): Promise<BenchmarkConfig> {
  const file = resolve(benchmark);
  const isFile = await access(file).then(
    () => true,
    () => false,
  );
  if (isFile) {
    if (scorer === undefined) {
      throw new LabError('usage', `--benchmark ${benchmark} is a file and needs --scorer`, {
        remedy: `Scorers: ${scorers.map(({ id }) => id).join(', ')}`,
      });
    }
    const name = basename(file, extname(file));
    return benchmarkSchema.parse({ name, data: file, scorer: findScorer(scorer).id, maxTokens: 256 });
  }
  const { benchmarks } = (await loadExperiment(experiment)).experiment;
  const found = benchmarks.find(({ name }) => name === benchmark);
  if (found) return scorer === undefined ? found : { ...found, scorer: findScorer(scorer).id };
  const names = benchmarks.map(({ name }) => name);
  throw new LabError('usage', `There is no benchmark "${benchmark}" in ${experiment}, and no such file`, {
    remedy: `Did you mean "${nearest(benchmark, names)}"? Benchmarks: ${names.join(', ')}`,
  });
}
