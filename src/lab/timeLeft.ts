// How long a run will still take, from how long its pieces took so far. Pieces of one kind cost alike per unit of size;
// kinds that have not been seen yet are guessed from the overall pace.
import { roughCost } from '../runs/plan.ts';
import type { Work } from '../runs/plan.ts';

/** The kinds whose costs are learnt apart: writing targets costs far more than scoring them. */
function kindOf(work: Work): string {
  return work.kind === 'targets' && work.generates ? 'generate' : work.kind;
}

export interface TimeLeft {
  /** A piece of work has ended after `seconds`. */
  finished(work: Work, seconds: number): void;
  /** Seconds for pieces of work; `share` (0..1) of the first is done already. */
  estimate(left: readonly Work[], share: number): number;
}

/** An estimator that learns from finished work. */
export function createTimeLeft(): TimeLeft {
  const known = new Map<string, { seconds: number; size: number }>();
  let seconds = 0;
  let guessed = 0;
  return {
    finished: (work, took) => {
      const kind = known.get(kindOf(work)) ?? { seconds: 0, size: 0 };
      kind.seconds += took;
      kind.size += Math.max(1, work.size);
      known.set(kindOf(work), kind);
      seconds += took;
      guessed += roughCost(work);
    },
    estimate: (left, share) => {
      const pace = guessed > 0 ? seconds / guessed : 1;
      const costs = left.map((work) => {
        const kind = known.get(kindOf(work));
        return kind ? (kind.seconds / kind.size) * Math.max(1, work.size) : pace * roughCost(work);
      });
      return costs.reduce((sum, cost, index) => sum + (index === 0 ? cost * (1 - share) : cost), 0);
    },
  };
}
