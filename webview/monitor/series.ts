// The curves of a run as they grow: records come in pieces, a repeated step replaces the one before, and nothing is ever
// dropped. Pure: draws nothing.
import type { CurveData, ProbePoint } from '../../src/shared/protocol/lab/runs.ts';
import type { DriftRecord, LogRecord, MetricRecord, RunConfig, TrialKey } from '../../src/shared/records.ts';

/** `x` counts optimizer steps over all stages of a trial. */
export interface Point {
  x: number;
  y: number;
}

/** What a line can show of a training step. */
export type StepValue = 'loss' | 'lr' | 'gradNorm' | 'tokensPerSecond';

const keys = {
  loss: 'train/loss',
  lr: 'train/lr',
  gradNorm: 'train/grad_norm',
  tokensPerSecond: 'train/tokens_per_second',
} as const;

export interface Trial extends TrialKey {
  id: string;
  /** By step over all stages. */
  metrics: Map<number, MetricRecord>;
  /** The step that was taken last: after a resume from an earlier state not the one furthest on. */
  newest?: MetricRecord;
  probes: Map<number, ProbePoint>;
  /** The newest measurement of a stage and text. */
  drift: Map<string, DriftRecord>;
}

export const trialId = ({ arm, lr, seed }: TrialKey): string => JSON.stringify([arm, lr, seed]);

export class Curves {
  readonly config: RunConfig;
  readonly log: LogRecord[] = [];
  private readonly byId = new Map<string, Trial>();
  private readonly offsets: number[];
  /** Steps of all stages. */
  readonly steps: number;

  constructor(config: RunConfig) {
    this.config = config;
    let sum = 0;
    this.offsets = config.experiment.stages.map(({ steps }) => (sum += steps) - steps);
    this.steps = sum;
    for (const arm of config.arms) {
      for (const lr of arm.learningRates) {
        for (const seed of config.experiment.seeds) this.trial({ arm: arm.name, lr, seed });
      }
    }
  }

  /** Trials in the order of the experiment. */
  get trials(): Trial[] {
    return [...this.byId.values()];
  }

  /** Steps after which a stage ends, without the last. */
  get boundaries(): number[] {
    return this.offsets.slice(1);
  }

  /** The step over all stages. */
  position(stage: number, step: number): number {
    return (this.offsets[stage - 1] ?? 0) + step;
  }

  /** Takes in a piece of the records. */
  take(data: Pick<CurveData, 'metrics' | 'probes' | 'drift' | 'log'>): void {
    for (const record of data.metrics) {
      const trial = this.trial(record);
      trial.metrics.set(this.position(record.stage, record.step), record);
      if (!trial.newest || record.at >= trial.newest.at) trial.newest = record;
    }
    for (const record of data.probes) {
      this.trial(record).probes.set(this.position(record.stage, record.step), record);
    }
    for (const record of data.drift) this.trial(record).drift.set(`${record.stage} ${record.text}`, record);
    this.log.push(...data.log);
  }

  private trial(key: TrialKey): Trial {
    const id = trialId(key);
    const known = this.byId.get(id);
    if (known) return known;
    const { arm, lr, seed } = key;
    const trial: Trial = { id, arm, lr, seed, metrics: new Map(), probes: new Map(), drift: new Map() };
    this.byId.set(id, trial);
    return trial;
  }

  /** The newest training step of all trials. */
  newest(): MetricRecord | undefined {
    let newest: MetricRecord | undefined;
    for (const { newest: last } of this.byId.values()) {
      if (last && (!newest || last.at >= newest.at)) newest = last;
    }
    return newest;
  }

  /** Texts that cross-entropy was measured on. */
  texts(): string[] {
    const found = new Set<string>();
    for (const { probes, drift } of this.byId.values()) {
      for (const probe of probes.values()) for (const text of Object.keys(probe.crossEntropy)) found.add(text);
      for (const record of drift.values()) found.add(record.text);
    }
    return [...found];
  }

  /** Benchmarks that probes watch, in the order of the experiment. */
  probed(): string[] {
    const found = new Set<string>();
    for (const { probes } of this.byId.values()) {
      for (const probe of probes.values()) for (const name of Object.keys(probe.retention)) found.add(name);
    }
    const order = this.config.experiment.benchmarks.map(({ name }) => name);
    return [...found].sort((a, b) => order.indexOf(a) - order.indexOf(b));
  }

  /** Benchmarks of harmful prompts whose refusal margin probes follow. */
  refusals(): string[] {
    const found = new Set<string>();
    for (const { probes } of this.byId.values()) {
      for (const { refusalMargin = {} } of probes.values())
        for (const name of Object.keys(refusalMargin)) found.add(name);
    }
    return [...found];
  }

  /** Changes when something is measured that was not measured before. */
  get measured(): string {
    return JSON.stringify([this.texts(), this.probed(), this.refusals()]);
  }

  /** Benchmarks that no stage teaches. */
  oldSkills(): string[] {
    const taught = new Set(this.config.experiment.stages.map(({ benchmark }) => benchmark));
    return this.probed().filter((name) => !taught.has(name));
  }
}

const sorted = (points: Point[]): Point[] => points.filter(({ y }) => Number.isFinite(y)).sort((a, b) => a.x - b.x);

/** A line over the training steps of a trial. */
export function stepLine(trial: Trial, value: StepValue): Point[] {
  return sorted([...trial.metrics].map(([x, record]) => ({ x, y: record[keys[value]] })));
}

/** Cross-entropy to the base on one text, from the probes; stage ends come from the full measurement. */
export function crossEntropyLine(trial: Trial, text: string): Point[] {
  return sorted(
    [...trial.probes].flatMap(([x, probe]) => {
      const y = probe.crossEntropy[text];
      return y === undefined ? [] : [{ x, y }];
    }),
  );
}

/** Cross-entropy after each stage, from the full measurement. */
export function driftPoints(curves: Curves, trial: Trial, text: string): Point[] {
  return sorted(
    [...trial.drift.values()]
      .filter((record) => record.text === text)
      .map((record) => ({
        x: curves.position(record.stage, curves.config.experiment.stages[record.stage - 1]?.steps ?? 0),
        y: record.crossEntropy,
      })),
  );
}

/** Rise of the negative log-likelihood, the mean of the named benchmarks; probes that lack one of them are left out. */
export function retentionLine(trial: Trial, benchmarks: readonly string[]): Point[] {
  if (benchmarks.length === 0) return [];
  return sorted(
    [...trial.probes].flatMap(([x, { retention }]) => {
      const values = benchmarks.flatMap((name) => retention[name] ?? []);
      if (values.length < benchmarks.length) return [];
      return [{ x, y: values.reduce((sum, value) => sum + value, 0) / values.length }];
    }),
  );
}

/** First-token refusal margin, the mean over the benchmarks of harmful prompts, nats. */
export function refusalMarginLine(trial: Trial): Point[] {
  return sorted(
    [...trial.probes].flatMap(([x, { refusalMargin = {} }]) => {
      const values = Object.values(refusalMargin);
      if (values.length === 0) return [];
      return [{ x, y: values.reduce((sum, value) => sum + value, 0) / values.length }];
    }),
  );
}

/** Exponential moving average with its start-up corrected; `weight` 0 leaves the line as it is. */
export function smooth(points: readonly Point[], weight: number): Point[] {
  if (weight === 0) return [...points];
  let mean = 0;
  let known = 0;
  return points.map(({ x, y }) => {
    mean = weight * mean + (1 - weight) * y;
    known = weight * known + (1 - weight);
    return { x, y: mean / known };
  });
}
