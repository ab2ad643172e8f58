// Measurements of a stage: every benchmark, and the distance from the base without labels (methods 5.4). What is
// measured is always the model as saved on disk, so that a resumed run measures the same bits.
import { readExamples } from '../data/examples.ts';
import type { ModelInfo } from '../engine/engine.ts';
import type { Benchmark } from '../evals/benchmark.ts';
import { evaluate } from '../evals/evaluate.ts';
import { PredictionDriftAccumulator } from '../metrics/drift.ts';
import { encodeScorable } from '../recipes/scoreRows.ts';
import type { ScorablePart } from '../recipes/scoreRows.ts';
import type { Stage } from '../shared/experiment.ts';
import type { TrialKey } from '../shared/records.ts';
import { slug, writeItems } from './runFolder.ts';
import { formatCount } from '../shared/words.ts';
import { log, progressOf, record } from './session.ts';
import type { Session } from './session.ts';
import { phrase } from '../shared/phrase.ts';

/** Sequences on which the drift is measured; a token mean over so many is steady to about a hundredth of a nat. */
const driftSequences = 64;

/** A base within this of guessing cannot show forgetting (pitfall 17). */
const insensitiveMargin = 0.05;

/** Measures one benchmark on a loaded model and records the cell. */
export async function measureCell(
  session: Session,
  model: ModelInfo,
  benchmark: Benchmark,
  cell: TrialKey & { stage: number; folder: string },
): Promise<void> {
  const { name, chance } = benchmark.config;
  const result = await evaluate({
    engine: session.engine,
    model,
    side: session.side,
    benchmark,
    signal: session.stop,
    onProgress: progressOf(session),
  });
  const position = session.config.experiment.benchmarks.findIndex((one) => one.name === name);
  const items = `items/${cell.folder}/stage-${cell.stage}-${String(position + 1).padStart(2, '0')}-${slug(name)}.jsonl`;
  await writeItems(session.folder, items, result.items);
  const tooLong = result.items.filter((item) => item.rates?.['too_long'] === 1).length;
  // The same items are too long for every model of the run: it is said once.
  if (tooLong > 0 && cell.stage === 0) {
    const message =
      tooLong === 1
        ? phrase('{0}: 1 item too long for the context, counted as wrong', name)
        : phrase('{0}: {1} items too long for the context, counted as wrong', name, formatCount(tooLong));
    await log(session, 'warning', message);
  }
  const base = session.run.cells.find((one) => one.stage === 0 && one.benchmark === name);
  const { score, lo, hi, lenient, parseRate, n, protocol, rates, refusalMargin, seconds } = result;
  await record(session, {
    kind: 'cell',
    arm: cell.arm,
    lr: cell.lr,
    seed: cell.seed,
    stage: cell.stage,
    benchmark: name,
    score,
    lo,
    hi,
    lenient,
    parseRate,
    n,
    protocol,
    rates,
    ...(refusalMargin === undefined ? {} : { refusalMargin }),
    insensitive: (base?.score ?? score) < chance + insensitiveMargin,
    items,
    seconds,
  });
}

/** Measures how far a model's predictions are from the base's on a text, and records it. */
export async function measureDrift(
  session: Session,
  model: ModelInfo,
  key: TrialKey & { stage: number },
  text: 'new-task' | 'neutral',
): Promise<void> {
  const parts = await driftParts(session, key.stage, text, driftSequences);
  if (parts.length === 0) return;
  const scores = await session.engine.score(
    {
      model: model.id,
      baseline: session.base.id,
      sequences: parts.map((part) => part.tokens),
      from: parts.map((part) => part.from),
    },
    { signal: session.stop, onProgress: progressOf(session) },
  );
  const drift = new PredictionDriftAccumulator();
  for (const { divergence } of scores) if (divergence) drift.add(divergence);
  const { arm, lr, seed, stage } = key;
  await record(session, { kind: 'drift', arm, lr, seed, stage, text, ...drift.finish() });
}

/**
 * The first `count` usable rows: the dataset's own answers of the stage's task, or the neutral text. Equal for all arms.
 */
export async function driftParts(
  session: Pick<Session, 'config' | 'side'>,
  stageNumber: number,
  text: 'new-task' | 'neutral',
  count: number,
): Promise<ScorablePart[]> {
  const { stages, neutralText } = session.config.experiment;
  const stage = stages[stageNumber - 1] as Stage;
  const file = text === 'neutral' ? neutralText : stage.dataset;
  if (file === undefined) return [];
  const options = text === 'new-task' && stage.format !== undefined ? { format: stage.format } : {};
  const parts: ScorablePart[] = [];
  for await (const event of readExamples(file, options)) {
    if (event.kind !== 'example') continue;
    const part = encodeScorable(session.side, event.example);
    if (!('reason' in part)) parts.push(part);
    if (parts.length === count) break;
  }
  return parts;
}
