// The target table (methods 5.3): what each arm trained on and how hard it was to predict for the base model, before
// training. Arms with the same targets share a row; seeds are averaged.
import { mean } from '../metrics/statistics.ts';
import { tokenKinds } from '../metrics/targetText.ts';
import type {
  ClosenessToGreedy,
  RunData,
  TargetRecord,
  TargetStatistics,
  TokenKind,
  TokenKindShares,
} from '../shared/records.ts';
import { targetSource } from '../shared/arms.ts';
import { formatShare } from '../shared/words.ts';

/** Numbers are means over seeds and arms with equal targets. */
export interface TargetTableRow
  extends
    Omit<TargetStatistics, 'tokens'>,
    Pick<TargetRecord, 'stage' | 'stageName' | 'dropped' | 'verified' | 'maskedShare' | 'maskedEosShare'>,
    Pick<TargetRecord, 'tokenKinds' | 'duplicateShare' | 'greedy'> {
  source: string;
  /** Arms that train on these targets. */
  arms: string[];
  seeds: number;
}

/** The last record of every arm, stage and seed: a resumed run may have written one twice. */
export function latestTargets(run: Pick<RunData, 'targets'>): TargetRecord[] {
  const latest = new Map<string, TargetRecord>();
  for (const record of run.targets) latest.set(JSON.stringify([record.arm, record.stage, record.seed]), record);
  return [...latest.values()];
}

/** Rows by stage, then in the order of the arms. */
export function targetTable(run: Pick<RunData, 'targets' | 'config'>): TargetTableRow[] {
  const groups = new Map<string, TargetRecord[]>();
  const records = latestTargets(run);
  const stages = [...new Set(records.map((record) => record.stage))].sort((a, b) => a - b);
  for (const stage of stages) {
    for (const arm of run.config.arms) {
      for (const record of records) {
        if (record.stage !== stage || record.arm !== arm.name) continue;
        const { targets, mask, mix } = arm;
        const key = JSON.stringify([stage, targets, mask, mix]);
        groups.set(key, [...(groups.get(key) ?? []), record]);
      }
    }
  }
  return [...groups.values()].flatMap((group) => rowOf(run, group) ?? []);
}

function rowOf(run: Pick<RunData, 'config'>, group: TargetRecord[]): TargetTableRow | undefined {
  const first = group[0];
  const arm = run.config.arms.find((candidate) => candidate.name === first?.arm);
  if (!first || !arm) return undefined;
  const average = (pick: (record: TargetRecord) => number): number => mean(group.map(pick));
  const statistic = (name: 'pplMean' | 'pplStd' | 'pplVariance' | 'corpusPpl' | 'lengthMean' | 'lengthStd' | 'items') =>
    average((record) => record.statistics[name]);
  const hard = (key: '2.5' | '10' | '25' | '1000') => average((record) => record.statistics.hardShare[key]);
  const kinds = group.flatMap((record) => record.tokenKinds ?? []);
  const duplicates = group.flatMap((record) => record.duplicateShare ?? []);
  const greedy = group.flatMap((record) => record.greedy ?? []);
  const verified = group.flatMap((record) => record.verified ?? []);
  return {
    stage: first.stage,
    stageName: first.stageName,
    source: targetSource(arm),
    arms: [...new Set(group.map((record) => record.arm))],
    seeds: new Set(group.map((record) => record.seed)).size,
    pplMean: statistic('pplMean'),
    pplStd: statistic('pplStd'),
    pplVariance: statistic('pplVariance'),
    corpusPpl: statistic('corpusPpl'),
    lengthMean: statistic('lengthMean'),
    lengthStd: statistic('lengthStd'),
    items: statistic('items'),
    ...(verified.length > 0 ? { verified: mean(verified) } : {}),
    maskedShare: average((record) => record.maskedShare),
    maskedEosShare: average((record) => record.maskedEosShare),
    hardShare: { '2.5': hard('2.5'), '10': hard('10'), '25': hard('25'), '1000': hard('1000') },
    ...(kinds.length > 0 ? { tokenKinds: meanKinds(kinds) } : {}),
    ...(duplicates.length > 0 ? { duplicateShare: mean(duplicates) } : {}),
    ...(greedy.length > 0 ? { greedy: meanCloseness(greedy) } : {}),
    dropped: first.dropped,
  };
}

/** What targets are made of, in words: one cell a kind of token that occurs, then duplicates, edit ratio and token F1. */
export interface TargetMakeUp {
  kinds: TokenKind[];
  rows: { row: TargetTableRow; cells: string[] }[];
}

/** Rows of runs of earlier versions, which do not tell it, are left out. */
export function targetMakeUp(rows: readonly TargetTableRow[]): TargetMakeUp {
  const told = rows.filter((row) => row.tokenKinds);
  const kinds = tokenKinds.filter((kind) => told.some((row) => row.tokenKinds?.[kind]));
  const cellsOf = ({ tokenKinds: shares, duplicateShare, greedy }: TargetTableRow): string[] => [
    ...kinds.map((kind) => {
      const one = shares?.[kind];
      return one ? `${formatShare(one.hard)} of ${formatShare(one.share)}` : '\u2013';
    }),
    duplicateShare === undefined ? '\u2013' : formatShare(duplicateShare),
    greedy ? greedy.editRatio.toFixed(2) : '\u2013',
    greedy ? greedy.tokenF1.toFixed(2) : '\u2013',
  ];
  return { kinds, rows: told.map((row) => ({ row, cells: cellsOf(row) })) };
}

/** Means over the seeds; a kind that a seed lacks has a share of zero there and counts for nothing else. */
function meanKinds(all: readonly TokenKindShares[]): TokenKindShares {
  return Object.fromEntries(
    tokenKinds.flatMap((kind): [TokenKind, { share: number; hard: number }][] => {
      const own = all.flatMap((shares) => shares[kind] ?? []);
      if (own.length === 0) return [];
      const share = own.reduce((sum, one) => sum + one.share, 0) / all.length;
      return [[kind, { share, hard: mean(own.map(({ hard }) => hard)) }]];
    }),
  );
}

function meanCloseness(all: readonly ClosenessToGreedy[]): ClosenessToGreedy {
  const average = (key: keyof ClosenessToGreedy): number => mean(all.map((one) => one[key]));
  return { rows: average('rows'), editRatio: average('editRatio'), tokenF1: average('tokenF1') };
}
