// The forgetting budget: when a drop against the base is a breach (methods 5.12). One rule for the exit code and the report.

/** Fell by more than the budget (0..1), and the 95 % interval of the paired change lies below zero; no interval, no breach. */
export function breachesBudget(change: { value: number; hi?: number }, budget: number): boolean {
  return change.value < -budget && change.hi !== undefined && change.hi < 0;
}
