// Loss masks of compared targets: those that a file of targets says, and the one of the chosen rule.
import { maskTargets } from '../../recipes/mask.ts';
import type { ScoredRow } from '../../recipes/scoreRows.ts';
import type { Example } from '../../shared/dataset.ts';
import type { ChoiceRule } from '../../shared/protocol/lab/targetDiff.ts';

/** The spans of the answer that the row's own mask leaves out. */
export function maskOf(example: Example): [start: number, end: number][] {
  const mask = example.fields['mask'];
  if (!Array.isArray(mask)) return [];
  return mask.filter(
    (span): span is [number, number] =>
      Array.isArray(span) && span.length === 2 && span.every((one) => typeof one === 'number'),
  );
}

/** Tokens that the loss leaves out: by the rule where it masks, else those that lie in the row's own mask. */
export function maskedTokens(
  row: ScoredRow,
  mask: readonly (readonly [start: number, end: number])[],
  rule: ChoiceRule | undefined,
): boolean[] {
  if (rule?.kind === 'ground-truth-masked') {
    return maskTargets([row], { kind: 'stm', tau: rule.tau, protectEos: true }, 0).masked[0] ?? [];
  }
  return row.ids.map((_, index) => {
    const [start, end] = [row.starts[index] as number, row.ends[index] as number];
    return end > start && mask.some(([from, to]) => start < to && end > from);
  });
}
