// Several runs side by side: their points of the learning-forgetting plane, what differs in their configurations, and why
// some of them must not be compared.
import { armStyles, styleOf } from '../../shared/arms.ts';
import type { ResolvedArm } from '../../shared/experiment.ts';
import type { MatrixView } from '../../shared/matrixView.ts';
import type { Comparison, PlanePoint, RunSummary } from '../../shared/protocol/lab/runs.ts';
import type { RunConfig } from '../../shared/records.ts';
import { listed, phrase } from '../../shared/phrase.ts';
import type { Phrase } from '../../shared/phrase.ts';
import { planePoints } from '../../report/derive.ts';

/** What is compared of a run. */
export interface ComparedRun {
  summary: RunSummary;
  config: RunConfig;
  /** Means over the seeds. */
  view: MatrixView;
}

export function compare(runs: readonly ComparedRun[]): Comparison {
  return {
    runs: runs.map((run) => run.summary),
    points: runs.flatMap(pointsOf),
    differences: configDifferences(runs.map((run) => run.config)),
    warnings: comparisonWarnings(runs),
  };
}

/** The points of a run after every stage, every learning rate of a sweep. */
function pointsOf({ summary, config, view }: ComparedRun): PlanePoint[] {
  const styles = armStyles(config.arms);
  return config.experiment.stages.flatMap((_, index) =>
    planePoints(view, index + 1).map(({ block, stage, x, y }) => {
      const row = block.rows[stage - 1];
      return {
        run: summary.folder,
        runId: summary.id,
        arm: block.arm,
        style: styleOf(styles, block.arm),
        lr: block.lr,
        seed: block.seeds[0] ?? 0,
        stage,
        gained: x,
        forgot: y,
        ...intervalOf('gainedInterval', row?.gained),
        ...intervalOf('forgotInterval', row?.forgot),
        seeds: block.seeds.length,
      };
    }),
  );
}

function intervalOf<Name extends string>(
  name: Name,
  total: { lo?: number; hi?: number } | undefined,
): { [Key in Name]?: [number, number] } {
  if (total?.lo === undefined || total.hi === undefined) return {};
  return { [name]: [total.lo, total.hi] } as { [Key in Name]?: [number, number] };
}

/** What tells runs apart by their making, not by what they are. */
const leftOut = new Set([
  'id',
  'createdAt',
  'formatVersion',
  'dataHashes',
  // The hash of the weights tells models apart, wherever they lie.
  'model.folder',
  'experiment.model',
  'experiment.$schema',
  // The arms with their presets applied are compared instead.
  'experiment.arms',
]);

/** Values that differ between configurations, by path; lists of named things are addressed by their names. */
export function configDifferences(configs: readonly RunConfig[]): Comparison['differences'] {
  const flat = configs.map((config) => flatten(comparable(config)));
  const paths = [...new Set(flat.flatMap((values) => [...values.keys()]))];
  return paths.flatMap((path) => {
    const values = flat.map((one) => one.get(path) ?? '\u2013');
    return new Set(values).size > 1 ? [{ path: path.replace(/^experiment\./, ''), values }] : [];
  });
}

/** The configuration with data files named by their content: the same file in another place is no difference. */
function comparable(config: RunConfig): unknown {
  const named = (value: unknown): unknown => {
    if (typeof value === 'string') {
      const hash = config.dataHashes[value];
      return hash === undefined ? value : `${value.split(/[\\/]/).at(-1)} (${hash.slice(0, 8)})`;
    }
    if (Array.isArray(value)) return value.map(named);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, named(one)]));
  };
  return named({ ...config, arms: config.arms.map((arm) => withoutInherited(arm, config)) });
}

/** An arm without the learning rates that it has from the experiment: they differ in one place, not in every arm. */
function withoutInherited({ learningRates, ...arm }: ResolvedArm, { experiment }: RunConfig): object {
  const isOwn = JSON.stringify(learningRates) !== JSON.stringify(experiment.learningRates);
  return isOwn ? { ...arm, learningRates } : arm;
}

function flatten(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (leftOut.has(path)) return into;
  const inside = (key: string, one: unknown): void => {
    flatten(one, path === '' ? key : `${path}.${key}`, into);
  };
  if (Array.isArray(value) && value.some((one) => typeof one === 'object' && one !== null)) {
    for (const [index, one] of value.entries()) inside((one as { name?: string }).name ?? String(index), one);
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, one] of Object.entries(value)) inside(key, one);
  } else if (value !== undefined) into.set(path, typeof value === 'string' ? value : JSON.stringify(value));
  return into;
}

/** Why numbers of these runs must not be put side by side. */
export function comparisonWarnings(runs: readonly ComparedRun[]): Phrase[] {
  const differs = (pick: (config: RunConfig) => string): boolean =>
    new Set(runs.map((run) => pick(run.config))).size > 1;
  const warnings: Phrase[] = [];
  if (differs((config) => config.model.weightsHash)) {
    warnings.push(phrase('The runs start from different base models: what one forgot says nothing about the other.'));
  }
  if (differs((config) => `${config.model.tokenizerHash} ${config.model.templateHash}`)) {
    warnings.push(
      phrase('Tokenizer or chat template differ: scores and perplexities are measured in different units.'),
    );
  }
  return [...warnings, ...protocolWarnings(runs), ...skillWarnings(runs)];
}

function protocolWarnings(runs: readonly ComparedRun[]): Phrase[] {
  const protocols = new Map<string, Set<string>>();
  for (const { view } of runs) {
    for (const [k, column] of view.columns.entries()) {
      const cell = view.base.cells[k];
      if (cell?.kind !== 'measured') continue;
      const known = protocols.get(column.benchmark) ?? new Set();
      protocols.set(column.benchmark, known.add(cell.protocol));
    }
  }
  const several = [...protocols].flatMap(([benchmark, known]) => (known.size > 1 ? [benchmark] : []));
  if (several.length === 0) return [];
  return [
    phrase(
      'Measured under different protocols (items, template, decoding, scorer or tokenizer), so not to be compared cell by cell: {0}.',
      listed(several),
    ),
  ];
}

function skillWarnings(runs: readonly ComparedRun[]): Phrase[] {
  const skills = (role: (role: string) => boolean): Set<string> =>
    new Set(
      runs.map(({ view }) =>
        JSON.stringify(view.columns.flatMap((column) => (role(column.role) ? [column.benchmark] : [])).sort()),
      ),
    );
  const warnings: Phrase[] = [];
  if (skills((role) => role === 'target').size > 1) {
    warnings.push(phrase('"Gained" is a mean over different benchmarks in these runs.'));
  }
  if (skills((role) => role !== 'target').size > 1) {
    warnings.push(phrase('"Forgot" is a mean over different old skills in these runs.'));
  }
  return warnings;
}
