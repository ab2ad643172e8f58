// The configuration of a run, checked when it is read: whoever has a RunConfig may trust its types. A folder may hold one
// that a person edited, another program wrote, or a disk damaged.
import { z } from 'zod';
import { LabError } from '../shared/errors.ts';
import { armChoicesShape, experimentSchema } from '../shared/experiment.ts';
import { phrase } from '../shared/phrase.ts';
import type { Phrase } from '../shared/phrase.ts';
import type { RunConfig } from '../shared/records.ts';
import { withoutUnknownKeys } from './experimentProblems.ts';
import { complaint } from './schemaComplaint.ts';
import { valueAt } from './schemaPaths.ts';

const text = z.string();

const armSchema = z.strictObject({
  name: text,
  preset: text.optional(),
  learningRates: z.array(z.number()),
  ...armChoicesShape,
});

const configSchema = z.strictObject({
  formatVersion: z.literal(1),
  id: text,
  createdAt: text,
  experimentFile: text.optional(),
  experiment: experimentSchema,
  arms: z.array(armSchema),
  versions: z.strictObject({ forgettingLab: text, node: text, onnxruntime: text, platform: text }),
  model: z.strictObject({
    folder: text,
    architecture: text,
    parameters: z.number(),
    layers: z.number(),
    contextLength: z.number(),
    weightsHash: text,
    tokenizerHash: text,
    templateHash: text,
  }),
  device: z.strictObject({ name: text, reason: text, threads: z.number() }),
  dataHashes: z.record(text, text),
  lossNormalization: z.literal('token-mean'),
});

/**
 * The configuration in a value that was read from `file`. What an earlier version did not write yet has its default; keys of
 * other versions are left out. Throws `run-invalid`.
 */
export function checkedRunConfig(value: unknown, file: string): RunConfig {
  const first = configSchema.safeParse(value);
  const known = first.error ? withoutUnknownKeys(first.error, value) : value;
  const { data, error } = first.error ? configSchema.safeParse(known) : first;
  if (data) return data as RunConfig;
  throw unsound(file, firstComplaint(error, known));
}

/** Throws `run-invalid` with the first thing that does not fit. */
export function requireShape(schema: z.ZodType, value: unknown, file: string): void {
  const { error } = schema.safeParse(value);
  if (error) throw unsound(file, firstComplaint(error, value));
}

/** The error for a file of a run that says what no run says. */
export function unsound(file: string, why: Phrase): LabError {
  return new LabError('run-invalid', phrase('{0} is not of a run: {1}', file, why), {
    remedy: phrase('Mend its files, or move it out of the workspace'),
  });
}

function firstComplaint({ issues }: z.ZodError, value: unknown): Phrase {
  const [issue] = issues as [z.core.$ZodIssue];
  return complaint(issue, valueAt(value, issue.path));
}
