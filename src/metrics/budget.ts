// The forgetting budget: when a drop against the base is a breach (methods 5.12). One rule for the exit code and the report.

/** Scores are means of fractions: 0.95 - 1 is a little below -0.05, and a drop of just the budget is none of more. */
const roundingError = 1e-9;

/** Whether a change of a score (0..1) is a fall by more than the budget. */
export function exceedsBudget(change: number, budget: number): boolean {
  return change < -budget - roundingError;
}

/** Fell by more than the budget, and the 95 % interval of the paired change lies below zero; no interval, no breach. */
export function breachesBudget(change: { value: number; hi?: number }, budget: number): boolean {
  return exceedsBudget(change.value, budget) && change.hi !== undefined && change.hi < 0;
}
