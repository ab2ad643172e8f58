// What may be asked of the queue. Everything that the command line would refuse at once is refused here, in its words,
// before it is queued.
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { findScorer } from '../../evals/scorers.ts';
import { countRows } from '../../lab/countRows.ts';
import { findBenchmark } from '../../lab/evaluateModel.ts';
import { requireMergeable } from '../../lab/mergeModels.ts';
import { requireModel } from '../../lab/openModel.ts';
import type { ReadFacts } from '../../lab/openModel.ts';
import { recipeChoices } from '../../lab/targetChoices.ts';
import { loadExperiment } from '../../runs/loadExperiment.ts';
import { requireUnlocked } from '../../runs/lock.ts';
import { requireSameVersions } from '../../runs/resumable.ts';
import { readRunConfig } from '../../runs/runFolder.ts';
import { LabError } from '../../shared/errors.ts';
import { joinedBySemicolon, phrase } from '../../shared/phrase.ts';
import type { Words } from '../../shared/phrase.ts';
import type { SessionWork } from '../../shared/protocol/lab/sessions.ts';

const path = z.string().min(1);
const count = z.number().int().min(1).optional();
const settings = { device: z.enum(['auto', 'cpu', 'webgpu', 'cuda']).optional(), threads: count };

export const sessionWorkSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('run'), experiment: path, ...settings }),
  z.object({ kind: z.literal('resume'), run: path, force: z.boolean().optional() }),
  z.object({
    kind: z.literal('targets'),
    model: path,
    data: path,
    recipe: path,
    out: path,
    scorer: path.optional(),
    field: path.optional(),
    samples: count,
    temperature: z.number().min(0).max(100).optional(),
    instruction: z.string().optional(),
    limit: count,
    seed: z.number().int().min(0).optional(),
    maxTokens: count,
    tau: z.number().min(0).optional(),
    fallback: z.enum(['drop', 'ground-truth']).optional(),
    ...settings,
  }),
  z.object({
    kind: z.literal('evaluate'),
    model: path,
    experiment: path,
    benchmarks: z.array(path).min(1),
    ...settings,
  }),
  z.object({ kind: z.literal('merge'), base: path, tuned: path, lambda: z.number(), out: path }),
]);

/** Checks the form of a request; throws `usage`. */
export function parseWork(value: unknown): SessionWork {
  const parsed = sessionWorkSchema.safeParse(value);
  if (parsed.success) return parsed.data as SessionWork;
  const listed = parsed.error.issues.map(({ path: where, message }) => `${where.join('.')}: ${message}`);
  throw new LabError('usage', phrase('This is no work for a session: {0}', joinedBySemicolon(listed)));
}

/** Checks what can be checked at once and gives the work a title for people. */
export async function prepareWork(work: SessionWork, readFacts?: ReadFacts): Promise<Words> {
  switch (work.kind) {
    case 'run':
      return (await loadExperiment(work.experiment)).experiment.name;
    case 'resume': {
      const config = await readRunConfig(work.run);
      await requireUnlocked(work.run);
      if (work.force !== true) requireSameVersions(work.run, config);
      return config.experiment.name;
    }
    case 'targets':
      recipeChoices(work);
      if (work.scorer !== undefined) findScorer(work.scorer);
      // A dataset that cannot be read says so at its first row.
      await countRows(work.data, 1);
      await requireModel(work, readFacts);
      return phrase('{0} targets of {1}', work.recipe, basename(work.data));
    case 'evaluate':
      for (const benchmark of work.benchmarks) await findBenchmark({ benchmark, experiment: work.experiment });
      await requireModel(work, readFacts);
      return evaluationTitle(work.benchmarks, modelTitle(work.model));
    case 'merge':
      await requireMergeable(work, readFacts);
      return phrase('{0} merged with {1}', modelTitle(work.tuned), modelTitle(work.base));
    default:
      return work satisfies never;
  }
}

function evaluationTitle(benchmarks: readonly string[], model: string): Words {
  const [first = ''] = benchmarks;
  return benchmarks.length === 1
    ? phrase('{0} of {1}', first, model)
    : phrase('{0} benchmarks of {1}', benchmarks.length, model);
}

/** A model by its folder; a checkpoint of a run (`.../02-self-output-lr0.001-seed0/stage-1`) by its trial as well. */
function modelTitle(model: string): string {
  const name = basename(model);
  return /^stage-\d+$/.test(name) ? `${basename(dirname(model))}/${name}` : name;
}
