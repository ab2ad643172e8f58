// Work of a session that is not a run: building targets, measuring a model, merging two.
import { buildTargets, describeTargets } from '../../lab/buildTargets.ts';
import { countRows } from '../../lab/countRows.ts';
import { describeDrops } from '../../data/dropCounter.ts';
import { describeEvaluation, evaluateModel, findBenchmark } from '../../lab/evaluateModel.ts';
import { describeMerge, mergeModels } from '../../lab/mergeModels.ts';
import { withModel } from '../../lab/openModel.ts';
import { inEnglish, phrase } from '../../shared/phrase.ts';
import type { Phrase, Words } from '../../shared/phrase.ts';
import type { SessionWork } from '../../shared/protocol/lab/sessions.ts';
import type { SessionEnd } from './messages.ts';
import type { SessionTools } from './sessionTools.ts';

type Work<Kind extends SessionWork['kind']> = Extract<SessionWork, { kind: Kind }>;

/** Half-done targets and measurements are worth nothing, so both ways of stopping drop them. */
const eitherStop = ({ stop, abort }: SessionTools): AbortSignal => AbortSignal.any([stop, abort]);

export async function performTargets(work: Work<'targets'>, tools: SessionTools): Promise<SessionEnd> {
  const signal = eitherStop(tools);
  const progress = progressTeller(tools, phrase('write targets'));
  const total = await countRows(work.data, work.limit);
  const notes: Words[] = [];
  const built = await withModel(work, (model) =>
    buildTargets(model, work, {
      signal,
      onProgress: (rows) => progress(rows, total),
      onNote: (line) => notes.push(line),
    }),
  );
  const result = [...describeTargets(built, work.scorer), ...describeDrops(built.dropped), ...notes];
  return done(result, [built.out]);
}

export async function performEvaluation(work: Work<'evaluate'>, tools: SessionTools): Promise<SessionEnd> {
  const signal = eitherStop(tools);
  const { experiment, benchmarks } = work;
  const configs = await Promise.all(benchmarks.map((benchmark) => findBenchmark({ benchmark, experiment })));
  const result = await withModel(work, async (model) => {
    const lines: Words[] = [];
    for (const [index, config] of configs.entries()) {
      signal.throwIfAborted();
      const progress = progressTeller(tools, phrase('measure {0}', config.name), { index, count: configs.length });
      const evaluation = await evaluateModel(model, config, { signal, onProgress: progress });
      const described = describeEvaluation(config.name, evaluation);
      described.forEach((line) => console.log(inEnglish(line)));
      lines.push(...described);
    }
    return lines;
  });
  return done(result, []);
}

export async function performMerge(work: Work<'merge'>, { reporter }: SessionTools): Promise<SessionEnd> {
  reporter.progress({ share: 0, activity: phrase('merge') }, performance.now());
  await mergeModels(work);
  return done([describeMerge(work)], [work.out]);
}

function done(result: Words[], outputs: string[]): SessionEnd {
  return { state: 'done', exitCode: 0, result, outputs };
}

/** Tells how far a piece of work is; `part` of several equal pieces. */
function progressTeller(
  { reporter }: SessionTools,
  activity: Phrase,
  part = { index: 0, count: 1 },
): (done: number, total: number) => void {
  const startedAt = performance.now();
  return (count, total) => {
    const now = performance.now();
    if (!reporter.wantsProgress(now) || total <= 0) return;
    const share = Math.min(1, count / total);
    const seconds = (now - startedAt) / 1000;
    const secondsLeft = share > 0 ? (seconds / share) * (1 - share + part.count - 1 - part.index) : undefined;
    reporter.progress(
      {
        share: (part.index + share) / part.count,
        activity,
        ...(secondsLeft === undefined ? {} : { secondsLeft }),
      },
      now,
    );
  };
}
