// `targets`: writes training targets by a recipe, with where each came from, and prints their statistics (methods 5.3).
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { readExamples } from '../../data/examples.ts';
import type { DatasetFormat } from '../../data/examples.ts';
import { writeRows } from '../../data/writeRows.ts';
import { scorers } from '../../evals/scorers.ts';
import { TargetStatisticsAccumulator } from '../../metrics/perplexity.ts';
import { maskTargets } from '../../recipes/mask.ts';
import type { MaskableTarget } from '../../recipes/mask.ts';
import { presets, resolveChoices } from '../../recipes/presets.ts';
import type { Preset } from '../../recipes/presets.ts';
import { rowToJson, toTargetRow } from '../../recipes/rows.ts';
import { scoreRows } from '../../recipes/scoreRows.ts';
import type { RowToScore } from '../../recipes/scoreRows.ts';
import { makeTargets } from '../../recipes/targets/index.ts';
import { answerOf } from '../../recipes/targets/recipe.ts';
import { stageVerifier } from '../../runs/stageTargets.ts';
import type { Example } from '../../shared/dataset.ts';
import { LabError } from '../../shared/errors.ts';
import type { ArmChoices } from '../../shared/experiment.ts';
import { nearest } from '../../shared/nearest.ts';
import { createCommand, onAction, withModelOptions } from '../command.ts';
import type { Exit } from '../command.ts';
import { countRows } from '../countRows.ts';
import { createDropCounter } from '../dropCounter.ts';
import type { DropCounter } from '../dropCounter.ts';
import { withModel } from '../../lab/openModel.ts';
import { numberBetween, wholeNumber } from '../numbers.ts';
import type { ModelOptions, OpenModel } from '../../lab/openModel.ts';
import type { Output } from '../output.ts';
import { createProgress } from '../progress.ts';
import { formatOption } from './formatOption.ts';

interface Options extends ModelOptions {
  data: string;
  recipe: string;
  out: string;
  format?: DatasetFormat;
  limit?: number;
  scorer?: string;
  field: string;
  seed: number;
  samples?: number;
  temperature?: number;
  topP?: number;
  maxTokens: number;
  tau?: number;
  fallback?: 'drop' | 'ground-truth';
  instruction?: string;
}

/** Presets that change what is trained on; the others only matter in a run. */
const recipeNames = ['ground-truth', 'self-output', 'rephrase', 'rephrase-sdft', 'stm', 'random-mask', 'column:FIELD'];

export function targetsCommand(exit: Exit): Command {
  const command = withModelOptions(
    createCommand('targets', 'Training targets by a recipe, as JSONL with provenance, and their statistics', [
      'targets --model pocket --data train.jsonl --recipe stm --out stm.jsonl',
      'targets --model pocket --data train.jsonl --recipe self-output --scorer last_number --out own.jsonl',
    ]),
  )
    .requiredOption('--data <file>', 'dataset with prompts and answers')
    .requiredOption('--recipe <name>', recipeNames.join(', '))
    .requiredOption('--out <file>', 'JSONL file to write')
    .addOption(formatOption())
    .option('--limit <n>', 'only the first rows', wholeNumber('--limit', 1))
    .option('--scorer <id>', `verifier of written answers: ${scorers.map(({ id }) => id).join(', ')}`)
    .option('--field <name>', "column with the verifier's reference", 'answer')
    .option('--seed <n>', 'seed of sampling and random masks', wholeNumber('--seed', 0), 0)
    .option('--samples <n>', 'samples per prompt (self-output)', wholeNumber('--samples', 1))
    .option('--temperature <t>', 'temperature of sampling', numberBetween('--temperature', 0, 100))
    .option('--top-p <p>', 'nucleus of sampling', numberBetween('--top-p', 0, 1))
    .option('--max-tokens <n>', 'longest written answer', wholeNumber('--max-tokens', 1), 128)
    .option('--tau <x>', 'perplexity above which STM masks', numberBetween('--tau', 0, Infinity))
    .option('--fallback <what>', 'drop or ground-truth: what happens to prompts without an accepted answer')
    .option('--instruction <text>', 'instruction of rephrase; may hold {question} and {reference}');
  return onAction<[], Options>(command, exit, (_, options, output) => {
    const choices = recipeChoices(options);
    return withModel(options, (model) => writeTargets(model, choices, options, output));
  });
}

/** The choices a recipe name stands for, with the options of the command line on top. */
function recipeChoices(options: Options): ArmChoices {
  const { recipe } = options;
  if (recipe === 'ground-truth' || recipe === 'sft') return resolveChoices(undefined, {});
  if (recipe.startsWith('column:')) {
    return resolveChoices(undefined, { targets: { kind: 'column', field: recipe.slice('column:'.length) } });
  }
  const preset = presets.find(({ id, choices }) => id === recipe && (choices.targets ?? choices.mask) !== undefined);
  if (!preset) {
    throw new LabError('usage', `There is no target recipe "${recipe}"`, {
      remedy: `Did you mean "${nearest(recipe, recipeNames)}"? Recipes: ${recipeNames.join(', ')}`,
    });
  }
  return withOverrides(preset, options);
}

function withOverrides(preset: Preset, options: Options): ArmChoices {
  const { samples, temperature, topP, tau, fallback, instruction } = options;
  const given = (entries: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));
  const { targets, mask } = preset.choices;
  const sampling = given({ temperature, topP, fallback });
  const own: Record<string, unknown> = {};
  if (targets?.kind === 'self-output') own['targets'] = { ...targets, samples: samples ?? 8, ...sampling };
  if (targets?.kind === 'rephrase') own['targets'] = { ...targets, ...sampling, ...given({ instruction }) };
  if (mask) own['mask'] = { ...mask, ...given({ tau }) };
  return resolveChoices(preset, own);
}

async function writeTargets(model: OpenModel, choices: ArmChoices, options: Options, output: Output): Promise<number> {
  const drops = createDropCounter();
  const statistics = new TargetStatisticsAccumulator();
  const provenance = new Map<string, number>();
  const out = resolve(options.out);
  const verify = stageVerifier(
    options.scorer === undefined ? {} : { verifier: { scorer: options.scorer, field: options.field } },
  );
  let verified = 0;
  let tokensGenerated = 0;
  const { engine, info, side } = model;
  const total = await countRows(options.data, options.limit);
  const progress = createProgress('Writing targets', 'rows');
  const targets = makeTargets(examplesOf(options, drops, total, progress.update), choices.targets, {
    engine,
    model: info.id,
    side,
    ...(verify ? { verify } : {}),
    maxTokens: options.maxTokens,
    seed: options.seed,
    onGenerated: (tokens) => {
      tokensGenerated += tokens;
    },
  });
  if (choices.targets.kind === 'self-output' && !verify) {
    output.note('No --scorer given: every finished answer counts as correct.');
  }
  const masks = choices.mask.kind === 'random' ? await randomMasks(model, choices, options) : undefined;
  let masked = 0;
  let tokens = 0;
  const count = await writeRows(out, rows());
  progress.end();
  if (count === 0) {
    const reasons = drops
      .reasons()
      .map(({ reason, count: rowsDropped }) => `${rowsDropped}: ${reason}`)
      .join('; ');
    throw new LabError('dataset-empty', `No target was written to ${out}${reasons ? ` (${reasons})` : ''}`, {
      remedy: 'Check the dataset and the verifier, or choose --fallback ground-truth',
    });
  }
  const result = statistics.finish();
  const share = masked / tokens;
  await output.value({
    kind: 'targets',
    recipe: options.recipe,
    out,
    statistics: result,
    provenance: Object.fromEntries(provenance),
    maskedShare: share,
    ...(verify ? { verified: verified / count } : {}),
    tokensGenerated,
    dropped: drops.reasons(),
  });
  const { items, pplMean, pplStd, corpusPpl, lengthMean } = result;
  const sources = [...provenance].map(([name, rowCount]) => `${rowCount} ${name}`).join(', ');
  await output.text(`${items} targets (${sources}) written to ${out}`);
  await output.text(
    `perplexity mean ${pplMean.toFixed(3)} (std ${pplStd.toFixed(3)}), corpus ${corpusPpl.toFixed(3)}, ${lengthMean.toFixed(1)} tokens a target, ${(100 * result.hardShare['2.5']).toFixed(1)} % hard tokens`,
  );
  if (masked > 0) await output.text(`${(100 * share).toFixed(1)} % of the answer tokens are masked`);
  if (verify)
    await output.text(`${((100 * verified) / count).toFixed(1)} % of the targets are accepted by ${options.scorer}`);
  drops.say(output);
  return 0;

  async function* rows(): AsyncGenerator<object> {
    let index = 0;
    for await (const row of scoreRows(targets, { engine, model: info.id, side })) {
      if (row.kind === 'dropped') {
        drops.add(row.dropped);
        continue;
      }
      statistics.add(row.logprobs);
      const { provenance: source } = row.example;
      provenance.set(source, (provenance.get(source) ?? 0) + 1);
      if (verify?.(answerOf(row.example), row.example, 'stop')) verified++;
      const mask = masks?.[index] ?? maskTargets([row], choices.mask, options.seed).masked[0] ?? [];
      index++;
      masked += mask.filter(Boolean).length;
      tokens += mask.length;
      const json = rowToJson(toTargetRow(row, mask));
      // With a mask recipe the list is always there, also when nothing is masked.
      yield choices.mask.kind === 'none' ? json : { mask: [], ...json };
    }
  }
}

/** A random mask is drawn over all targets together, so it needs a pass over them first; only numbers are kept. */
async function randomMasks(model: OpenModel, choices: ArmChoices, options: Options): Promise<boolean[][]> {
  const kept: MaskableTarget[] = [];
  const { engine, info, side } = model;
  const rows: AsyncIterable<RowToScore> = readExamples(options.data, readOptions(options));
  for await (const row of scoreRows(rows, { engine, model: info.id, side })) {
    if (row.kind === 'scored') kept.push({ logprobs: row.logprobs, endIndex: row.endIndex });
  }
  return maskTargets(kept, choices.mask, options.seed).masked;
}

function readOptions({ format, limit }: Options): { format?: DatasetFormat; limit?: number } {
  return { ...(format === undefined ? {} : { format }), ...(limit === undefined ? {} : { limit }) };
}

async function* examplesOf(
  options: Options,
  drops: DropCounter,
  total: number,
  update: (done: number, total: number) => void,
): AsyncGenerator<Example> {
  let done = 0;
  for await (const event of readExamples(options.data, readOptions(options))) {
    if (event.kind === 'dropped') drops.add(event.dropped);
    else {
      yield event.example;
      update(++done, total);
    }
  }
}
