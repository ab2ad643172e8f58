// `eval`: measures a model on one benchmark.
import type { Command } from 'commander';
import { scorers } from '../../evals/scorers.ts';
import { describeEvaluation, evaluateModel, findBenchmark } from '../../lab/evaluateModel.ts';
import type { BenchmarkRequest } from '../../lab/evaluateModel.ts';
import { withModel } from '../../lab/openModel.ts';
import type { ModelOptions } from '../../lab/openModel.ts';
import { pocketExperimentFile } from '../../runs/packageRoot.ts';
import { inEnglish } from '../../shared/phrase.ts';
import { createCommand, onAction, withModelOptions } from '../command.ts';
import type { Exit } from '../command.ts';
import { wholeNumber } from '../numbers.ts';
import { createProgress } from '../progress.ts';

type Options = ModelOptions & BenchmarkRequest & { items?: boolean };

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
    return withModel(options, async (model) => {
      const progress = createProgress(`Measuring ${config.name}`, 'items');
      const result = await evaluateModel(model, config, { onProgress: progress.update });
      progress.end();
      const { items, ...summary } = result;
      if (options.items) {
        for (const item of items) {
          await output.value({ kind: 'item', ...item });
          await output.text(`${item.strict === 1 ? '+' : '-'} ${item.index}  ${JSON.stringify(item.output)}`);
        }
      }
      await output.value({ kind: 'evaluation', benchmark: config.name, scorer: config.scorer, ...summary });
      for (const line of describeEvaluation(config.name, summary)) await output.text(inEnglish(line));
      return 0;
    });
  });
}
