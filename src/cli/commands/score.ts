// `score`: how probable a model finds texts or the answers of a dataset, token by token. Streams: memory does not grow
// with the number of rows, and items are printed in order.
import { readExamples } from '../../data/examples.ts';
import type { DatasetFormat } from '../../data/examples.ts';
import { itemPerplexity, meanNll, TargetStatisticsAccumulator } from '../../metrics/perplexity.ts';
import { allMasked, ownMask, scoreRows } from '../../recipes/scoreRows.ts';
import type { RowToScore, ScoredRow } from '../../recipes/scoreRows.ts';
import { LabError } from '../../shared/errors.ts';
import type { Example } from '../../shared/dataset.ts';
import type { Command } from 'commander';
import { createCommand, onAction, withModelOptions } from '../command.ts';
import type { Exit } from '../command.ts';
import { withModel } from '../../lab/openModel.ts';
import { wholeNumber } from '../numbers.ts';
import type { ModelOptions, OpenModel } from '../../lab/openModel.ts';
import type { Output } from '../output.ts';
import { createProgress } from '../progress.ts';
import { formatOption } from './formatOption.ts';
import { countRows } from '../countRows.ts';
import { formatCount } from '../../shared/words.ts';
import { createDropCounter } from '../dropCounter.ts';
import type { DropReason } from '../../data/dropCounter.ts';
import { joinedBySemicolon, phrase } from '../../shared/phrase.ts';
import type { Phrase } from '../../shared/phrase.ts';

interface Options extends ModelOptions {
  text?: string;
  data?: string;
  format?: DatasetFormat;
  limit?: number;
}

export function scoreCommand(exit: Exit): Command {
  const command = withModelOptions(
    createCommand('score', 'Perplexity of a text, or of the answers of a dataset, token by token', [
      'score --model pocket --text "What is 45 - 23?"',
      'score --model pocket --data train.jsonl --json',
    ]),
  )
    .option('--text <text>', 'raw text to score')
    .option('--data <file>', 'dataset (JSONL or JSON); answers are scored under the chat template')
    .option('--limit <n>', 'only the first rows', wholeNumber('--limit', 1))
    .addOption(formatOption());
  return onAction<[], Options>(command, exit, (_, options, output) =>
    withModel(options, (model) => score(model, options, output)),
  );
}

async function score(model: OpenModel, options: Options, output: Output): Promise<number> {
  const { engine, info, side } = model;
  const drops = createDropCounter();
  const statistics = new TargetStatisticsAccumulator();
  const unmasked = new TargetStatisticsAccumulator();
  const total = options.data === undefined ? 0 : await countRows(options.data, options.limit);
  const progress = createProgress('Scoring', 'rows');
  let index = 0;
  let tokens = 0;
  let maskedTokens = 0;
  for await (const row of scoreRows(rowsOf(options), { engine, model: info.id, side })) {
    if (row.kind === 'dropped') {
      drops.add(row.dropped);
      continue;
    }
    const masked = ownMask(row);
    const trained = row.logprobs.filter((_, at) => !masked[at]);
    if (trained.length === 0) {
      drops.add({ source: row.example.source, reason: allMasked });
      continue;
    }
    await printItem(output, { index, row, masked, trained }, model);
    statistics.add(trained);
    unmasked.add(row.logprobs);
    tokens += trained.length;
    maskedTokens += row.logprobs.length - trained.length;
    progress.update(++index, total);
  }
  progress.end();
  if (index === 0) throw nothingToScore(options, drops.reasons());
  const { items, pplMean, pplStd, corpusPpl, hardShare } = statistics.finish();
  const whole = unmasked.finish();
  const dropped = drops.records();
  await output.value({
    kind: 'summary',
    items,
    tokens,
    ppl_mean: pplMean,
    ppl_std: pplStd,
    ppl_corpus: corpusPpl,
    hard_share: hardShare['2.5'],
    ...(maskedTokens === 0
      ? {}
      : { masked_tokens: maskedTokens, ppl_mean_unmasked: whole.pplMean, ppl_corpus_unmasked: whole.corpusPpl }),
    dropped,
  });
  const std = items > 1 ? `, std ${pplStd.toFixed(3)}` : '';
  await output.text(
    `${items} items, ${tokens} tokens, perplexity mean ${pplMean.toFixed(3)}${std}, corpus ${corpusPpl.toFixed(3)}`,
  );
  if (maskedTokens > 0) {
    await output.text(
      `with the ${maskedTokens} masked tokens: perplexity mean ${whole.pplMean.toFixed(3)}, corpus ${whole.corpusPpl.toFixed(3)}`,
    );
  }
  drops.say(output);
  return 0;
}

async function* rowsOf(options: Options): AsyncGenerator<RowToScore> {
  if ((options.text === undefined) === (options.data === undefined)) {
    throw new LabError('usage', phrase('Give either --text or --data'), {
      remedy: phrase('`forgetting-lab score --help` shows examples'),
    });
  }
  if (options.text !== undefined) {
    const source = { file: '--text', line: 1 };
    const example: Example = {
      body: { kind: 'text', text: options.text },
      provenance: 'ground_truth',
      source,
      fields: {},
    };
    yield { kind: 'example', example };
  } else if (options.data !== undefined) {
    yield* readExamples(options.data, {
      ...(options.format === undefined ? {} : { format: options.format }),
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    });
  }
}

function nothingToScore({ data }: Options, dropped: readonly DropReason[]): LabError {
  const subject = data ?? phrase('The text');
  const reasons = dropped.map((one) => (data === undefined ? one.reason : rowsDropped(one)));
  const message =
    reasons.length === 0
      ? phrase('{0} has nothing to score', subject)
      : phrase('{0} has nothing to score ({1})', subject, joinedBySemicolon(reasons));
  return new LabError('dataset-empty', message, {
    remedy: phrase('Check the file, its format and the context length of the model'),
  });
}

const rowsDropped = ({ reason, count }: DropReason): Phrase =>
  count === 1 ? phrase('1 row: {0}', reason) : phrase('{0} rows: {1}', formatCount(count), reason);

/** A row, the tokens that its mask leaves out, and the log probabilities of the others. */
interface Item {
  index: number;
  row: ScoredRow;
  masked: readonly boolean[];
  trained: readonly number[];
}

async function printItem(output: Output, { index, row, masked, trained }: Item, model: OpenModel): Promise<void> {
  const { tokenizer } = model.side;
  const nll = meanNll(trained);
  const ppl = itemPerplexity(trained);
  const left = row.logprobs.length - trained.length;
  if (!output.json) {
    const { file, line } = row.example.source;
    const where = file === '--text' ? '' : `${file}:${line}  `;
    const others = left === 0 ? '' : ` (ppl ${itemPerplexity(row.logprobs).toFixed(3)} with the ${left} masked ones)`;
    await output.text(`${where}nll ${nll.toFixed(4)}  ppl ${ppl.toFixed(3)}  ${trained.length} tokens${others}`);
    return;
  }
  const tokens = row.ids.map((id, at) => ({
    id,
    text: tokenizer.tokenText(id),
    start: row.starts[at],
    end: row.ends[at],
    logprob: row.logprobs[at],
    ...(masked[at] ? { masked: true } : {}),
  }));
  const unmasked = left === 0 ? {} : { ppl_unmasked: itemPerplexity(row.logprobs) };
  await output.value({ kind: 'item', index, tokens, nll, ppl, ...unmasked, line: row.example.source.line });
}
