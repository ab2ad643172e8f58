// Probes for a made-up run: forgetting grows with the loss's fall, faster for the first arm.
import type { ProbeRecord, RunData } from '../../src/shared/records.ts';

/** The run with a probe every five steps of every trained trial. */
export function addProbes(run: RunData): RunData {
  const arms = [...new Set(run.metrics.map((record) => record.arm))];
  const probes = run.metrics
    .filter((record) => record.step % 5 === 0)
    .map((record): ProbeRecord => {
      const { arm, lr, seed, stage, step } = record;
      const grown = (1 - Math.exp(-step / 12)) / (1 + 2 * arms.indexOf(arm));
      return {
        kind: 'probe',
        arm,
        lr,
        seed,
        stage,
        step,
        retention: { addition: 0.8 * grown, sorting: 0.4 * grown, subtraction: -0.5 * grown },
        crossEntropy: { 'new-task': 0.5 + 1.2 * grown, neutral: 0.4 + 0.5 * grown },
        kl: { 'new-task': 1.2 * grown, neutral: 0.5 * grown },
        refusalMargin: { refusal: 6 - 8 * grown },
        seconds: 0.1,
      };
    });
  return { ...run, probes };
}
