// Whether what a run says about itself can be shown: configurations of other programs, damaged ones, and ones so large that
// nobody could look at them. Only what a list needs is looked at, so that it costs a thousand runs nothing; `runConfig.ts`
// looks at all of it where it is read.
import { join } from 'node:path';
import { z } from 'zod';
import { requireShape, unsound } from '../runs/runConfig.ts';
import { configFile, recordFiles } from '../runs/runFolder.ts';
import { LabError } from '../shared/errors.ts';
import { phrase } from '../shared/phrase.ts';
import type { RunData, StatusRecord } from '../shared/records.ts';

/** Trainings of a run that are shown at most: a summary of so many takes about a second. */
export const mostTrainings = 2000;

const named = z.looseObject({ name: z.string() });

const configSchema = z.looseObject({
  id: z.string(),
  createdAt: z.string(),
  experiment: z.looseObject({
    name: z.string(),
    model: z.string(),
    seeds: z.array(z.number()),
    stages: z.array(named),
    benchmarks: z.array(named),
  }),
  arms: z.array(z.looseObject({ name: z.string(), learningRates: z.array(z.number()) })),
  model: z.looseObject({ folder: z.string() }),
});

const statusSchema = z.looseObject({ at: z.string(), state: z.string() });
const states: readonly string[] = ['running', 'stopped', 'done', 'failed'] satisfies StatusRecord['state'][];

/** Throws `run-invalid` when the configuration or the newest status of a run cannot be shown. */
export function requireSound({ folder, config, status }: Pick<RunData, 'folder' | 'config' | 'status'>): void {
  requireShape(configSchema, config, join(folder, configFile));
  if (status) requireStatus(status, join(folder, recordFiles.status));
  const { seeds, stages } = config.experiment;
  const rates = config.arms.reduce((sum, arm) => sum + arm.learningRates.length, 0);
  const trainings = rates * seeds.length * stages.length;
  if (trainings <= mostTrainings) return;
  throw new LabError('run-invalid', phrase('{0} plans {1} trainings, more than can be shown', folder, trainings), {
    remedy: phrase('Runs of up to {0} trainings are shown; divide the experiment into several', mostTrainings),
  });
}

function requireStatus(status: StatusRecord, file: string): void {
  requireShape(statusSchema, status, file);
  if (!states.includes(status.state)) throw unsound(file, phrase('there is no state {0}', status.state));
}
