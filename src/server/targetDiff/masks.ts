// Loss masks of compared targets: those that a file of targets says, and the one of the chosen rule.
import { maskTargets, spansOfColumn, tokensInSpans } from '../../recipes/mask.ts';
import type { ScoredRow } from '../../recipes/scoreRows.ts';
import { answerOf } from '../../recipes/targets/recipe.ts';
import type { Example } from '../../shared/dataset.ts';
import type { ChoiceRule } from '../../shared/protocol/lab/targetDiff.ts';

/** The spans of the answer that the row's own mask leaves out. */
export function maskOf(example: Example): [start: number, end: number][] {
  return spansOfColumn(example.fields['mask']);
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
  return tokensInSpans(mask, row, answerOf(row.example));
}
