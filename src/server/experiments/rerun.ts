// The configuration a run really had, as an experiment file: every value written out, so that defaults which change later
// change nothing here.
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { Document, isMap, isSeq, visit } from 'yaml';
import { findLabFiles } from '../../lab/findRuns.ts';
import { readRunConfig } from '../../runs/runFolder.ts';
import type { Experiment } from '../../shared/experiment.ts';
import type { RunConfig } from '../../shared/records.ts';
import { namesIn } from './declaredNames.ts';
import { experimentFile, nextName } from './nearbyFiles.ts';
import { writtenModel, writtenPath } from './yamlText.ts';

/**
 * Path and text of the file; nothing is written. Without a path it lies beside the experiment under the next free name,
 * which the experiment then has too: names tell experiments apart in every view. The name
 * is that of no experiment of the workspace (default: what lies beside the runs). Throws when the run cannot be read.
 */
export async function rerunText(
  run: string,
  path?: string,
  workspace?: string,
): Promise<{ path: string; text: string }> {
  const folder = resolve(run);
  const config = await readRunConfig(folder);
  const model = await modelOf(config);
  if (path !== undefined) {
    const file = resolve(path);
    return { path: file, text: textOf(config, config.experiment.name, model, dirname(file)) };
  }
  // Runs lie in `runs` next to their experiment.
  const parent = dirname(folder);
  const home = basename(parent) === 'runs' ? dirname(parent) : parent;
  const { experiments } = await findLabFiles(workspace ?? home);
  const name = await nextName(home, config.experiment.name, await namesIn(experiments));
  return { path: experimentFile(home, name), text: textOf(config, name, model, home) };
}

/** An update of the extension moves the bundled model: a run made with it means the bundled one still. */
async function modelOf({ experiment }: RunConfig): Promise<string> {
  const there = await stat(experiment.model).catch(() => undefined);
  return !there && /[\\/]media[\\/]pocket$/.test(experiment.model) ? 'pocket' : experiment.model;
}

function textOf(config: RunConfig, name: string, model: string, folder: string): string {
  const document = new Document(withRelativePaths({ ...config.experiment, name }, model, folder));
  document.commentBefore = ` The configuration that the run ${config.id} really had, every value written out.\n Change what you want to know and launch it.`;
  flowSmallParts(document);
  return document.toString({ lineWidth: 0, flowCollectionPadding: true });
}

function withRelativePaths(experiment: Experiment, model: string, folder: string): Experiment {
  const written = (path: string): string => (path === '' ? path : writtenPath(folder, path));
  return {
    ...experiment,
    model: writtenModel(folder, model),
    stages: experiment.stages.map((stage) => ({ ...stage, dataset: written(stage.dataset) })),
    arms: experiment.arms.map((arm) =>
      arm.mix?.kind === 'replay' ? { ...arm, mix: { ...arm.mix, dataset: written(arm.mix.dataset) } } : arm,
    ),
    benchmarks: experiment.benchmarks.map((benchmark) => ({ ...benchmark, data: written(benchmark.data) })),
    ...(experiment.neutralText === undefined ? {} : { neutralText: written(experiment.neutralText) }),
  };
}

/** Lists of numbers, choices of arms and benchmarks on one line each, as people write them. */
function flowSmallParts(document: Document): void {
  visit(document, {
    Map(key, node, ancestors) {
      if (ancestors.length >= 5 || (typeof key === 'number' && keyBefore(ancestors) === 'benchmarks')) node.flow = true;
    },
    Seq(_, node) {
      if (!node.items.some((item) => isMap(item) || isSeq(item))) node.flow = true;
    },
  });
}

/** The key of the list that an entry stands in. */
function keyBefore(ancestors: readonly unknown[]): unknown {
  const pair = ancestors.at(-2) as { key?: { value?: unknown } } | undefined;
  return pair?.key?.value;
}
