// The learning-forgetting plane as numbers: sweeps over learning rates, which points nobody beats, and what is kept at the
// same gain. Pure.
import { forgettingPerGain, paretoSet, retentionAtGain } from '../../src/shared/plane.ts';
import type { Comparison, PlanePoint } from '../../src/shared/protocol/lab/runs.ts';
import type { ArmStyle } from '../../src/shared/arms.ts';

/** An arm of a run with its learning rates in order. */
export interface Sweep {
  run: string;
  arm: string;
  style: ArmStyle;
  /** Letter of the run; empty when there is one run. */
  letter: string;
  /** Place of the run. */
  place: number;
  points: PlanePoint[];
}

/** The last stage of every run, whichever that is. */
export const lastStage = 0;

/** Stages that have points. */
export function stagesOf(comparison: Comparison): number[] {
  return [...new Set(comparison.points.map((point) => point.stage))].sort((a, b) => a - b);
}

/** `A`, `B`... by place. */
export const letterOf = (place: number): string => String.fromCharCode(65 + (place % 26));

/** Arms after a stage (or after the last one of their run), in the order of the runs and of their arms. */
export function sweepsOf(comparison: Comparison, stage: number): Sweep[] {
  const several = comparison.runs.length > 1;
  const sweeps = new Map<string, Sweep>();
  const last = new Map<string, number>();
  for (const point of comparison.points) last.set(point.run, Math.max(point.stage, last.get(point.run) ?? 0));
  for (const point of comparison.points) {
    if (point.stage !== (stage === lastStage ? last.get(point.run) : stage)) continue;
    const place = comparison.runs.findIndex((run) => run.folder === point.run);
    const key = JSON.stringify([point.run, point.arm]);
    const known = sweeps.get(key);
    if (known) known.points.push(point);
    else {
      const { run, arm, style } = point;
      sweeps.set(key, { run, arm, style, place, letter: several ? letterOf(place) : '', points: [point] });
    }
  }
  for (const sweep of sweeps.values()) sweep.points.sort((a, b) => a.lr - b.lr);
  return [...sweeps.values()];
}

/** `A ground truth`, or the arm alone. */
export const sweepName = ({ letter, arm }: Sweep): string => (letter === '' ? arm : `${letter} ${arm}`);

/**
 * The gain at which arms are compared unless the reader names another: 80 % of the best gain of plain fine-tuning on the
 * ground truth (it has the first colour), else of the best gain there is.
 */
export function matchedGain(sweeps: readonly Sweep[]): number | undefined {
  const reference = sweeps.filter((sweep) => sweep.style.colour === 0);
  const gains = (reference.length > 0 ? reference : sweeps).flatMap((sweep) =>
    sweep.points.map((point) => point.gained),
  );
  const best = Math.max(0, ...gains);
  return best > 0 ? 0.8 * best : undefined;
}

/** Change of the old skills where the sweep, starting at the base, first reaches a gain; null when it never does. */
export function keptAt(sweep: Sweep, gain: number): number | null {
  const curve = [{ x: 0, y: 0 }, ...sweep.points.map((point) => ({ x: point.gained, y: point.forgot }))];
  return retentionAtGain(curve, gain);
}

/** Points that no other point beats in both directions. */
export function unbeaten(sweeps: readonly Sweep[]): Set<PlanePoint> {
  const all = sweeps.flatMap((sweep) => sweep.points);
  const best = paretoSet(all.map((point) => ({ x: point.gained, y: point.forgot })));
  return new Set(best.flatMap((index) => all[index] ?? []));
}

/** Points forgotten per point learnt; null without a gain. */
export const perGain = (point: PlanePoint): number | null => forgettingPerGain({ x: point.gained, y: point.forgot });

/** The points as comma-separated values; text that a spreadsheet would take for a formula is quoted. */
export function pointsCsv(comparison: Comparison): string {
  const head = [
    'run',
    'arm',
    'lr',
    'seeds',
    'stage',
    'gained',
    'gained_lo',
    'gained_hi',
    'forgot',
    'forgot_lo',
    'forgot_hi',
  ];
  const rows = comparison.points.map((point) => [
    csvText(point.runId),
    csvText(point.arm),
    point.lr,
    point.seeds,
    point.stage,
    point.gained,
    point.gainedInterval?.[0] ?? '',
    point.gainedInterval?.[1] ?? '',
    point.forgot,
    point.forgotInterval?.[0] ?? '',
    point.forgotInterval?.[1] ?? '',
  ]);
  return [head, ...rows].map((row) => `${row.join(',')}\n`).join('');
}

function csvText(words: string): string {
  const safe = /^[=+\-@\t\r]/.test(words) ? `'${words}` : words;
  return /[",\r\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

const missing = '\u2013';

/**
 * The differing values with one row for each arm, stage or benchmark that some runs do not have at all, instead of a row
 * for every value of it.
 */
export function collapseMissing(differences: Comparison['differences']): Comparison['differences'] {
  const things = differences.flatMap(({ path, values }) => {
    const thing = /^((?:arms|stages|benchmarks)\..+)\.name$/s.exec(path)?.[1];
    return thing !== undefined && values.includes(missing) ? [{ prefix: `${thing}.`, thing, values }] : [];
  });
  return differences.flatMap((difference) => {
    const thing = things.find(({ prefix }) => difference.path.startsWith(prefix));
    if (!thing) return [difference];
    if (difference.path !== `${thing.prefix}name`) return [];
    return [{ path: thing.thing, values: thing.values.map((value) => (value === missing ? missing : '\u2713')) }];
  });
}
