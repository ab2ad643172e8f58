// The learning rate of a step: linear warm-up, then constant, linear or cosine decay. A pure function of the step.
import type { Training } from '../shared/experiment.ts';

/** What the learning rate depends on. `warmup` is a share of the steps. */
export type ScheduleChoice = Pick<Training, 'warmup' | 'schedule'>;

/**
 * Learning rate of the 1-based `step` out of `steps`. The warm-up rises linearly and reaches the peak at its last step;
 * linear and cosine then fall towards 0, which they would reach one step after the last, so that no step is wasted.
 */
export function learningRateAt(step: number, steps: number, peak: number, choice: ScheduleChoice): number {
  const warmupSteps = Math.floor(choice.warmup * steps);
  if (step <= warmupSteps) return (peak * step) / warmupSteps;
  const progress = (step - warmupSteps - 1) / Math.max(1, steps - warmupSteps);
  switch (choice.schedule) {
    case 'constant':
      return peak;
    case 'linear':
      return peak * (1 - progress);
    case 'cosine':
      return peak * 0.5 * (1 + Math.cos(Math.PI * progress));
    default:
      return choice.schedule satisfies never;
  }
}
