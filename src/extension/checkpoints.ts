// The final checkpoints of runs, and what they are called where only a folder is known.
import { sep } from 'node:path';
import { listExperiments, runsChanged } from '../shared/protocol/lab/runs.ts';
import type { ExperimentSummary, RunSummary, TrialSummary } from '../shared/protocol/lab/runs.ts';
import { formatLearningRate, plainText } from '../shared/words.ts';
import { modelLabel } from './datasets/rowText.ts';
import { minuteOf } from './sidebar/runTime.ts';
import type { Translate } from './translate.ts';
import type { Lab, ModelNames } from './workbench.ts';

export interface FinalCheckpoint {
  folder: string;
  run: RunSummary;
  trial: TrialSummary;
  /** Name of the stage it was trained last on. */
  stage: string;
}

/** Those that are on disk, of the newest runs first. The base is a model like others and not among them. */
export function finalCheckpoints(experiments: readonly ExperimentSummary[]): FinalCheckpoint[] {
  const found: FinalCheckpoint[] = [];
  for (const run of experiments.flatMap(({ runs }) => runs)) {
    for (const trial of run.trials) {
      for (const { stage, name, checkpoints } of trial.stages) {
        const final = checkpoints.find(({ what, exists }) => what === 'final' && exists);
        if (stage > 0 && final) found.push({ folder: final.folder, run, trial, stage: name });
      }
    }
  }
  return found;
}

/** `ground truth, pocket 2026-11-21 11:11`, with as much more as tells it from the others of its run. */
export function checkpointName({ run, trial, stage }: FinalCheckpoint, t: Translate): string {
  const { arm, lr, seed } = trial;
  const stages = trial.stages.filter((one) => one.stage > 0);
  const isOnly = run.trials.filter((one) => one.arm === arm).length === 1;
  const parts = [
    stages.length > 1 ? `${arm}: ${stage}` : arm,
    ...(isOnly ? [] : [formatLearningRate(lr), t('seed {0}', seed)]),
    `${run.experiment} ${minuteOf(run.createdAt)}`,
  ];
  return plainText(parts.join(', '));
}

/**
 * Names of checkpoints by folder, asked for once: neither run nor arm of a checkpoint ever changes. What is none is asked for
 * again when the run around it changes.
 */
export class CheckpointNames implements ModelNames {
  private readonly lab: Pick<Lab, 'request' | 'on'>;
  private readonly t: Translate;
  private readonly known = new Map<string, Promise<string | undefined>>();
  private readonly nameless = new Set<string>();

  constructor(lab: Pick<Lab, 'request' | 'on'>, t: Translate) {
    this.lab = lab;
    this.t = t;
    lab.on(runsChanged, ({ runs }) => this.forgetNameless(runs));
  }

  /** Undefined for what is no checkpoint of a run. */
  async of(model: string): Promise<string | undefined> {
    // A name such as `pocket`.
    if (!/[\\/]/.test(model)) return undefined;
    const known = this.known.get(model) ?? this.find(model);
    this.known.set(model, known);
    return known;
  }

  /** What a model is called in a line of text. */
  async nameOf(model: string): Promise<string> {
    return (await this.of(model)) ?? modelLabel(model);
  }

  private async find(folder: string): Promise<string | undefined> {
    try {
      const checkpoint = finalCheckpoints(await this.lab.request(listExperiments, {})).find(
        (one) => one.folder === folder,
      );
      if (checkpoint) return checkpointName(checkpoint, this.t);
      this.nameless.add(folder);
      return undefined;
    } catch {
      // Asked again when it is needed again: until then its folder is its name.
      this.known.delete(folder);
      return undefined;
    }
  }

  private forgetNameless(runs: readonly string[]): void {
    for (const folder of this.nameless) {
      if (!runs.some((run) => folder.startsWith(run + sep))) continue;
      this.nameless.delete(folder);
      this.known.delete(folder);
    }
  }
}
