// `run`: carries out an experiment.
import type { Command } from 'commander';
import { dirname } from 'node:path';
import type { Device } from '../../engine/engine.ts';
import { loadExperiment } from '../../runs/loadExperiment.ts';
import { describeWork, listWork } from '../../runs/plan.ts';
import type { Work } from '../../runs/plan.ts';
import { readData, startRun } from '../../runs/startRun.ts';
import { inEnglish } from '../../shared/phrase.ts';
import type { Experiment } from '../../shared/experiment.ts';
import { plural } from '../../shared/words.ts';
import { createCommand, onAction, withDeviceOptions } from '../command.ts';
import type { Exit } from '../command.ts';
import { carryOutAndShow } from '../runCommandParts.ts';
import type { Output } from '../output.ts';

interface Options {
  out?: string;
  device?: Device;
  threads?: number;
  dryRun?: boolean;
}

export function runCommand(exit: Exit): Command {
  const command = withDeviceOptions(
    createCommand('run', 'Trains every arm, measures every benchmark before and after, and shows what was forgotten', [
      'run examples/pocket/pocket.experiment.yaml',
      'run my.experiment.yaml --out runs/first --json',
    ]),
  )
    .argument('<file>', 'experiment file (*.experiment.yaml or .json)')
    .option('--out <dir>', 'folder of the run; default: runs/ID beside the experiment file')
    .option('--dry-run', 'print the plan and a rough estimate of its cost, and do nothing')
    .addHelpText(
      'after',
      '\nExit codes: 0 done; 2 a guarded benchmark fell below the forgetting budget; 130 stopped and saved; 1 anything failed.',
    );
  return onAction<[string], Options>(command, exit, async ([file], options, output) => {
    if (options.dryRun) return printPlan(file, output);
    return carryOutAndShow(output, (run) =>
      startRun({
        ...run,
        file,
        ...(options.out === undefined ? {} : { out: options.out }),
        ...(options.device === undefined ? {} : { device: options.device }),
        ...(options.threads === undefined ? {} : { threads: options.threads }),
      }),
    );
  });
}

async function printPlan(file: string, output: Output): Promise<number> {
  const { experiment, arms } = await loadExperiment(file);
  const { sizes } = await readData(experiment);
  const work = listWork(experiment, arms, sizes);
  const stageNames = experiment.stages.map((stage) => stage.name);
  for (const one of work) {
    const { kind, key, stage, size } = one;
    const { arm, lr, seed } = key;
    await output.value({ ...one, kind: 'work', work: kind, key: undefined, arm, lr, seed, stage, size });
    await output.text(`${inEnglish(describeWork(one, stageNames))}${amountOf(one)}`);
  }
  const cost = estimate(experiment, work);
  await output.value({ kind: 'estimate', ...cost, runs: dirname(file) });
  await output.text(
    `\n${work.length} pieces of work: ${cost.steps} training steps (${cost.trainedExamples} examples), ${cost.writtenAnswers} written answers, ${cost.judgedAnswers} judged answers`,
  );
  return 0;
}

function amountOf(work: Work): string {
  switch (work.kind) {
    case 'evaluate':
      return `: ${plural(work.size, 'item')}`;
    case 'targets':
      return `: ${plural(work.size, work.generates ? 'sample' : 'row')}`;
    case 'train':
      return `: ${plural(work.size, 'step')}`;
    case 'drift':
      // How much text there is shows when it is read.
      return '';
    default:
      return work satisfies never;
  }
}

/** Counts of what costs time: how long they take depends on model and machine. */
function estimate(experiment: Experiment, work: readonly Work[]) {
  const total = (fits: (one: Work) => boolean): number => work.filter(fits).reduce((sum, one) => sum + one.size, 0);
  const steps = total((one) => one.kind === 'train');
  return {
    steps,
    trainedExamples: steps * experiment.training.batchSize,
    writtenAnswers: total((one) => one.kind === 'targets' && one.generates),
    judgedAnswers: total((one) => one.kind === 'evaluate'),
  };
}
