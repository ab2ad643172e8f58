// The records of a run as the monitor keeps them, where steps are repeated.
import { expect, it } from 'vitest';
import { syntheticRun } from '../../src/report/testing/syntheticRun.ts';
import type { MetricRecord } from '../../src/shared/records.ts';
import { Curves, stepLine } from '../../webview/monitor/series.ts';

it('names the step that was taken last, also after a resume from an earlier one', () => {
  const { run } = syntheticRun();
  const [first] = run.metrics as [MetricRecord];
  const curves = new Curves(run.config);
  let second = 0;
  const take = (from: number, to: number): void => {
    const metrics = Array.from({ length: to - from + 1 }, (_, k) => {
      const at = new Date(Date.UTC(2026, 0, 2, 3, 4, second++)).toISOString();
      return { ...first, stage: 1, step: from + k, at };
    });
    curves.take({ metrics, probes: [], drift: [], log: [] });
  };
  take(1, 8);
  expect(curves.newest()?.step).toBe(8);
  take(5, 6);
  expect(curves.newest()?.step).toBe(6);
  const trial = curves.trials.find(({ newest }) => newest !== undefined)!;
  expect(trial.newest?.step).toBe(6);
  expect(stepLine(trial, 'loss').map(({ x }) => x)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});
