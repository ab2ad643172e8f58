// How training went: loss and probe curves as small multiples on one scale, and the label-free distance from the base.
import { mean } from '../metrics/statistics.ts';
import type { RunConfig, RunData, TrialKey } from '../shared/records.ts';
import { armStyles, styleOf } from '../shared/arms.ts';
import { latestDrift } from './drift.ts';
import { html } from './markup.ts';
import type { Markup } from './markup.ts';
import { formatLearningRate, formatShare } from '../shared/words.ts';

const width = 240;
const height = 130;
const inner = { left: 34, right: 8, top: 10, bottom: 22 };

/** Points drawn per line at most; longer curves show the mean of neighbours. */
const pointLimit = 160;

interface Line {
  lr: number;
  seed: number;
  /** Global step over all stages, and loss. */
  points: [number, number][];
}

/** One line per learning rate and seed of an arm. Steps repeated by a resumed run count once: the last record wins. */
function linesOf<T extends TrialKey & { stage: number; step: number }>(
  config: RunConfig,
  arm: string,
  records: readonly T[],
  valueOf: (record: T) => number,
): Line[] {
  const lines = new Map<string, { lr: number; seed: number; steps: Map<number, number> }>();
  const offsets: number[] = [];
  config.experiment.stages.reduce((sum, stage, k) => {
    offsets[k] = sum;
    return sum + stage.steps;
  }, 0);
  for (const record of records) {
    if (record.arm !== arm) continue;
    const key = JSON.stringify([record.lr, record.seed]);
    const line = lines.get(key) ?? { lr: record.lr, seed: record.seed, steps: new Map<number, number>() };
    lines.set(key, line);
    line.steps.set((offsets[record.stage - 1] ?? 0) + record.step, valueOf(record));
  }
  return [...lines.values()].map(({ lr, seed, steps }) => ({
    lr,
    seed,
    points: thin([...steps].sort((a, b) => a[0] - b[0]).filter(([, value]) => Number.isFinite(value))),
  }));
}

function thin(points: [number, number][]): [number, number][] {
  const size = Math.ceil(points.length / pointLimit);
  if (size <= 1) return points;
  const thinned: [number, number][] = [];
  for (let at = 0; at < points.length; at += size) {
    const part = points.slice(at, at + size);
    const mean = (k: 0 | 1): number => part.reduce((sum, point) => sum + point[k], 0) / part.length;
    thinned.push([mean(0), mean(1)]);
  }
  return thinned;
}

/** Training loss by step. */
export function renderCurves(run: Pick<RunData, 'metrics' | 'config'>): Markup {
  const pictures = multiples(run.config, 'Training loss', (arm) =>
    linesOf(run.config, arm, run.metrics, (record) => record['train/loss']),
  );
  return pictures === false ? html`<p class="empty">No training step has been taken yet.</p>` : pictures;
}

/** The probes during training: how much less probable right answers to old skills have become. */
export function renderProbes(run: Pick<RunData, 'probes' | 'config'>): Markup | false {
  const { benchmarks, stages, probes } = run.config.experiment;
  const taught = new Set(stages.map((stage) => stage.benchmark));
  const old = benchmarks.filter(({ name, group }) => group !== 'target' && !taught.has(name)).map(({ name }) => name);
  const pictures = multiples(run.config, 'Rise of the negative log-likelihood of old skills', (arm) =>
    linesOf(run.config, arm, run.probes, ({ retention }) => mean(old.flatMap((name) => retention[name] ?? []))),
  );
  return (
    pictures !== false &&
    html`<h3>Forgetting while it happens</h3>
      ${pictures}
      <p class="quiet">
        Rise of the negative log-likelihood of reference answers against the base, in nats per token, mean over the old
        skills (${probes?.items ?? 0} items of each): 0 is the base, positive is forgetting. Where a benchmark has no
        reference text, the base's own answers are followed.
      </p>`
  );
}

/** The first-token refusal margin during training (methods 5.8.4): safety before an answer flips. */
export function renderRefusalMargins(run: Pick<RunData, 'probes' | 'config'>): Markup | false {
  const pictures = multiples(run.config, 'First-token refusal margin', (arm) =>
    linesOf(run.config, arm, run.probes, ({ refusalMargin }) =>
      refusalMargin ? mean(Object.values(refusalMargin)) : NaN,
    ),
  );
  return (
    pictures !== false &&
    html`<h3>Leaning to refuse</h3>
      ${pictures}
      <p class="quiet">
        First-token refusal margin on harmful prompts: the logarithm of the probability that the response begins with
        words of refusal, minus that of words of compliance, in nats. Above 0 the model leans to refuse; a fall comes
        before an answer flips.
      </p>`
  );
}

/** One picture per arm, all on one scale; false when there is nothing to draw. */
function multiples(config: RunConfig, title: string, linesOfArm: (arm: string) => Line[]): Markup | false {
  const arms = config.arms.map((arm) => ({ name: arm.name, lines: linesOfArm(arm.name) }));
  const values = arms.flatMap((arm) => arm.lines.flatMap((line) => line.points.map(([, value]) => value)));
  if (values.length === 0) return false;
  // A few wild first steps must not flatten everything else.
  const sorted = [...values].sort((a, b) => a - b);
  const top = Math.max(0.1, sorted[Math.floor((sorted.length - 1) * 0.995)] ?? 1);
  const scale = { title, top, bottom: Math.min(0, sorted[0] ?? 0), steps: totalSteps(config) };
  return html`<div class="multiples">${arms.map(({ name, lines }) => curve(config, name, lines, scale))}</div>`;
}

function totalSteps(config: RunConfig): number {
  return Math.max(
    1,
    config.experiment.stages.reduce((sum, stage) => sum + stage.steps, 0),
  );
}

interface Scale {
  /** What is drawn, in words. */
  title: string;
  top: number;
  /** 0, or the lowest value below it. */
  bottom: number;
  steps: number;
}

function curve(config: RunConfig, arm: string, lines: readonly Line[], scale: Scale): Markup {
  const { title, top, bottom, steps } = scale;
  const { colour, glyph } = styleOf(armStyles(config.arms), arm);
  const x = (step: number): number => inner.left + (step / steps) * (width - inner.left - inner.right);
  const y = (value: number): number =>
    height - inner.bottom - ((Math.min(value, top) - bottom) / (top - bottom)) * (height - inner.top - inner.bottom);
  const rates = [...new Set(lines.map((line) => line.lr))].sort((a, b) => a - b);
  let boundary = 0;
  const boundaries = config.experiment.stages.slice(0, -1).map((stage) => {
    boundary += stage.steps;
    return html`<line
      class="boundary"
      x1="${x(boundary).toFixed(1)}"
      x2="${x(boundary).toFixed(1)}"
      y1="${inner.top}"
      y2="${height - inner.bottom}"
    />`;
  });
  const last = lines[0]?.points.at(-1);
  return html`<figure>
    <figcaption><span class="glyph arm-${colour}" aria-hidden="true">${glyph}</span> ${arm}</figcaption>
    <svg
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label="${title} of ${arm}${last ? `, last ${last[1].toFixed(3)}` : ', not trained yet'}"
    >
      ${[0, top / 2, top].map(
        (tick) =>
          html`<line
              class="${tick === 0 ? 'axis' : 'grid'}"
              x1="${inner.left}"
              x2="${width - inner.right}"
              y1="${y(tick).toFixed(1)}"
              y2="${y(tick).toFixed(1)}"
            /><text class="tick" x="${inner.left - 5}" y="${(y(tick) + 3.5).toFixed(1)}" text-anchor="end"
              >${tick.toFixed(tick === 0 || top >= 10 ? 0 : top < 1 ? 2 : 1)}</text
            >`,
      )}
      <text class="tick" x="${width - inner.right}" y="${height - 6}" text-anchor="end">step ${steps}</text>
      ${boundaries}
      ${lines.map(({ lr, seed, points }) => {
        const path = points.map(([step, loss]) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(' ');
        return html`<polyline
          class="curve arm-${colour} rate-${Math.min(3, rates.length - 1 - rates.indexOf(lr))}"
          data-lr="${lr}"
          points="${path}"
          ><title>learning rate ${formatLearningRate(lr)}, seed ${seed}</title></polyline
        >`;
      })}
    </svg>
  </figure>`;
}

/** Cross-entropy to the base on new-task and neutral text (methods 5.4). */
export function renderDrift(run: Pick<RunData, 'drift' | 'config'>): Markup | false {
  if (run.drift.length === 0) return false;
  const styles = armStyles(run.config.arms);
  const latest = latestDrift(run);
  const largest = Math.max(1e-9, ...latest.map((record) => record.kl));
  return html`<h3>Distance from the base, without labels</h3>
    <div class="scroll">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Arm</th>
            <th scope="col">Learning rate</th>
            <th scope="col">Seed</th>
            <th scope="col">Stage</th>
            <th scope="col">Text</th>
            <th scope="col">KL from base, nats per token</th>
            <th scope="col">Cross-entropy to base</th>
            <th scope="col">Hard form</th>
            <th scope="col">Same first choice</th>
          </tr>
        </thead>
        <tbody>
          ${latest.map((record) => {
            const { colour, glyph } = styleOf(styles, record.arm);
            return html`<tr>
              <th scope="row"><span class="glyph arm-${colour}" aria-hidden="true">${glyph}</span> ${record.arm}</th>
              <td>${formatLearningRate(record.lr)}</td>
              <td>${record.seed}</td>
              <td>${record.stage}</td>
              <td>${record.text === 'neutral' ? 'neutral' : 'new task'}</td>
              <td>
                <svg class="share" viewBox="0 0 120 12" aria-hidden="true">
                  <rect
                    class="fill arm-${colour}"
                    x="0"
                    y="1"
                    width="${((Math.max(0, record.kl) / largest) * 120).toFixed(1)}"
                    height="10"
                  />
                </svg>
                ${record.kl.toFixed(3)}
              </td>
              <td>${record.crossEntropy.toFixed(3)}</td>
              <td>${record.hardCrossEntropy.toFixed(3)}</td>
              <td>${formatShare(record.agreement)}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
    <p class="quiet">
      The base model's own prediction takes the place of the label (arXiv 2401.05605): KL is 0 at the base. The text of
      the new task needs no old data, which makes it a gauge that is always at hand.
    </p>`;
}
