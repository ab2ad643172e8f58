// Runs, experiments and sessions for tests of the sidebar and the status bar.
import type { ExperimentSummary, RunSummary, TrialSummary } from '../../shared/protocol/lab/runs.ts';
import type { SessionSummary } from '../../shared/protocol/lab/sessions.ts';

export function trialOf(values: Partial<TrialSummary> = {}): TrialSummary {
  const { arm = 'ground truth' } = values;
  return {
    arm,
    lr: 3e-4,
    seed: 0,
    style: { colour: 0, glyph: '\u25cf' },
    state: 'done',
    stages: [
      { stage: 0, name: 'base', state: 'done', share: 1, checkpoints: [] },
      {
        stage: 1,
        name: 'subtraction',
        state: 'done',
        share: 1,
        checkpoints: [{ step: 120, what: 'final', folder: `/w/runs/x/${arm}`, exists: true }],
      },
    ],
    ...values,
  };
}

export function runWith(id: string, values: Partial<RunSummary> = {}): RunSummary {
  return {
    folder: `/w/runs/${id}`,
    id,
    experiment: 'pocket',
    state: 'done',
    createdAt: '2026-11-21T10:00:00',
    updatedAt: '2026-11-21T10:05:00',
    model: 'pocket',
    trials: [trialOf({ gained: 0.41, forgot: -0.38 })],
    line: 'gained 41, forgot 38',
    share: 1,
    damagedLines: 0,
    breaches: 0,
    ...values,
  };
}

export function experimentWith(
  name: string,
  runs: RunSummary[],
  values: Partial<ExperimentSummary> = {},
): ExperimentSummary {
  return { name, file: `/w/${name}.experiment.yaml`, arms: 1, stages: 1, runs, ...values };
}

export function sessionWith(id: string, values: Partial<SessionSummary> = {}): SessionSummary {
  return {
    id,
    work: { kind: 'run', experiment: '/w/pocket.experiment.yaml' },
    title: 'pocket',
    state: 'running',
    queuedAt: '2026-11-21T10:00:00',
    ...values,
  };
}
